// A stand-in for Amazon ECS on Fargate and its CloudWatch Logs, whose tasks do what a test says. As
// AWS does, it gives the same task for the same clientToken, and refuses one with another request.
#pragma once

#include "support/fake_aws.hpp"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace batchd::testing {

class FakeEcs {
  public:
    struct Task {
        std::string arn{};
        std::string group{};
        std::string started_by{};
        std::string family{};
        std::string status = "PROVISIONING";
        std::string stop_code{};
        std::string stopped_reason{};
        bool has_started = false;
        bool is_stop_asked = false;
        bool is_unknown = false;                                 ///< ECS has forgotten it
        nlohmann::json request{};                                ///< of RunTask
        std::map<std::string, std::optional<int>> exit_codes{};  ///< by container
    };

    FakeEcs();

    std::string url() const { return fake_.url(); }
    std::vector<FakeAws::Request> requests() const { return fake_.requests(); }
    int count(const std::string& operation) const;

    /// The next call of the operation is answered so, and not carried out.
    void refuse_next(const std::string& operation, FakeAws::Answer answer);
    /// The next call of the operation is carried out, and its answer is lost. As often as the
    /// client repeats it by itself.
    void lose_next(const std::string& operation, int times);

    /// Waits up to a minute for the task of that group; fails the test if there is none.
    Task wait_task(const std::string& group);
    /// Waits up to a minute until the operation was called so often.
    bool wait_calls(const std::string& operation, int times);
    bool wait_stop_asked(const std::string& group);

    void run(const std::string& group);
    void stop(const std::string& group, const std::string& stop_code, const std::string& reason,
              std::map<std::string, std::optional<int>> exit_codes);
    /// The plain end of a task of one container.
    void exit(const std::string& group, int code);
    void forget(const std::string& group);
    /// A task that some daemon started once.
    void add_task(const std::string& group, const std::string& started_by);
    void write_log(const std::string& stream, std::int64_t time_ms, const std::string& message);

    std::vector<Task> tasks() const;
    std::vector<nlohmann::json> definitions() const;  ///< that were registered, in their order

  private:
    using Json = nlohmann::json;
    FakeAws::Answer answer(const FakeAws::Request& request);
    FakeAws::Answer carry_out(const std::string& operation, const Json& body);
    FakeAws::Answer run_task(const Json& body);
    Json describe_tasks(const Json& body) const;
    Json list_tasks(const Json& body) const;
    FakeAws::Answer stop_task(const Json& body);
    FakeAws::Answer get_log_events(const Json& body) const;
    Task& find(const std::string& group);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool has_cluster_ = false;  ///< this and what follows: guarded by mutex_
    std::map<std::string, int> calls_;
    std::map<std::string, FakeAws::Answer> refusals_;
    std::map<std::string, int> losses_;
    std::vector<Json> definitions_;
    std::vector<Task> tasks_;
    std::map<std::string, std::vector<std::pair<std::int64_t, std::string>>> logs_;  ///< by stream
    FakeAws fake_;  ///< last: it answers as long as it lives
};

}  // namespace batchd::testing
