// A child of an array that runs in a warm slot: from the wish to start it to its end.
#pragma once

#include "batchd/docker/log_frames.hpp"
#include "batchd/net/retry_delay.hpp"
#include "runtime/container_secrets.hpp"
#include "runtime/host.hpp"
#include "runtime/task_container.hpp"
#include "runtime/warm_slot.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace batchd::runtime {

/// Calls on the strand. One coroutine, run(), does the work in order.
class WarmRun final : public TaskContainer,
                      public SlotUser,
                      public std::enable_shared_from_this<WarmRun> {
  public:
    WarmRun(Context& context, std::shared_ptr<Host> host,
            std::shared_ptr<const ports::StartAttempt> start, std::weak_ptr<ContainerOwner> owner);

    void launch() override;
    void adopt(bool was_running) override;
    void may_start(std::shared_ptr<Sandbox> sandbox) override;
    void stop(Seconds grace) override;
    void forget() override;
    void abandon() override;
    void shutdown() override;

    bool is_allowed_to_start() const override { return may_start_; }
    const std::string& container_id() const override { return container_id_; }
    const std::optional<Timestamp>& started_at() const override { return started_at_; }
    const std::string& address() const override { return address_; }
    const std::optional<ports::AttemptOutcome>& outcome() const override { return outcome_; }

    void on_started() override;
    void on_output(ports::OutputChannel channel, std::string_view text) override;
    void on_pause() override;
    void on_failed(const docker::SlotFailure& failure) override;
    void on_ended(const docker::SlotEnd& end) override;
    void on_lost() override;

  private:
    // Waiting ──▶ Making ──▶ InSlot ──▶ Ended
    //   ▲ ▲  └───────────────▲ │         ▲
    //   │ └────────────────────┘         │   nothing of it was executed
    // Looking ───────────────────────────┘   after a restart
    enum class Phase : std::uint8_t { Looking, Waiting, Making, InSlot, Ended };
    /// What a step of the way to a slot leads to.
    enum class Next : std::uint8_t { Again, Run, Done };

    boost::asio::awaitable<void> run();
    // warm_launch.cpp: the way to a slot
    boost::asio::awaitable<bool> find_slot();
    boost::asio::awaitable<Next> try_slot();
    boost::asio::awaitable<Next> look();
    boost::asio::awaitable<Next> make_slot();
    boost::asio::awaitable<Next> make_slot(docker::CreateOptions options, Slots::Slot place);
    docker::Async<> create(std::shared_ptr<WarmSlot> slot, std::string body, Slots::Slot& place);
    boost::asio::awaitable<Next> not_made(std::string_view what, Error error);
    docker::Async<> pull();
    Next decline(bool may_exist);
    // warm_run.cpp: in it
    boost::asio::awaitable<Next> run_in_slot();
    bool begin();
    Result<std::string> message(const docker::SlotTokens& tokens) const;
    boost::asio::awaitable<bool> may_try_another();
    Next try_another();
    boost::asio::awaitable<ports::AttemptOutcome> outcome_of_run();
    boost::asio::awaitable<ports::AttemptOutcome> outcome_of_loss();
    boost::asio::awaitable<ports::AttemptOutcome> outcome_of_end();
    boost::asio::awaitable<bool> was_oom_killed();
    void open_log();
    void flush_log();
    boost::asio::awaitable<void> close_log();
    void send_stop();
    void send_kill();
    void after(Milliseconds time, void (WarmRun::*what)());

    boost::asio::awaitable<void> pause() { co_await wake_.wait_for(delay_.next()); }
    bool is_over() const { return host_->is_closed() || phase_ == Phase::Ended; }
    bool has_ended() const { return failure_ || end_ || is_lost_; }
    const model::TaskContainerProperties& properties() const { return start_->task.containers[0]; }
    docker::CreateOptions create_options() const;
    void tell_owner() const;
    void report_ended(ports::AttemptOutcome outcome);
    void give_up();
    void gone_when_idle();

    Context& context_;
    std::shared_ptr<Host> host_;
    const std::shared_ptr<const ports::StartAttempt> start_;
    std::weak_ptr<ContainerOwner> owner_;
    Signal wake_;
    net::RetryDelay delay_{Milliseconds{100}, Milliseconds{2000}};
    boost::asio::steady_timer timer_;  ///< from a stop to the kill, and on

    Phase phase_ = Phase::Waiting;
    bool may_start_ = false;
    bool was_running_ = false;
    bool is_idle_ = false;  ///< run() came to its end
    bool is_forgotten_ = false;
    bool is_abandoned_ = false;
    std::size_t slots_made_ = 0;  ///< or tried to
    std::optional<Seconds> stop_grace_;
    std::shared_ptr<Pulls::Pull> pull_;  ///< that this attempt waits for
    ContainerSecrets secrets_;           ///< only until it runs
    std::shared_ptr<WarmSlot> slot_;

    std::string container_id_;
    std::string address_;  ///< none
    std::optional<Timestamp> started_at_;
    std::optional<docker::SlotFailure> failure_;
    std::optional<docker::SlotEnd> end_;
    bool is_lost_ = false;
    std::optional<ports::AttemptOutcome> outcome_;

    std::unique_ptr<ports::LogWriter> log_;
    bool has_opened_log_ = false;  ///< or tried to
    docker::LineCutter lines_;
    std::int64_t newest_ns_ = 0;  ///< of its log: no line is older than the one before
};

}  // namespace batchd::runtime
