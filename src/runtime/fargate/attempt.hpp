// One attempt, which is one task of ECS: started, looked at, stopped, followed to its end.
#pragma once

#include "runtime/fargate/cluster.hpp"
#include "runtime/fargate/log_follower.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace batchd::runtime {

/// Calls on the strand.
class FargateAttempt final : public std::enable_shared_from_this<FargateAttempt> {
  public:
    /// `on_gone` is called once, when nothing is to be done for the attempt any more; `on_changed`
    /// when it is time to look at the task.
    struct Owner {
        std::function<void()> on_gone;
        std::function<void()> on_changed;
    };
    FargateAttempt(FargateContext& context, Cluster& cluster, ports::StartAttempt start,
                   Owner owner);

    void launch();
    /// The task was started before the daemon's restart.
    void adopt(const aws::Task& task);
    /// It ran before the daemon's restart, and ECS does not know it.
    void lose();
    void stop();
    void forget();
    /// The engine knows nothing of it any more: the task is stopped, without a word.
    void abandon();
    /// Reports what was reported before.
    void tell_again() const;
    void shutdown();

    /// What ECS says of the task.
    void see(const aws::Task& task);
    /// ECS says that it does not know it.
    void see_missing();
    /// Reads a page of each container's output.
    boost::asio::awaitable<void> read_logs();

    const model::AttemptId& id() const { return start_->id; }
    const std::string& arn() const { return arn_; }  ///< empty until there is a task
    /// Whether there is news to be had from ECS.
    bool is_watched() const { return !arn_.empty() && !is_ending_ && !is_forgotten_; }
    /// Starts or is being stopped.
    bool is_changing() const { return !started_at_ || is_stopping_; }
    bool has_logs() const { return is_watched() && started_at_ && !logs_.empty(); }

    SteadyTime next_look{};  ///< kept by who looks
    SteadyTime next_read{};  ///< of its logs, likewise

  private:
    boost::asio::awaitable<void> start_task();
    boost::asio::awaitable<aws::Outcome<aws::Task>> try_start();
    boost::asio::awaitable<aws::Outcome<aws::Task>> run_task();
    void place(const aws::Task& task);
    void report_started(const aws::Task& task);
    boost::asio::awaitable<void> end(ports::AttemptOutcome outcome);
    void report_ended(ports::AttemptOutcome outcome);
    boost::asio::awaitable<void> stop_task();
    /// If AWS may have started its task, only the same call again tells.
    bool is_unwanted() const { return (is_stopping_ || is_forgotten_) && !may_have_task_; }
    bool is_over() const { return context_.stopping || is_forgotten_; }
    void gone();

    FargateContext& context_;
    Cluster& cluster_;
    const std::shared_ptr<const ports::StartAttempt> start_;
    Owner owner_;
    Signal wake_;
    Slots reading_;  ///< of logs: one at a time
    std::optional<TaskPlan> plan_;
    std::string arn_;
    SteadyTime placed_at_{};
    std::vector<std::shared_ptr<LogFollower>> logs_;
    Milliseconds log_pause_{};

    bool is_starting_ = false;    ///< start_task() runs
    bool may_have_task_ = false;  ///< RunTask was called, and AWS did not refuse
    bool is_stopping_ = false;
    bool is_ending_ = false;               ///< the task has stopped; its output is read
    bool is_forgotten_ = false;            ///< nobody is to hear of it any more
    std::optional<Timestamp> started_at_;  ///< as reported
    std::optional<ports::AttemptOutcome> outcome_;
};

}  // namespace batchd::runtime
