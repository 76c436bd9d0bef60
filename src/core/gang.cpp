// Multi-node parallel jobs: all nodes are placed at once; the main one starts first and decides.
//
// AWS: the job's status is the main node's. When that ends, the others are stopped; the end of any
// other node changes nothing for the rest. The job ends, or is retried, when its last node is gone.
#include "core/decisions.hpp"

namespace batchd::core {
namespace {

/// The node is over: it has no slot from the end of the step on, and none is found by its id.
void drop_node(State& state, JobIndex index) {
    Job& node = state.job(index);
    state.job(*node.node_of).gang->nodes.erase(node.id.index());
    node.run.reset();
    state.job_index.erase(node.id);
}

void stop_nodes(State& state, JobIndex whole, StopCause cause, const std::string& reason,
                Timestamp now) {
    const auto nodes = state.job(whole).gang->nodes;
    for (const auto& [node, index] : nodes) {
        stop_node_or_attempt(state, index, cause, reason, now);
    }
}

/// All nodes are gone.
void finish_gang(State& state, JobIndex index, Timestamp now) {
    Job& whole = state.job(index);
    const model::Attempt main = *std::exchange(whole.gang->main_end, std::nullopt);
    const StopCause stop = std::exchange(whole.gang->main_stop, StopCause::None);
    whole.state.stopped_at = main.stopped_at;
    if (whole.state.is_terminated) {
        end_job(state, index, JobEvent::AttemptFailed, std::string(whole.state.status_reason), now);
        return;
    }
    const JobEvent meaning = meaning_of_end(state, whole, main, stop);
    if (meaning == JobEvent::AttemptRetried) {
        retry(state, index, main);
    } else {
        end_job(state, index, meaning, main.status_reason, now);
    }
}

}  // namespace

void end_held_node(State& state, JobIndex index, const std::string& reason, Timestamp now) {
    Job& node = state.job(index);
    model::Attempt& attempt = node.run->attempt;
    attempt.stopped_at = now;
    attempt.status_reason = reason;
    put_attempt(state, node, model::AttemptPut::What::End);
    state.step.ended_attempts.push_back(attempt);
    transition(state, index, JobEvent::AttemptFailed);
    node.state.status_reason = reason;
    node.state.stopped_at = now;
    drop_node(state, index);
}

void place_gang(State& state, JobIndex whole_index, EnvironmentIndex environment,
                const std::vector<HostIndex>& hosts) {
    transition(state, whole_index, JobEvent::Placed);
    const std::int32_t number = ++state.job(whole_index).state.attempt;
    state.job(whole_index).state.status_reason.clear();
    for (std::int32_t i = 0; i < std::ssize(hosts); ++i) {
        const JobIndex index = make_node(state, whole_index, i);
        Job& node = state.job(index);
        node.run = std::make_unique<Run>();
        node.run->environment = environment;
        node.run->host = hosts[static_cast<std::size_t>(i)];
        node.run->is_held = i != state.job(whole_index).gang->main;
        begin_attempt(state, index, number);
        if (!node.run->is_held) state.step.actions.emplace_back(start_of(state, node));
    }
}

void note_node_started(State& state, JobIndex index) {
    const Job& main = state.job(index);
    const JobIndex whole_index = *main.node_of;
    Job& whole = state.job(whole_index);
    if (main.id.index() != whole.gang->main) return;
    transition(state, whole_index, JobEvent::ContainerStarted);
    whole.state.started_at = main.state.started_at;
    note_started(state, whole_index);
    if (main.run->stop != StopCause::None) return;  // the others have been given up
    for (const auto& [i, node] : whole.gang->nodes) {
        Run& run = *state.job(node).run;
        if (!std::exchange(run.is_held, false)) continue;
        state.step.actions.emplace_back(start_of(state, state.job(node)));
    }
}

void end_node(State& state, JobIndex index, Timestamp now) {
    Job& node = state.job(index);
    const JobIndex whole_index = *node.node_of;
    Gang& gang = *state.job(whole_index).gang;
    const model::Attempt attempt = node.run->attempt;
    const StopCause stop = node.run->stop;
    const bool succeeded = attempt.exit_code == 0;
    transition(state, index, succeeded ? JobEvent::AttemptSucceeded : JobEvent::AttemptFailed);
    node.state.status_reason = attempt.status_reason;
    drop_node(state, index);
    if (attempt.id.job.index() == gang.main) {
        gang.main_end = attempt;
        gang.main_stop = stop;
        stop_nodes(state, whole_index, StopCause::MainNodeEnded, std::string(kMainNodeEnded), now);
    }
    if (gang.nodes.empty()) finish_gang(state, whole_index, now);
}

void terminate_gang(State& state, JobIndex index, std::string reason, Timestamp now) {
    Job& whole = state.job(index);
    if (whole.state.is_terminated) return;
    whole.state.is_terminated = true;
    whole.state.status_reason = reason;  // stored: a restart goes on with the stop
    mark_dirty(state, index);
    stop_nodes(state, index, StopCause::Terminated, reason, now);
}

void stop_node_or_attempt(State& state, JobIndex index, StopCause cause, std::string reason,
                          Timestamp now) {
    if (state.job(index).run->is_held) {
        end_held_node(state, index, reason, now);
    } else {
        stop_attempt(state, index, cause, std::move(reason));
    }
}

}  // namespace batchd::core
