// From a running container to its end: output first, then the exit, then the report.
#include "runtime/container_run.hpp"
#include "runtime/outcome.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

/// How long the Engine's `die` may come after the end of the output before we ask.
constexpr Milliseconds kExitAfterLogs{2'000};
/// How long the output of a container that ended may say nothing before it counts as complete: a
/// driver that hangs must not keep a job from ending.
constexpr Milliseconds kLogsAfterExit{5'000};

/// A container that ends within this time has its output read once, afterwards: it is complete
/// then, and to follow it costs the Engine more.
constexpr Milliseconds kShortRun{250};

/// How long after the exit an `oom` event may come.
constexpr Milliseconds kOomAfterExit{500};

}  // namespace

asio::awaitable<void> ContainerRun::watch() {
    open_log();
    if (!exit_) co_await wake_.wait_for(kShortRun);
    auto found = Found::Unknown;
    while (!is_over()) {
        const bool had_ended = exit_.has_value();
        const Drained drained = co_await drain_logs();
        if (is_over()) break;
        if (drained == Drained::Broken && !look_again_) {
            // The connection broke: what is to be known is known when the host is back.
            co_await pause();
            co_await host_->wait_up();
        } else {
            co_await await_exit(drained == Drained::ToTheEnd);
        }
        if (is_over()) break;
        found = co_await confirm_exit();
        if (found == Found::Gone || is_over()) break;
        if (found == Found::Exited) {
            if (drained == Drained::Refused || logs_cut_short_) break;
            if (drained == Drained::ToTheEnd && (had_ended || co_await has_all_output())) break;
            if (drained == Drained::ToTheEnd) continue;
        }
        co_await pause();
    }
    co_await close_log();
    if (is_over()) co_return;
    report_ended(found != Found::Exited ? disappeared(host_->name(), context_.clock.now())
                 : exit_->with_host     ? lost_with_host(host_->name(), exit_->at)
                                        : exited(exit_->code, exit_->oom_killed, exit_->at));
}

void ContainerRun::open_log() {
    auto opened = context_.logs.open({start_->id, index_});
    if (opened) {
        log_ = std::move(*opened);
    } else {
        log::error("attempt {}: its output is lost: {}", to_string(start_->id),
                   opened.error().message);
    }
}

asio::awaitable<ContainerRun::Drained> ContainerRun::drain_logs() {
    if (!log_) co_return Drained::Refused;
    const auto from = log_->position();
    // The Engine repeats the lines of the time we ask from; those we have are skipped.
    decoder_ = std::make_unique<docker::LogDecoder>(
        [this, from, skip = from.lines_at_that_time](
            std::int64_t time_ns, ports::OutputChannel channel, std::string_view line) mutable {
            if (time_ns == from.time_ns && skip > 0) {
                --skip;
            } else {
                log_->append(time_ns, channel, line);
            }
        });
    log_stream_ = host_->client().stream();
    auto opened = co_await host_->client().follow_logs(*log_stream_, container_id_, from.time_ns);
    auto drained = Drained::Broken;
    if (opened) {
        limit_log_stream();
        drained = co_await read_logs();
    } else if (opened.error().kind != ErrorKind::Unavailable &&
               opened.error().kind != ErrorKind::Cancelled) {
        log::warn("attempt {}: its output cannot be read: {}", to_string(start_->id),
                  opened.error().message);
        drained = Drained::Refused;
        look_again_ = opened.error().kind == ErrorKind::NotFound;
    }
    log_limit_.cancel();
    log_stream_.reset();
    flush_log();
    co_return drained;
}

asio::awaitable<ContainerRun::Drained> ContainerRun::read_logs() {
    for (;;) {
        auto bytes = co_await log_stream_->read();
        if (!bytes) co_return Drained::Broken;
        if (bytes->empty()) co_return Drained::ToTheEnd;
        if (auto fed = decoder_->feed(*bytes); !fed) {
            log::error("attempt {}: {}", to_string(start_->id), fed.error().message);
            co_return Drained::Refused;
        }
        if (!log_stream_->is_dry()) continue;
        limit_log_stream();
        flush_log();
    }
}

void ContainerRun::flush_log() {
    if (auto flushed = log_->flush(); !flushed) {
        log::error("attempt {}: its output cannot be stored: {}", to_string(start_->id),
                   flushed.error().message);
    }
}

/// Once the container ended, its output has to end too.
void ContainerRun::limit_log_stream() {
    if (!exit_ || !log_stream_) return;
    log_limit_.expires_after(kLogsAfterExit);
    log_limit_.async_wait([self = weak_from_this()](boost::system::error_code ec) {
        const auto task = self.lock();
        if (ec || !task || !task->log_stream_) return;
        task->logs_cut_short_ = true;
        task->log_stream_->close();
    });
}

asio::awaitable<void> ContainerRun::await_exit(bool logs_ended) {
    if (exit_ || std::exchange(look_again_, false)) co_return;
    if (logs_ended) {
        co_await wake_.wait_for(kExitAfterLogs);
        co_return;
    }
    while (!exit_ && !is_over() && !std::exchange(look_again_, false)) co_await wake_.wait();
}

/// Asks the Engine only if its events leave open whether the container ended, or what ended it.
asio::awaitable<ContainerRun::Found> ContainerRun::confirm_exit() {
    look_again_ = false;
    if (exit_ && exit_->is_final) co_return Found::Exited;
    if (!exit_ || !saw_die_ || exit_->code == 137 || saw_oom_) {
        const auto state = co_await host_->client().inspect(container_id_);
        if (!state) {
            co_return state.error().kind == ErrorKind::NotFound ? Found::Gone : Found::Unknown;
        }
        // Who removes a running container kills it first; that is no exit of the job's.
        if (state->status == "removing" || state->status == "dead") co_return Found::Gone;
        if (state->status != "exited") co_return Found::Running;
        if (!exit_) exit_ = Exit{.at = state->finished_at.value_or(context_.clock.now())};
        exit_->code = state->exit_code;
        exit_->oom_killed = co_await was_oom_killed(*state);
    }
    exit_->with_host = co_await ended_with_its_host();
    exit_->is_final = true;
    co_return Found::Exited;
}

/// The kernel's word of the kill can reach the Engine after the exit: then the state lacks it for
/// ever, but an `oom` event follows the `die`.
asio::awaitable<bool> ContainerRun::was_oom_killed(const docker::ContainerState& state) {
    if (state.oom_killed || state.exit_code != 137 || stop_was_sent_) co_return state.oom_killed;
    if (!saw_oom_ && saw_die_) co_await wake_.wait_for(kOomAfterExit);
    co_return saw_oom_;
}

/// An Engine without live-restore ends its containers when it ends: with SIGTERM, so that the code
/// may be the job's own, or, after it was killed itself, when it starts again; after a crash of the
/// host the code is 255. None of that is an exit of the job's, but for the 0 of one that finished
/// in its grace (as on a Spot instance).
asio::awaitable<bool> ContainerRun::ended_with_its_host() {
    if (stop_was_sent_ || exit_->code == 0 || exit_->oom_killed) co_return false;
    if (saw_die_ && saw_kill_) {
        if (host_->went_down_after(exit_->at) || co_await host_->is_leaving()) co_return true;
    }
    if (host_->connections() == connection_) co_return false;
    const bool is_killed = exit_->code == 137 || exit_->code == 255;
    const bool is_in_doubt = !host_->info().live_restore && host_->was_away_at(exit_->at);
    if (!is_killed && !is_in_doubt) co_return false;
    co_return co_await has_engine_restarted();
}

/// An Engine forgets its events when it ends. One that remembers fewer than it could, but not this
/// container's start, began after it.
asio::awaitable<bool> ContainerRun::has_engine_restarted() {
    const auto events = co_await host_->client().recent_events();
    if (!events || events->size() >= docker::kRememberedEvents) co_return false;
    co_return std::ranges::none_of(*events, [this](const docker::Event& event) {
        return event.container_id == container_id_ && event.action == "start";
    });
}

/// The Engine can end the stream of a container that stops before the last words are in it. They
/// are in its file by the time it tells of the exit.
asio::awaitable<bool> ContainerRun::has_all_output() {
    const auto last = co_await host_->client().last_log_record(container_id_);
    co_return last && *last == decoder_->last_record();
}

asio::awaitable<void> ContainerRun::close_log() {
    if (!log_) co_return;
    if (is_over()) {
        flush_log();
        log_.reset();
        co_return;
    }
    if (decoder_) decoder_->finish();
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
