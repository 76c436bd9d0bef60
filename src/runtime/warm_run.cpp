// A child in its slot, to its end and report.
#include "runtime/warm_run.hpp"

#include "batchd/base/uuid.hpp"
#include "batchd/docker/create_body.hpp"
#include "runtime/outcome.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>
#include <utility>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

/// How long after the exit an `oom` event may come.
constexpr Milliseconds kOomAfterExit{500};
/// How long after SIGKILL a slot may take to be empty.
constexpr Milliseconds kEndAfterKill{15'000};
constexpr std::int32_t kKilled = 128 + SIGKILL;

int signal_of(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, int>, 8> kSignals{
        {{"HUP", SIGHUP},
         {"INT", SIGINT},
         {"QUIT", SIGQUIT},
         {"KILL", SIGKILL},
         {"USR1", SIGUSR1},
         {"USR2", SIGUSR2},
         {"TERM", SIGTERM},
         {"WINCH", SIGWINCH}}};
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (const auto& [text, number] : kSignals) {
        if (name == text || name == std::to_string(number)) return number;
    }
    return SIGTERM;
}

}  // namespace

WarmRun::WarmRun(Context& context, std::shared_ptr<Host> host,
                 std::shared_ptr<const ports::StartAttempt> start,
                 std::weak_ptr<ContainerOwner> owner)
    : context_(context),
      host_(std::move(host)),
      start_(std::move(start)),
      owner_(std::move(owner)),
      wake_(context.strand),
      timer_(context.strand),
      secrets_(context, properties()),
      lines_([this](std::int64_t time_ns, ports::OutputChannel channel, std::string_view line) {
          if (log_) log_->append(time_ns, channel, line);
      }) {}

void WarmRun::launch() { context_.spawn(run()); }

void WarmRun::adopt(bool was_running) {
    phase_ = Phase::Looking;
    was_running_ = was_running;
    host_->watch(docker::container_name(start_->id), {});  // it is not nobody's before look()
    launch();
}

void WarmRun::may_start(std::shared_ptr<Sandbox> /*sandbox*/) {
    if (std::exchange(may_start_, true)) return;
    wake_.notify_all();
}

asio::awaitable<void> WarmRun::run() {
    const auto self = shared_from_this();
    while (co_await find_slot() && co_await run_in_slot() == Next::Again) co_await pause();
    is_idle_ = true;
    gone_when_idle();
}

void WarmRun::stop(Seconds grace) {
    if (is_over() || stop_grace_) return;
    stop_grace_ = grace;
    switch (phase_) {
        case Phase::Waiting:
        case Phase::Making:
            give_up();
            break;
        case Phase::InSlot:
            // Once it ended, the slot may be another one's.
            if (!has_ended()) send_stop();
            break;
        case Phase::Looking:  // decided when we know whether it ran
        case Phase::Ended:
            break;
    }
}

void WarmRun::send_stop() {
    slot_->signal(signal_of(slot_->image().stop_signal));
    after(*stop_grace_, &WarmRun::send_kill);
}

/// What even that does not end goes with the slot.
void WarmRun::send_kill() {
    slot_->signal(SIGKILL);
    after(kEndAfterKill, &WarmRun::on_lost);
}

void WarmRun::after(Milliseconds time, void (WarmRun::*what)()) {
    timer_.expires_after(time);
    timer_.async_wait([self = weak_from_this(), what](boost::system::error_code ec) {
        const auto run = self.lock();
        // Once it ended, the slot may be another one's.
        if (!ec && run && run->phase_ == Phase::InSlot && !run->has_ended()) (run.get()->*what)();
    });
}

void WarmRun::forget() {
    if (std::exchange(is_forgotten_, true)) return;
    gone_when_idle();
}

void WarmRun::abandon() {
    if (std::exchange(is_abandoned_, true)) return;
    if (phase_ != Phase::Ended) {
        if (phase_ == Phase::Looking) host_->unwatch(docker::container_name(start_->id));
        if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
        phase_ = Phase::Ended;
        wake_.notify_all();
    }
    forget();
}

void WarmRun::gone_when_idle() {
    if (!is_forgotten_ || !is_idle_ || host_->is_closed()) return;
    if (const auto owner = std::exchange(owner_, {}).lock()) owner->container_gone();
}

void WarmRun::shutdown() {
    timer_.cancel();
    wake_.notify_all();
    if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
}

/// Stopped before it ran.
void WarmRun::give_up() {
    if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
    report_ended(failed_to_start("", std::nullopt, context_.clock.now()));
}

void WarmRun::report_ended(ports::AttemptOutcome outcome) {
    if (is_over()) return;
    phase_ = Phase::Ended;
    secrets_.forget();
    timer_.cancel();
    outcome_ = std::move(outcome);
    wake_.notify_all();
    tell_owner();
}

void WarmRun::tell_owner() const {
    if (is_abandoned_ || host_->is_closed()) return;
    if (const auto owner = owner_.lock()) owner->container_changed();
}

asio::awaitable<WarmRun::Next> WarmRun::run_in_slot() {
    if (!begin()) co_return Next::Done;
    while (!is_over() && !has_ended()) co_await wake_.wait();
    if (is_over()) {  // abandoned, or the daemon ends
        slot_->discard();
        flush_log();
        co_return Next::Done;
    }
    timer_.cancel();
    if (co_await may_try_another()) co_return try_another();
    auto outcome = co_await outcome_of_run();
    co_await close_log();
    report_ended(std::move(outcome));
    co_return Next::Done;
}

/// Whether nothing of it was executed, and not for a reason of its own: a child before it may have
/// left the slot in a state in which none can start, or the slot was gone already.
asio::awaitable<bool> WarmRun::may_try_another() {
    if (end_) co_return false;
    if (failure_) co_return !slot_->is_fresh();
    slot_->discard();
    const bool was_sent = co_await slot_->has_sent_run();
    co_return !was_sent;
}

WarmRun::Next WarmRun::try_another() {
    slot_->discard();
    if (is_over()) return Next::Done;
    slot_.reset();
    failure_.reset();
    is_lost_ = false;
    container_id_.clear();
    phase_ = Phase::Waiting;
    if (!stop_grace_) return Next::Again;
    give_up();
    return Next::Done;
}

/// False if it cannot be: the slot is free again.
bool WarmRun::begin() {
    const auto now = context_.clock.now();
    const docker::SlotTokens tokens{.start = to_string(make_uuid(now)),
                                    .end = to_string(make_uuid(now))};
    auto text = message(tokens);
    if (!text) {
        slot_->release();
        report_ended(failed_to_start(
            start_error_reason("CannotStartContainerError", std::move(text).error()), std::nullopt,
            context_.clock.now()));
        return false;
    }
    phase_ = Phase::InSlot;
    container_id_ = slot_->container_id();
    slot_->run(*text, tokens, shared_from_this());
    return true;
}

/// The job's command stands for the image's own, behind the image's entry point, as the Engine has
/// it.
Result<std::string> WarmRun::message(const docker::SlotTokens& tokens) const {
    auto environment = docker::environment_of(*start_, secrets_.values(), create_options());
    if (!environment) return std::unexpected(std::move(environment).error());
    docker::SlotCommand command{.tokens = tokens,
                                .arguments = slot_->image().entrypoint,
                                .environment = *std::move(environment)};
    const auto& own = properties().command;
    const auto& rest = own.empty() ? slot_->image().command : own;
    command.arguments.insert(command.arguments.end(), rest.begin(), rest.end());
    return docker::slot_message(command);
}

void WarmRun::on_started() {
    started_at_ = context_.clock.now();
    secrets_.forget();
    open_log();
    tell_owner();
}

void WarmRun::on_output(ports::OutputChannel channel, std::string_view text) {
    open_log();  // a child can read away that it was started
    newest_ns_ = std::max(newest_ns_, to_epoch_ms(context_.clock.now()) * 1'000'000);
    lines_.add(newest_ns_, channel, text);
}

void WarmRun::on_pause() { flush_log(); }

void WarmRun::on_failed(const docker::SlotFailure& failure) {
    failure_ = failure;
    wake_.notify_all();
}

void WarmRun::on_ended(const docker::SlotEnd& end) {
    end_ = end;
    wake_.notify_all();
}

void WarmRun::on_lost() {
    is_lost_ = true;
    wake_.notify_all();
}

asio::awaitable<ports::AttemptOutcome> WarmRun::outcome_of_run() {
    if (end_) co_return co_await outcome_of_end();
    if (is_lost_) co_return co_await outcome_of_loss();
    ++context_.counters.start_failures;
    slot_->discard();
    auto arguments = slot_->image().entrypoint;
    const auto& rest = properties().command.empty() ? slot_->image().command : properties().command;
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    const Error error{ErrorKind::Internal,
                      docker::describe(*failure_, arguments.empty() ? "" : arguments.front()),
                      {}};
    co_return failed_to_start(start_error_reason("CannotStartContainerError", error),
                              docker::exit_code_of(*failure_), context_.clock.now());
}

/// After lack of memory nobody knows what state the processes of a slot left things in; nor is the
/// next one to hear of it.
asio::awaitable<ports::AttemptOutcome> WarmRun::outcome_of_end() {
    const Timestamp now = context_.clock.now();
    const bool is_oom = co_await was_oom_killed();
    if (is_oom || !end_->is_clean) {
        slot_->discard();
    } else {
        slot_->release();
    }
    auto outcome = exited(end_->exit_code, is_oom, now);
    outcome.use = model::ResourceUse{.peak_memory_bytes = end_->peak_memory_kib * 1024,
                                     .cpu_milliseconds = end_->cpu_milliseconds};
    co_return outcome;
}

asio::awaitable<bool> WarmRun::was_oom_killed() {
    if (end_->oom_kills) co_return *end_->oom_kills > 0;
    const bool is_in_doubt = end_->exit_code == kKilled && !stop_grace_;
    co_return co_await slot_->saw_oom(is_in_doubt ? kOomAfterExit : Milliseconds{0});
}

/// Not before its container is gone: it may run as long, and is not to run twice at a time.
asio::awaitable<ports::AttemptOutcome> WarmRun::outcome_of_loss() {
    const Timestamp now = context_.clock.now();
    slot_->discard();
    const bool with_host = co_await host_->is_leaving();
    const bool is_oom = co_await slot_->saw_oom(kOomAfterExit);
    co_await slot_->gone();
    if (is_oom) co_return exited(kKilled, true, now);
    co_return with_host ? lost_with_host(host_->name(), now) : disappeared(host_->name(), now);
}

void WarmRun::open_log() {
    if (std::exchange(has_opened_log_, true)) return;
    auto opened = context_.logs.open({start_->id});
    if (opened) {
        log_ = std::move(*opened);
        newest_ns_ = log_->position().time_ns;
    } else {
        log::error("attempt {}: its output is lost: {}", to_string(start_->id),
                   opened.error().message);
    }
}

void WarmRun::flush_log() {
    if (!log_) return;
    if (auto flushed = log_->flush(); !flushed) {
        log::error("attempt {}: its output cannot be stored: {}", to_string(start_->id),
                   flushed.error().message);
    }
}

asio::awaitable<void> WarmRun::close_log() {
    lines_.finish();
    if (!log_) co_return;
    // It waits for the disk, and the strand serves everybody.
    co_await asio::post(asio::bind_executor(context_.threads, asio::use_awaitable));
    const auto closed = log_->close();
    co_await asio::post(asio::bind_executor(context_.strand, asio::use_awaitable));
    if (!closed) {
        log::error("attempt {}: the end of its output may be lost: {}", to_string(start_->id),
                   closed.error().message);
    }
    log_.reset();
}

}  // namespace batchd::runtime
