// What the containers of a task wait for, and in which order they are stopped.
#include "runtime/attempt_task.hpp"
#include "runtime/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::runtime {
namespace {

/// AWS's default for stopTimeout.
constexpr Seconds kStopTimeout{30};

bool wants_end(const model::TaskContainerDependency& dependency) {
    return dependency.condition != "START";
}

}  // namespace

AttemptTask::Readiness AttemptTask::readiness_of(
    const model::TaskContainerDependency& dependency) const {
    const auto index = *model::find_container(start_->task, dependency.container_name.value_or(""));
    const TaskContainer& target = *runs_[index];
    if (!wants_end(dependency) && target.started_at()) return Readiness::Ready;
    if (!target.outcome()) {
        const auto deadline = deadline_of(index);
        const bool is_late = wants_end(dependency) && deadline && *deadline <= context_.clock.now();
        return is_late ? Readiness::Never : Readiness::Waiting;
    }
    const auto& exit_code = target.outcome()->exit_code;
    const bool is_met =
        target.started_at() && exit_code && (dependency.condition == "COMPLETE" || *exit_code == 0);
    return is_met ? Readiness::Ready : Readiness::Never;
}

/// AWS: startTimeout of a container is the time from its start that others wait for its end.
std::optional<Timestamp> AttemptTask::deadline_of(std::size_t index) const {
    const auto& limit = containers()[index].start_timeout;
    if (!limit || !runs_[index]->started_at()) return std::nullopt;
    return *runs_[index]->started_at() + Seconds{*limit};
}

/// AWS: the task ends when an essential container does, or when one can never start.
void AttemptTask::look_for_end() {
    for (std::size_t i = 0; i < runs_.size() && !is_ending_; ++i) {
        if (model::is_essential(containers()[i]) && runs_[i]->outcome()) {
            ended_by_ = i;
            is_ending_ = true;
        }
    }
    for (std::size_t i = 0; i < runs_.size() && !is_ending_; ++i) {
        if (runs_[i]->is_allowed_to_start() || runs_[i]->started_at()) continue;
        for (const auto& dependency : containers()[i].depends_on) {
            if (!is_ending_ && readiness_of(dependency) == Readiness::Never) {
                never_starts(i, dependency);
            }
        }
    }
    if (!is_ending_ && sandbox_ && sandbox_->result() && !*sandbox_->result()) {
        no_start_ = failed_to_start(
            start_error_reason("CannotCreateContainerError", sandbox_->result()->error()),
            std::nullopt, context_.clock.now());
        is_ending_ = true;
    }
}

void AttemptTask::never_starts(std::size_t index,
                               const model::TaskContainerDependency& dependency) {
    is_ending_ = true;
    const auto target = *model::find_container(start_->task, *dependency.container_name);
    const auto& end = runs_[target]->outcome();
    if (end && runs_[target]->started_at() && !end->exit_code) {
        no_start_ = end;  // lost with its host: that is why
        return;
    }
    const std::string how = !end ? fmt::format("did not end within its startTimeout of {} seconds",
                                               *containers()[target].start_timeout)
                            : !runs_[target]->started_at()
                                ? std::string("did not start")
                                : fmt::format("exited with code {}", *end->exit_code);
    const std::string why = fmt::format("container '{}' needs {} of container '{}', which {}",
                                        containers()[index].name.value_or(""),
                                        *dependency.condition, *dependency.container_name, how);
    no_start_ = failed_to_start(end && !runs_[target]->started_at() ? end->reason : why,
                                std::nullopt, context_.clock.now());
    no_start_->status_reason += ": " + why;
    no_start_reasons_[index] = why;
}

void AttemptTask::start_ready() {
    if (!is_sandbox_ready()) return;
    const auto is_ready = [this](const model::TaskContainerDependency& dependency) {
        return readiness_of(dependency) == Readiness::Ready;
    };
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        // All containers of an attempt that ran were started before.
        if (was_running_ || std::ranges::all_of(containers()[i].depends_on, is_ready)) {
            runs_[i]->may_start(sandbox_ && sandbox_->result() ? sandbox_ : nullptr);
        }
    }
}

bool AttemptTask::is_sandbox_ready() {
    if (!sandbox_ || was_running_ || sandbox_->result()) return true;
    sandbox_->prepare([self = weak_from_this()] {
        if (const auto task = self.lock()) task->advance();
    });
    return false;
}

/// Stops those that no other one depends on which still runs; the next ones when these have ended.
void AttemptTask::stop_free() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (runs_[i]->outcome() || has_live_dependants(*containers()[i].name)) continue;
        const auto& limit = containers()[i].stop_timeout;
        runs_[i]->stop(limit ? Seconds{*limit} : stop_grace_.value_or(kStopTimeout));
    }
}

bool AttemptTask::has_live_dependants(const std::string& name) const {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const bool depends = std::ranges::any_of(
            containers()[i].depends_on,
            [&](const auto& dependency) { return dependency.container_name == name; });
        if (depends && !runs_[i]->outcome()) return true;
    }
    return false;
}

/// At the next deadline that has not passed: those that have were looked at.
void AttemptTask::arm_timer() {
    timer_.cancel();
    if (is_ending_ || started_at_) return;
    const Timestamp now = context_.clock.now();
    std::optional<Timestamp> next;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const auto deadline = deadline_of(i);
        if (!deadline || *deadline <= now || runs_[i]->outcome()) continue;
        next = std::min(next.value_or(*deadline), *deadline);
    }
    if (!next) return;
    timer_.expires_after(*next - now + Milliseconds{1});
    timer_.async_wait([self = weak_from_this()](boost::system::error_code ec) {
        const auto task = self.lock();
        if (!ec && task) task->advance();
    });
}

}  // namespace batchd::runtime
