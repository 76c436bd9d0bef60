// One container of an attempt: from the wish to start it to its removal.
#pragma once

#include "batchd/docker/create_body.hpp"
#include "batchd/docker/log_decoder.hpp"
#include "batchd/net/retry_delay.hpp"
#include "runtime/container_secrets.hpp"
#include "runtime/host.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/task_container.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace batchd::runtime {

/// Calls on the strand. One coroutine, run(), does the work in order; the public functions leave
/// word for it, or act beside it where that must not wait (stop).
class ContainerRun final : public TaskContainer,
                           public ContainerWatcher,
                           public std::enable_shared_from_this<ContainerRun> {
  public:
    /// `index`: of the container in the attempt's task.
    ContainerRun(Context& context, std::shared_ptr<Host> host,
                 std::shared_ptr<const ports::StartAttempt> start, std::size_t index,
                 std::weak_ptr<ContainerOwner> owner);

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

    void on_event(const docker::Event& event) override;
    void on_missing() override;
    bool believes_running() const override { return phase_ == Phase::Running && !exit_; }

  private:
    // Waiting ──▶ Creating ──▶ Starting ──▶ Running ──▶ Ended
    //    ▲           │  pull, create   │        ▲
    // Looking ───────┴─────────────────┴────────┘   after a restart or a broken connection
    enum class Phase : std::uint8_t { Looking, Waiting, Creating, Starting, Running, Ended };
    /// What a step of the way up leads to.
    enum class Next : std::uint8_t { Again, Watch, Done };
    struct Exit {
        std::int32_t code = 0;
        bool oom_killed = false;
        bool is_final = false;   ///< nothing more is to be found out
        bool with_host = false;  ///< the Engine ended it when it ended itself
        Timestamp at;
    };
    enum class Drained : std::uint8_t { ToTheEnd, Broken, Refused };
    enum class Found : std::uint8_t { Running, Exited, Gone, Unknown };

    boost::asio::awaitable<void> run();
    // container_launch.cpp: the way to a running container
    boost::asio::awaitable<bool> bring_up();
    boost::asio::awaitable<Next> look();
    Next take_over(const docker::ContainerState& state);
    boost::asio::awaitable<Next> create_and_start();
    boost::asio::awaitable<Result<std::string>> create(std::string body, Slots::Slot& slot);
    boost::asio::awaitable<Result<>> pull();
    boost::asio::awaitable<Next> start_container();
    docker::Async<> start_in_sandbox();
    boost::asio::awaitable<Next> start_failed(Error error);
    boost::asio::awaitable<std::string> hosts_file();
    boost::asio::awaitable<bool> fetch_secrets();
    boost::asio::awaitable<Next> make_anew();
    boost::asio::awaitable<bool> find_address();
    void give_up();
    // container_watch.cpp: from there to its end
    boost::asio::awaitable<void> watch();
    boost::asio::awaitable<Drained> drain_logs();
    boost::asio::awaitable<Drained> read_logs();
    boost::asio::awaitable<void> await_exit(bool logs_ended);
    boost::asio::awaitable<Found> confirm_exit();
    boost::asio::awaitable<bool> was_oom_killed(const docker::ContainerState& state);
    boost::asio::awaitable<bool> ended_with_its_host();
    boost::asio::awaitable<bool> has_engine_restarted();
    boost::asio::awaitable<bool> has_all_output();
    boost::asio::awaitable<void> close_log();
    void open_log();
    void flush_log();
    void limit_log_stream();
    // container_stats.cpp: what it uses meanwhile
    boost::asio::awaitable<void> observe();
    boost::asio::awaitable<void> look_at_use();
    // container_run.cpp
    boost::asio::awaitable<void> stop_container();
    boost::asio::awaitable<void> remove();
    boost::asio::awaitable<void> pause();
    bool is_over() const { return host_->is_closed() || phase_ == Phase::Ended; }
    const model::TaskContainerProperties& properties() const {
        return start_->task.containers[index_];
    }
    void tell_owner() const;
    void report_started(Timestamp at);
    void report_ended(ports::AttemptOutcome outcome);
    void remove_when_idle();
    Timestamp time_of(const docker::Event& event) const;

    Context& context_;
    std::shared_ptr<Host> host_;
    const std::shared_ptr<const ports::StartAttempt> start_;
    const std::size_t index_;
    const std::string name_;  ///< the Engine's
    std::weak_ptr<ContainerOwner> owner_;
    Signal wake_;
    net::RetryDelay delay_{Milliseconds{100}, Milliseconds{2000}};

    Phase phase_ = Phase::Waiting;
    bool may_start_ = false;
    std::shared_ptr<Sandbox> sandbox_;  ///< that it joins
    bool was_running_ = false;
    bool may_exist_ = false;  ///< a container of ours may be on the host
    bool is_idle_ = false;    ///< run() came to its end
    bool is_forgotten_ = false;
    bool is_abandoned_ = false;
    bool look_again_ = false;  ///< a listing says that the container does not run
    std::optional<Seconds> stop_grace_;
    std::shared_ptr<Pulls::Pull> pull_;  ///< that this attempt waits for
    ContainerSecrets secrets_;           ///< only while the container is made
    std::string container_id_;
    std::string address_;
    std::optional<Timestamp> started_at_;
    std::size_t connection_ = 0;  ///< to the Engine, when the container was last seen running
    std::optional<Exit> exit_;
    bool stop_was_sent_ = false;
    bool saw_oom_ = false;
    bool saw_die_ = false;
    bool saw_kill_ = false;                  ///< a signal that we did not ask for
    std::optional<model::ResourceUse> use_;  ///< as far as it was looked at
    std::optional<ports::AttemptOutcome> outcome_;

    std::unique_ptr<ports::LogWriter> log_;
    std::unique_ptr<docker::LogDecoder> decoder_;
    std::unique_ptr<net::HttpStream> log_stream_;
    boost::asio::steady_timer log_limit_;
    bool logs_cut_short_ = false;
};

}  // namespace batchd::runtime
