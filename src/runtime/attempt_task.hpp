// One attempt on one host: its containers, in the order of their dependencies, and what they share.
//
// Every change of a container leads to advance(), which looks at all of them: it allows those to
// start whose dependencies are met; once the task is to end, it stops the rest, dependants first;
// and it reports. An only container is the same without anything to wait for.
#pragma once

#include "runtime/host.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/task_container.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace batchd::runtime {

/// Calls on the strand.
class AttemptTask final : public ContainerOwner, public std::enable_shared_from_this<AttemptTask> {
  public:
    /// `on_gone` is called once, when nothing is left of the attempt.
    AttemptTask(Context& context, std::shared_ptr<Host> host, ports::StartAttempt start,
                std::function<void()> on_gone);

    void launch();
    /// As launch, but containers may be there already; `was_running`: they must be.
    void adopt(bool was_running, std::optional<Seconds> stop_with_grace);
    void stop(Seconds grace);
    void forget();
    /// The engine knows nothing of it any more: removes the containers without a word.
    void abandon();
    /// Reports what was reported before.
    void tell_again() const;
    void shutdown();
    bool is_on(const Host& host) const { return host_.get() == &host; }

    void container_changed() override { advance(); }
    void container_gone() override;
    void slot_declined(bool may_exist) override;

  private:
    /// Whether a container may start.
    enum class Readiness : std::uint8_t { Ready, Waiting, Never };

    void make_runs();
    std::shared_ptr<TaskContainer> make_run(std::size_t index);
    void advance();
    void step();
    // attempt_order.cpp: what depends on what
    Readiness readiness_of(const model::TaskContainerDependency& dependency) const;
    void look_for_end();
    void never_starts(std::size_t index, const model::TaskContainerDependency& dependency);
    void start_ready();
    bool is_sandbox_ready();
    void stop_free();
    bool has_live_dependants(const std::string& name) const;
    std::optional<Timestamp> deadline_of(std::size_t index) const;
    void arm_timer();
    // attempt_task.cpp
    bool has_started() const;
    bool has_ended() const;
    void report_started();
    void report_ended();
    const ports::AttemptOutcome& decisive_outcome() const;
    std::vector<model::ContainerResult> results() const;
    std::optional<model::ResourceUse> use() const;
    boost::asio::awaitable<void> clean_up();
    void gone();

    const std::vector<model::TaskContainerProperties>& containers() const {
        return start_->task.containers;
    }

    Context& context_;
    std::shared_ptr<Host> host_;
    const std::shared_ptr<const ports::StartAttempt> start_;
    std::function<void()> on_gone_;
    std::vector<std::shared_ptr<TaskContainer>> runs_;
    std::shared_ptr<Sandbox> sandbox_;  ///< if the task needs one
    boost::asio::steady_timer timer_;   ///< for the next startTimeout

    bool was_running_ = false;
    bool is_ending_ = false;
    bool is_abandoned_ = false;
    bool is_advancing_ = false;  ///< a change came from inside: once more
    bool has_changed_ = false;
    std::optional<Seconds> stop_grace_;
    std::optional<std::size_t> ended_by_;            ///< the essential container that ended it
    std::optional<ports::AttemptOutcome> no_start_;  ///< why some container can never start
    std::vector<std::string> no_start_reasons_;      ///< by container
    std::size_t runs_gone_ = 0;
    std::optional<Timestamp> started_at_;  ///< as reported
    std::optional<ports::AttemptOutcome> outcome_;
};

}  // namespace batchd::runtime
