#include "runtime/container_run.hpp"

#include "batchd/docker/create_body.hpp"
#include "runtime/outcome.hpp"

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

ContainerRun::ContainerRun(Context& context, std::shared_ptr<Host> host,
                           std::shared_ptr<const ports::StartAttempt> start, std::size_t index,
                           std::weak_ptr<ContainerOwner> owner)
    : context_(context),
      host_(std::move(host)),
      start_(std::move(start)),
      index_(index),
      name_(docker::container_name(*start_, index)),
      owner_(std::move(owner)),
      wake_(context.strand),
      secrets_(context, properties()),
      log_limit_(context.strand) {}

void ContainerRun::launch() {
    host_->watch(name_, weak_from_this());
    context_.spawn(run());
}

void ContainerRun::adopt(bool was_running) {
    phase_ = Phase::Looking;
    was_running_ = was_running;
    may_exist_ = true;
    launch();
}

void ContainerRun::may_start(std::shared_ptr<Sandbox> sandbox) {
    if (std::exchange(may_start_, true)) return;
    sandbox_ = std::move(sandbox);
    wake_.notify_all();
}

asio::awaitable<void> ContainerRun::run() {
    const auto self = shared_from_this();
    if (co_await bring_up()) {
        if (stop_grace_ && !exit_) context_.spawn(stop_container());
        if (context_.options.stats_every > Seconds{0}) context_.spawn(observe());
        co_await watch();
    }
    is_idle_ = true;
    remove_when_idle();
}

void ContainerRun::stop(Seconds grace) {
    if (is_over() || stop_grace_) return;
    stop_grace_ = grace;
    switch (phase_) {
        case Phase::Waiting:
        case Phase::Creating:
            give_up();
            break;
        case Phase::Running:
            context_.spawn(stop_container());
            break;
        case Phase::Looking:   // decided when we know whether it runs
        case Phase::Starting:  // the Engine cannot be interrupted here: stopped right after
        case Phase::Ended:
            break;
    }
}

asio::awaitable<void> ContainerRun::stop_container() {
    const auto self = shared_from_this();
    while (!is_over() && !exit_) {
        co_await host_->wait_up();
        if (is_over() || exit_) co_return;
        stop_was_sent_ = true;
        auto stopped = co_await host_->client().stop(container_id_, *stop_grace_);
        if (stopped || stopped.error().kind == ErrorKind::NotFound) co_return;
        if (is_over()) co_return;
        log::warn("attempt {}: stop failed: {}", to_string(start_->id), stopped.error().message);
        co_await pause();
    }
}

void ContainerRun::forget() {
    if (std::exchange(is_forgotten_, true)) return;
    remove_when_idle();
}

void ContainerRun::abandon() {
    if (std::exchange(is_abandoned_, true)) return;
    if (phase_ != Phase::Ended) {
        if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
        phase_ = Phase::Ended;
        if (log_stream_) log_stream_->close();
        wake_.notify_all();
    }
    forget();
}

void ContainerRun::remove_when_idle() {
    if (!is_forgotten_ || host_->is_closed()) return;
    // A coroutine that still waits for something finds the attempt ended and goes.
    if (!may_exist_) {
        host_->unwatch(name_);
        if (const auto owner = std::exchange(owner_, {}).lock()) owner->container_gone();
    } else if (is_idle_) {
        context_.spawn(remove());
    }
}

asio::awaitable<void> ContainerRun::remove() {
    const auto self = shared_from_this();
    while (!host_->is_closed()) {
        co_await host_->wait_up();
        if (host_->is_closed()) co_return;
        auto removed = co_await host_->client().remove(name_);
        if (removed || removed.error().kind == ErrorKind::NotFound) break;
        if (host_->is_closed()) co_return;
        log::warn("container {}: cannot be removed yet: {}", name_, removed.error().message);
        co_await pause();
    }
    if (host_->is_closed()) co_return;
    may_exist_ = false;
    remove_when_idle();
}

asio::awaitable<void> ContainerRun::pause() { co_await wake_.wait_for(delay_.next()); }

void ContainerRun::report_started(Timestamp at) {
    phase_ = Phase::Running;
    delay_.reset();
    secrets_.forget();
    // The event of its end can overtake the answer to the start.
    started_at_ = exit_ ? std::min(at, exit_->at) : at;
    if (!exit_) connection_ = host_->connections();
    tell_owner();
}

void ContainerRun::report_ended(ports::AttemptOutcome outcome) {
    if (is_over()) return;
    phase_ = Phase::Ended;
    secrets_.forget();
    outcome_ = std::move(outcome);
    outcome_->use = use_;
    wake_.notify_all();  // it may wait for its turn
    tell_owner();
}

void ContainerRun::tell_owner() const {
    if (is_abandoned_ || host_->is_closed()) return;
    if (const auto owner = owner_.lock()) owner->container_changed();
}

void ContainerRun::shutdown() {
    wake_.notify_all();
    log_limit_.cancel();
    if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
    if (log_stream_) log_stream_->close();
}

void ContainerRun::on_event(const docker::Event& event) {
    if (event.action == "oom") {
        saw_oom_ = true;
        wake_.notify_all();
    } else if (event.action == "kill") {
        saw_kill_ = saw_kill_ || !stop_was_sent_;
    } else if (event.action == "die") {
        saw_die_ = true;
        if (!event.exit_code) return on_missing();  // an Engine that does not say how is asked
        if (exit_) return;
        exit_ = Exit{.code = *event.exit_code, .at = time_of(event)};
        limit_log_stream();
        wake_.notify_all();
    }
}

/// After a broken connection events come late; and the host's clock may differ from ours.
Timestamp ContainerRun::time_of(const docker::Event& event) const {
    const Timestamp now = context_.clock.now();
    if (event.time_ns <= 0) return now;
    return std::clamp(from_epoch_ms(event.time_ns / 1'000'000),
                      std::min(started_at_.value_or(now), now), now);
}

void ContainerRun::on_missing() {
    if (!believes_running()) return;
    look_again_ = true;
    if (log_stream_) log_stream_->close();
    wake_.notify_all();
}

}  // namespace batchd::runtime
