// The runtime's surroundings: what it reports and what containers write is kept, so that a test can
// wait for it; secrets are what the test says.
#pragma once

#include "batchd/ports/container_runtime.hpp"
#include "batchd/ports/log_sink.hpp"
#include "batchd/ports/registry_logins.hpp"
#include "batchd/ports/secret_source.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace batchd::testing {

class EventRecorder final : public ports::RuntimeEvents {
  public:
    struct Started {
        std::string container_id;
        Timestamp at;
        std::string address;
    };
    struct Seen {
        std::vector<Started> started;
        std::vector<ports::AttemptOutcome> ended;
    };

    void host_up(std::string host, model::Resources capacity,
                 std::vector<std::string> gpus) override;
    void host_down(std::string host, std::string reason) override;
    void host_leaving(std::string host, std::optional<Timestamp> at) override;
    void attempt_started(model::AttemptId id, std::string container_id, Timestamp started_at,
                         std::string address) override;
    void attempt_ended(model::AttemptId id, ports::AttemptOutcome outcome) override;

    /// These wait up to a minute; nullopt if it did not come.
    std::optional<model::Resources> wait_host_up();
    std::optional<std::string> wait_host_down();
    /// The first host that said that it will be taken away, and when.
    std::optional<std::pair<std::string, std::optional<Timestamp>>> wait_host_leaving();
    /// Whether the newest word of the host is that it is up with so many vCPUs (0: any), or,
    /// without a number, down.
    bool wait_host(const std::string& host, std::optional<MilliVcpu> vcpu);
    std::optional<Started> wait_started(model::AttemptId id, std::size_t count = 1);
    std::optional<ports::AttemptOutcome> wait_ended(model::AttemptId id, std::size_t count = 1);

    Seen seen(model::AttemptId id);
    /// How often something was told of the host.
    std::size_t news_of(const std::string& host);

  private:
    template <class Condition>
    bool wait(std::unique_lock<std::mutex>& lock, Condition condition) {
        return changed_.wait_for(lock, std::chrono::minutes{1}, condition);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<model::AttemptId, Seen> attempts_;
    std::map<std::string, std::vector<std::optional<model::Resources>>> news_;  ///< by host
    std::vector<model::Resources> ups_;
    std::vector<std::string> downs_;
    std::vector<std::pair<std::string, std::optional<Timestamp>>> leaving_;
};

/// Keeps the lines in memory; they survive the runtime, as files would.
class MemoryLogs final : public ports::LogSink {
  public:
    struct Line {
        std::int64_t time_ns = 0;
        ports::OutputChannel channel{};
        std::string text;
    };

    Result<std::unique_ptr<ports::LogWriter>> open(const model::LogId& id) override;

    std::vector<Line> lines(model::LogId id);
    std::vector<std::string> texts(model::LogId id);
    bool is_closed(model::LogId id);
    /// Waits up to a minute for so many lines that were flushed.
    bool wait_lines(model::LogId id, std::size_t count);

  private:
    class Writer;
    struct Log {
        std::vector<Line> lines;
        std::size_t flushed = 0;
        bool closed = false;
    };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<model::LogId, Log> logs_;
};

class FakeSecrets final : public ports::SecretSource {
  public:
    void set(const std::string& name, std::string value);
    /// From now on whoever asks waits until release().
    void hold();
    void release();
    /// Waits up to a minute until somebody has asked so many times.
    bool wait_asked(std::size_t count);

    Result<std::string> resolve(const std::string& value_from) override;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::string> values_;
    std::size_t asked_ = 0;
    bool held_ = false;
};

/// Knows the registries for which a test has an answer.
class FakeLogins final : public ports::RegistryLogins {
  public:
    using Answer = std::function<Result<ports::RegistryLogin>()>;
    void set(const std::string& registry, Answer answer) { answers_[registry] = std::move(answer); }

    bool knows(const std::string& registry) const override { return answers_.contains(registry); }
    Result<ports::RegistryLogin> login(const std::string& registry) override {
        return answers_.at(registry)();
    }

  private:
    std::map<std::string, Answer> answers_;  ///< set before the runtime begins
};

}  // namespace batchd::testing
