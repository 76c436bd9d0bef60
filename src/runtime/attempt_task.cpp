#include "runtime/attempt_task.hpp"

#include "runtime/container_run.hpp"
#include "runtime/outcome.hpp"
#include "runtime/warm_run.hpp"

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

AttemptTask::AttemptTask(Context& context, std::shared_ptr<Host> host, ports::StartAttempt start,
                         std::function<void()> on_gone)
    : context_(context),
      host_(std::move(host)),
      start_(std::make_shared<const ports::StartAttempt>(std::move(start))),
      on_gone_(std::move(on_gone)),
      timer_(context.strand),
      no_start_reasons_(containers().size()) {}

void AttemptTask::make_runs() {
    for (std::size_t i = 0; i < containers().size(); ++i) {
        runs_.push_back(start_->warm_slots
                            ? std::make_shared<WarmRun>(context_, host_, start_, weak_from_this())
                            : make_run(i));
    }
    if (docker::needs_sandbox(*start_, context_.options.network_mode)) {
        sandbox_ = std::make_shared<Sandbox>(context_, host_, start_);
    }
}

std::shared_ptr<TaskContainer> AttemptTask::make_run(std::size_t index) {
    return std::make_shared<ContainerRun>(context_, host_, start_, index, weak_from_this());
}

void AttemptTask::slot_declined(bool may_exist) {
    const auto run = make_run(0);
    runs_[0] = run;
    if (may_exist) {
        run->adopt(was_running_);
    } else {
        run->launch();
    }
    advance();
}

void AttemptTask::launch() {
    make_runs();
    for (const auto& run : runs_) run->launch();
    advance();
}

void AttemptTask::adopt(bool was_running, std::optional<Seconds> stop_with_grace) {
    was_running_ = was_running;
    stop_grace_ = stop_with_grace;
    is_ending_ = stop_with_grace.has_value();
    make_runs();
    if (sandbox_) sandbox_->adopt();
    for (const auto& run : runs_) run->adopt(was_running);
    advance();
}

void AttemptTask::stop(Seconds grace) {
    if (outcome_ || stop_grace_ || host_->is_closed()) return;
    stop_grace_ = grace;
    is_ending_ = true;
    advance();
}

void AttemptTask::advance() {
    has_changed_ = true;
    if (std::exchange(is_advancing_, true)) return;
    while (std::exchange(has_changed_, false)) step();
    is_advancing_ = false;
}

void AttemptTask::step() {
    if (outcome_ || is_abandoned_ || host_->is_closed()) return;
    look_for_end();
    if (is_ending_) {
        stop_free();
    } else {
        start_ready();
    }
    if (has_ended()) {
        report_ended();
    } else if (!started_at_ && has_started()) {
        report_started();
    }
    arm_timer();
}

/// All that could be started were, and every essential one.
bool AttemptTask::has_started() const {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (runs_[i]->started_at()) continue;
        if (model::is_essential(containers()[i]) || !runs_[i]->outcome()) return false;
    }
    return !no_start_;
}

bool AttemptTask::has_ended() const {
    return std::ranges::all_of(runs_, [](const auto& run) { return run->outcome().has_value(); });
}

void AttemptTask::report_started() {
    for (const auto& run : runs_) {
        if (run->started_at())
            started_at_ = std::max(started_at_.value_or(*run->started_at()), *run->started_at());
    }
    if (!started_at_) return;
    const auto& main = runs_[model::first_essential(start_->task)];
    context_.events.attempt_started(start_->id, main->container_id(), *started_at_,
                                    main->address());
}

/// Of the container that ended the task, if it failed; else of the first essential one that did.
const ports::AttemptOutcome& AttemptTask::decisive_outcome() const {
    if (no_start_) return *no_start_;
    const auto has_failed = [&](std::size_t i) { return runs_[i]->outcome()->exit_code != 0; };
    if (ended_by_ && has_failed(*ended_by_)) return *runs_[*ended_by_]->outcome();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (model::is_essential(containers()[i]) && has_failed(i)) return *runs_[i]->outcome();
    }
    return *runs_[model::first_essential(start_->task)]->outcome();
}

void AttemptTask::report_ended() {
    auto outcome = decisive_outcome();
    // The one that ended it ran; others may not have come to it.
    if (!started_at_ && ended_by_ && runs_[*ended_by_]->started_at()) report_started();
    if (runs_.size() > 1) {
        for (const auto& run : runs_) {
            outcome.stopped_at = std::max(outcome.stopped_at, run->outcome()->stopped_at);
        }
        outcome.containers = results();
    }
    outcome.use = use();
    outcome_ = std::move(outcome);
    context_.events.attempt_ended(start_->id, *outcome_);
}

std::vector<model::ContainerResult> AttemptTask::results() const {
    std::vector<model::ContainerResult> list;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const auto& end = *runs_[i]->outcome();
        const auto& why = no_start_reasons_[i];
        auto& result = list.emplace_back();
        result.name = containers()[i].name.value_or("");
        result.exit_code = end.exit_code;
        result.reason = end.reason.empty() ? why : end.reason;
        if (!runs_[i]->started_at() || i >= start_->logs.size()) continue;
        result.log_group = start_->logs[i].group;
        result.log_stream = start_->logs[i].stream;
    }
    return list;
}

/// The sum of the containers' peaks: they need not have come at one time.
std::optional<model::ResourceUse> AttemptTask::use() const {
    std::optional<model::ResourceUse> sum;
    for (const auto& run : runs_) {
        const auto& use = run->outcome()->use;
        if (!use) continue;
        if (!sum) sum.emplace();
        sum->peak_memory_bytes += use->peak_memory_bytes;
        sum->cpu_milliseconds += use->cpu_milliseconds;
    }
    return sum;
}

void AttemptTask::tell_again() const {
    if (started_at_) {
        const auto& main = runs_[model::first_essential(start_->task)];
        context_.events.attempt_started(start_->id, main->container_id(), *started_at_,
                                        main->address());
    }
    if (outcome_) context_.events.attempt_ended(start_->id, *outcome_);
}

void AttemptTask::forget() {
    if (!outcome_) return abandon();
    for (const auto& run : runs_) run->forget();
}

void AttemptTask::abandon() {
    if (std::exchange(is_abandoned_, true)) return;
    log::warn("attempt {}: abandoned", to_string(start_->id));
    timer_.cancel();
    for (const auto& run : runs_) run->abandon();
}

void AttemptTask::shutdown() {
    timer_.cancel();
    for (const auto& run : runs_) run->shutdown();
    if (sandbox_) sandbox_->shutdown();
}

void AttemptTask::container_gone() {
    if (++runs_gone_ < runs_.size()) return;
    if (sandbox_ || !docker::task_volumes(*start_).empty()) {
        context_.spawn(clean_up());
    } else {
        gone();
    }
}

asio::awaitable<void> AttemptTask::clean_up() {
    const auto self = shared_from_this();
    if (sandbox_) co_await sandbox_->remove();
    for (const auto& volume : docker::task_volumes(*start_)) {
        if (host_->is_closed()) co_return;
        auto removed = co_await host_->client().remove_volume(volume);
        if (!removed && removed.error().kind != ErrorKind::NotFound) {
            // Once more when the host lists what belongs to no attempt.
            log::warn("volume {}: cannot be removed yet: {}", volume, removed.error().message);
        }
    }
    if (!host_->is_closed()) gone();
}

void AttemptTask::gone() {
    if (const auto gone = std::exchange(on_gone_, nullptr)) gone();
}

}  // namespace batchd::runtime
