#include "core/decisions.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

namespace batchd::core {
namespace {

using model::JobStatus;

/// The job whose current attempt is `id`; nullopt for a late message about an older one.
std::optional<JobIndex> find_attempt(const State& state, const model::AttemptId& id) {
    const auto index = state.find_job(id.job);
    if (!index) return std::nullopt;
    const Job& job = state.job(*index);
    if (!job.run || job.state.attempt != id.number) return std::nullopt;
    return index;
}

bool matches(const std::optional<std::string>& pattern, const std::string& text) {
    return !pattern || model::matches_exit_pattern(*pattern, text);
}

/// AWS: every condition that the rule gives must match; an absent exit code matches none.
bool matches(const model::EvaluateOnExit& rule, const model::Attempt& attempt) {
    if (rule.on_exit_code &&
        (!attempt.exit_code ||
         !model::matches_exit_pattern(*rule.on_exit_code, std::to_string(*attempt.exit_code)))) {
        return false;
    }
    return matches(rule.on_reason, attempt.reason) &&
           matches(rule.on_status_reason, attempt.status_reason);
}

/// AWS: the first rule that matches decides; if none does, the job is retried.
bool is_allowed_by_rules(const Job& job, const model::Attempt& attempt) {
    if (!job.retry_rules) return true;
    for (const auto& rule : *job.retry_rules) {
        if (matches(rule, attempt)) return std::toupper(rule.action.front()) == 'R';
    }
    return true;
}

/// Whether a retry after this attempt is one of those that infrastructure failures have.
bool is_free_of_charge(const State& state, const Job& job, const model::Attempt& attempt) {
    const auto own = job.options ? job.options->infrastructure_retries : std::nullopt;
    return model::is_infrastructure_failure(attempt) &&
           job.state.infrastructure_failures < own.value_or(state.policy.infrastructure_retries);
}

bool may_retry(const State& state, const Job& job, const model::Attempt& attempt) {
    if (!is_allowed_by_rules(job, attempt)) return false;
    const std::int32_t own = attempt.id.number - job.state.infrastructure_failures;
    return own < job.attempts_limit || is_free_of_charge(state, job, attempt);
}

/// The attempt counts as lost with its host.
bool is_lost(StopCause cause) {
    return cause == StopCause::HostDrained || cause == StopCause::StartingTooLong;
}

/// A restart goes on with the stop (stored_stop); that of another cause it finds out anew.
bool is_stored(StopCause cause) {
    return cause == StopCause::Terminated || cause == StopCause::TimedOut ||
           cause == StopCause::StartingTooLong;
}

bool was_out_of_memory(const model::Attempt& attempt) {
    return attempt.reason.starts_with("OutOfMemoryError");
}

constexpr std::int64_t kMostMemory = std::numeric_limits<std::int32_t>::max();  // MiB

/// Of a host that the queue's jobs may run on; instances may be launched with more than there is.
std::int64_t largest_memory(const State& state, const Queue& queue) {
    std::int64_t most = 0;
    for (const EnvironmentIndex e : queue.environments) {
        const Environment& environment = state.environment(e);
        if (is_elastic(environment.row.document)) return kMostMemory;
        for (const HostIndex h : hosts_of(state, environment)) {
            most = std::max(most, state.host(h).capacity.memory.value);
        }
    }
    return most;
}

/// After an out-of-memory kill, if the job wants that. Not beyond what could be placed.
void grow_memory(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (!job.options || !job.options->out_of_memory_factor || job.gang) return;
    Shape shape = state.shape(job.shape);
    if (shape.fargate) return;  // which has sizes of its own
    const auto before = static_cast<double>(shape.resources.memory.value);
    const auto most = std::min(job.options->out_of_memory_limit.value_or(kMostMemory),
                               largest_memory(state, state.queue(job.queue)));
    const auto grown = std::min(
        most, static_cast<std::int64_t>(std::ceil(before * *job.options->out_of_memory_factor)));
    if (grown <= shape.resources.memory.value) return;
    shape.resources.memory = MiB{grown};
    job.state.memory = MiB{grown};
    reshape(state, index, intern(state, shape));
}

/// A container may have ended in time while nobody could see it: the daemon or its host was away.
bool ended_in_time(const Job& job) {
    const model::Attempt& attempt = job.run->attempt;
    return attempt.started_at && attempt.stopped_at &&
           *attempt.stopped_at < *attempt.started_at + Seconds{job.timeout_seconds};
}

/// The first GPUs of the host that nobody holds. There are enough: the job fits.
std::vector<std::string> free_gpus(const Host& host, std::int32_t wanted) {
    std::vector<std::string> ids;
    for (const std::string& id : host.gpus) {
        if (std::ssize(ids) == wanted) break;
        if (!host.gpus_in_use.contains(id)) ids.push_back(id);
    }
    BATCHD_CHECK(std::ssize(ids) == wanted, "a job is placed where its GPUs are free");
    return ids;
}

}  // namespace

void put_attempt(State& state, const Job& job, model::AttemptPut::What what) {
    state.step.changes.attempts.push_back(
        {.job_seq = job.seq, .attempt = job.run->attempt, .what = what});
}

JobEvent meaning_of_end(const State& state, const Job& job, const model::Attempt& attempt,
                        StopCause stop) {
    const bool counts = stop == StopCause::None || stop == StopCause::HostDrained ||
                        stop == StopCause::StartingTooLong;
    if (!counts) return JobEvent::AttemptFailed;
    if (attempt.exit_code == 0) return JobEvent::AttemptSucceeded;
    return may_retry(state, job, attempt) ? JobEvent::AttemptRetried : JobEvent::AttemptFailed;
}

void retry(State& state, JobIndex index, const model::Attempt& attempt) {
    const bool is_free = is_free_of_charge(state, state.job(index), attempt);
    transition(state, index, JobEvent::AttemptRetried);
    if (was_out_of_memory(attempt)) grow_memory(state, index);
    Job& job = state.job(index);
    if (is_free) ++job.state.infrastructure_failures;
    job.state.status_reason = attempt.status_reason;
    job.state.started_at.reset();  // of the next attempt, once that runs
    job.state.stopped_at.reset();
}

void place(State& state, JobIndex index, EnvironmentIndex environment, HostIndex host) {
    Job& job = state.job(index);
    job.run = std::make_unique<Run>();
    job.run->host = host;
    job.run->environment = environment;
    begin_attempt(state, index, job.state.attempt + 1);
    state.step.actions.emplace_back(start_of(state, job));
}

void begin_attempt(State& state, JobIndex index, std::int32_t number) {
    Job& job = state.job(index);
    job.run->attempt.gpus =
        free_gpus(state.host(job.run->host), state.shape(job.shape).resources.gpus);
    transition(state, index, JobEvent::Placed);
    job.state.attempt = number;  // after the transition: the bucket's key depends on it
    job.state.status_reason.clear();

    model::Attempt& attempt = job.run->attempt;
    attempt.id = {.job = job.id, .number = number};
    attempt.compute_environment =
        state.environment(job.run->environment).row.document.compute_environment_name;
    attempt.host = state.host(job.run->host).name;
    attempt.price =
        price_on(state, state.host(job.run->host), state.environment(job.run->environment),
                 state.shape(job.shape).resources);
    put_attempt(state, job, model::AttemptPut::What::All);
}

StartContainer start_of(const State& state, const Job& job) {
    const model::Attempt& attempt = job.run->attempt;
    StartContainer start{.seq = job.seq,
                         .id = attempt.id,
                         .host = attempt.host,
                         .queue = state.queue(job.queue).row.document.job_queue_name,
                         .environment = attempt.compute_environment,
                         .resources = state.shape(job.shape).resources,
                         .gpus = attempt.gpus,
                         .main_address = {},
                         .main_host = {}};
    if (job.parent) {
        const auto& children = state.job(*job.parent).array->children;
        start.array_size = static_cast<std::int32_t>(children.size());
    }
    if (job.node_of) {
        const Job& whole = state.job(*job.node_of);
        start.num_nodes = count_nodes(state.shape(whole.shape));
        start.main_node = whole.gang->main;
        const auto main = whole.gang->nodes.find(whole.gang->main);
        if (job.id.index() != start.main_node && main != whole.gang->nodes.end()) {
            start.main_address = state.job(main->second).run->attempt.address;
            start.main_host = state.job(main->second).run->attempt.host;
        }
    }
    return start;
}

void stop_attempt(State& state, JobIndex index, StopCause cause, std::string reason) {
    Job& job = state.job(index);
    const StopCause before = job.run->stop;
    // A client's word is the last one: it keeps an attempt that loses its host from a retry.
    if (before != StopCause::None && !(is_lost(before) && cause == StopCause::Terminated)) {
        return;
    }
    job.run->stop = cause;
    job.run->stop_reason = std::move(reason);
    if (is_stored(cause)) {
        if (cause == StopCause::Terminated) job.state.is_terminated = true;
        job.state.status_reason = job.run->stop_reason;
        mark_dirty(state, index);
    }
    if (before != StopCause::None) return;  // asked for
    state.step.actions.emplace_back(
        StopContainer{.id = job.run->attempt.id, .grace = stop_grace(state, job)});
}

StopCause stored_stop(const model::JobState& job, const std::string& reason) {
    if (job.is_terminated) return StopCause::Terminated;
    if (reason == kTimedOut || reason.starts_with(kDeadlineExceeded)) return StopCause::TimedOut;
    if (reason.starts_with(model::kStartingTooLong)) return StopCause::StartingTooLong;
    return StopCause::None;
}

Seconds stop_grace(const State& state, const Job& job) {
    const auto& options = job.node_of ? state.job(*job.node_of).options : job.options;
    if (!options || !options->stop_timeout) return state.policy.stop_grace;
    return Seconds{*options->stop_timeout};
}

void stop_overdue_attempts(State& state, Timestamp now) {
    while (!state.deadlines.empty() && state.deadlines.begin()->first <= now) {
        const JobIndex index = state.deadlines.begin()->second;
        state.deadlines.erase(state.deadlines.begin());
        state.job(index).run->deadline.reset();
        stop_attempt(state, index, StopCause::TimedOut, std::string(kTimedOut));
    }
}

Result<Reply> decide(State& state, AttemptStarted&& event, Timestamp) {
    const auto index = find_attempt(state, event.id);
    if (!index || !transition(state, *index, JobEvent::ContainerStarted)) return Reply{};
    Job& job = state.job(*index);
    job.state.started_at = event.started_at;
    if (job.parent) note_child_started(state, job);
    note_started(state, *index);
    model::Attempt& attempt = job.run->attempt;
    attempt.container_id = std::move(event.container_id);
    attempt.started_at = event.started_at;
    if (event.containers.size() > 1) {
        attempt.containers = std::move(event.containers);
    } else if (!event.containers.empty()) {
        attempt.log_group = std::move(event.containers.front().log_group);
        attempt.log_stream = std::move(event.containers.front().log_stream);
    }
    attempt.address = std::move(event.address);
    put_attempt(state, job, model::AttemptPut::What::Start);
    if (job.timeout_seconds > 0) {
        job.run->deadline = event.started_at + Seconds{job.timeout_seconds};
        state.deadlines.emplace(*job.run->deadline, *index);
    }
    if (job.node_of) note_node_started(state, *index);
    return Reply{};
}

namespace {

/// What the end of a container says of its attempt.
void take_outcome(Job& job, model::AttemptOutcome&& outcome) {
    model::Attempt& attempt = job.run->attempt;
    StopCause& stop = job.run->stop;
    attempt.stopped_at = outcome.stopped_at;
    attempt.exit_code = outcome.exit_code;
    attempt.reason = std::move(outcome.reason);
    attempt.containers = std::move(outcome.containers);
    attempt.use = outcome.use;
    // A deadline is no timeout of the attempt's own.
    if (stop == StopCause::TimedOut && job.run->stop_reason == kTimedOut && ended_in_time(job)) {
        stop = StopCause::None;
    }
    if (is_lost(stop)) {
        if (attempt.exit_code == 0) {
            stop = StopCause::None;  // it finished in its grace
        } else {
            attempt.exit_code.reset();  // the host's end is none of the job's own
            attempt.reason = stop == StopCause::HostDrained
                                 ? "Host " + attempt.host + ": the time to drain it was over"
                                 : "Host " + attempt.host + " did not start it in time";
        }
    }
    attempt.status_reason =
        stop == StopCause::None ? std::move(outcome.status_reason) : job.run->stop_reason;
}

void end_attempt(State& state, JobIndex index, model::AttemptOutcome&& outcome, Timestamp now) {
    Job& job = state.job(index);
    if (job.run->deadline) state.deadlines.erase({*job.run->deadline, index});
    take_outcome(job, std::move(outcome));
    const model::Attempt& attempt = job.run->attempt;
    put_attempt(state, job, model::AttemptPut::What::End);
    state.step.actions.emplace_back(ForgetContainer{attempt.id});
    state.step.ended_attempts.push_back(attempt);

    job.state.stopped_at = attempt.stopped_at;
    if (job.node_of) {
        end_node(state, index, now);
        return;
    }
    const JobEvent meaning = meaning_of_end(state, job, attempt, job.run->stop);
    if (meaning == JobEvent::AttemptRetried) {
        retry(state, index, model::Attempt{attempt});
    } else {
        end_job(state, index, meaning, attempt.status_reason, now);
    }
    state.job(index).run.reset();
}

}  // namespace

Result<Reply> decide(State& state, AttemptEnded&& event, Timestamp now) {
    if (const auto index = find_attempt(state, event.id)) {
        end_attempt(state, *index, std::move(event.outcome), now);
    } else {
        // Its end was decided before, but the runtime may not know: the container may go.
        state.step.actions.emplace_back(ForgetContainer{event.id});
    }
    return Reply{};
}

void lose_attempt(State& state, JobIndex index, const std::string& why, Timestamp now) {
    const Run& run = *state.job(index).run;
    const std::string host = run.attempt.host;
    if (run.is_held) {
        end_held_node(state, index, lost_with_host(host), now);
        return;
    }
    end_attempt(state, index,
                {.exit_code = std::nullopt,
                 .reason = "Host " + host + ": " + why,
                 .status_reason = lost_with_host(host),
                 .stopped_at = now},
                now);
}

}  // namespace batchd::core
