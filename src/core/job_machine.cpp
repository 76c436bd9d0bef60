#include "core/decisions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace batchd::core {
namespace {

using enum model::JobStatus;
using model::JobStatus;
using Row = std::array<std::optional<model::JobStatus>, kJobEventCount>;
constexpr std::nullopt_t kIgnored = std::nullopt;

// clang-format off
// Rows: the status in the order of its enum. Columns: the events in theirs.
constexpr std::array<Row, model::kJobStatusCount> kTable{{
    //               MustWait  DepsMet   DepFailed GivenUp   Placed    Started   Succeeded  Failed    Retried   AllSucc.   SomeFailed
    /* Submitted */ {{Pending,  Runnable, Failed,   Failed,   kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored, kIgnored,  kIgnored}},
    /* Pending   */ {{kIgnored, Runnable, Failed,   Failed,   kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored, Succeeded, Failed}},
    /* Runnable  */ {{kIgnored, kIgnored, kIgnored, Failed,   Starting, kIgnored, kIgnored,  kIgnored, kIgnored, kIgnored,  kIgnored}},
    /* Starting  */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, Running,  Succeeded, Failed,   Runnable, kIgnored,  kIgnored}},
    /* Running   */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, Succeeded, Failed,   Runnable, kIgnored,  kIgnored}},
    /* Succeeded */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored, kIgnored,  kIgnored}},
    /* Failed    */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored, kIgnored,  kIgnored}},
}};
// clang-format on

void add_waiting(State& state, JobIndex index) {
    const Job& job = state.job(index);
    Bucket& bucket = state.share(job).waiting[job.shape];
    bucket.entries.emplace(wait_key(job), index);
}

void remove_waiting(State& state, JobIndex index) {
    const Job& job = state.job(index);
    auto& waiting = state.share(job).waiting;
    const auto bucket = waiting.find(job.shape);
    BATCHD_CHECK(bucket != waiting.end(), "a RUNNABLE job stands in its bucket");
    bucket->second.entries.erase(wait_key(job));
    if (bucket->second.entries.empty()) waiting.erase(bucket);
}

void change_bucket_count(State& state, const Job& job, std::int64_t by) {
    auto& waiting = state.share(job).waiting;
    if (const auto bucket = waiting.find(job.shape); bucket != waiting.end()) {
        bucket->second.jobs += by;
    }
}

void change_fresh(State& state, JobIndex array_index, std::int64_t by) {
    Job& job = state.job(array_index);
    if (by > 0) job.array->runnable_since = std::max(job.created_at, state.step.now);
    job.array->fresh_runnable += by;
    offer_children(state, array_index);
    if (job.options) arm_limits(state, array_index);
}

/// Of a RUNNABLE job that is no fresh child.
void stand_in_bucket(State& state, JobIndex index) {
    const Job& job = state.job(index);
    if (is_held(state, job)) return;
    add_waiting(state, index);
    change_bucket_count(state, job, +1);
}

void leave_bucket(State& state, JobIndex index) {
    const Job& job = state.job(index);
    if (is_held(state, job)) return;
    change_bucket_count(state, job, -1);
    remove_waiting(state, index);
}

/// Counts a job, or as many children of an array.
void count(State& state, const Job& job, JobStatus status, std::int64_t by) {
    state.queue(job.queue).counts[static_cast<std::size_t>(status)] += by;
    if (model::is_terminal(status)) {
        state.step.ended_in.insert(job.queue);
        return;
    }
    Share& share = state.share(job);
    share.live += by;
    if (share.live == 0) settle_usage(state, job);
}

void count_child(State& state, JobIndex array_index, std::int32_t child, JobStatus status,
                 std::int64_t by) {
    Array& array = *state.job(array_index).array;
    array.counts[static_cast<std::size_t>(status)] += by;
    if (by > 0) array.children[static_cast<std::size_t>(child)] = status;
    mark_dirty(state, array_index);
    if (model::is_placed(status)) offer_children(state, array_index);
}

void count_retrying(State& state, JobIndex array_index, std::int64_t by) {
    state.job(array_index).array->retrying += by;
    offer_children(state, array_index);
}

/// A child that was never placed, whether it has a slot or not, stands under its array's entry.
bool is_fresh_child(const Job& job) { return job.parent && job.state.attempt == 0; }

void enter(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (job.array || job.node_of) return;
    count(state, job, job.state.status, +1);
    if (job.parent) count_child(state, *job.parent, job.id.index(), job.state.status, +1);
    if (job.state.status != Runnable) return;
    if (is_fresh_child(job)) {
        change_fresh(state, *job.parent, +1);
    } else {
        job.runnable_since = std::max(job.created_at, state.step.now);
        stand_in_bucket(state, index);
        if (job.parent) count_retrying(state, *job.parent, +1);
    }
    state.step.needs_pass = true;
}

void leave(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (job.array || job.node_of) return;
    count(state, job, job.state.status, -1);
    if (job.parent) count_child(state, *job.parent, job.id.index(), job.state.status, -1);
    if (job.state.status != Runnable) return;
    if (is_fresh_child(job)) {
        change_fresh(state, *job.parent, -1);
    } else {
        leave_bucket(state, index);
        if (job.parent) count_retrying(state, *job.parent, -1);
    }
    state.step.needs_pass = true;  // it may have stood in the way of others
}

void hold_capacity(State& state, JobIndex index) {
    const Job& job = state.job(index);
    const Shape& shape = state.shape(job.shape);
    if (job.run) {
        Host& host = state.host(job.run->host);
        host.used += shape.resources;
        const auto& gpus = job.run->attempt.gpus;
        host.gpus_in_use.insert(gpus.begin(), gpus.end());
        host.attempts.insert(index);
        note_host_use(state, host);
        state.environment(job.run->environment).used += shape.resources.vcpu;
    }
    if (job.node_of) return;  // the whole job holds what follows
    settle_usage(state, job);
    state.share(job).used += shape.resources.vcpu;
    state.queue(job.queue).used += shape.resources.vcpu;
    take_consumables(state, shape);
}

void release_capacity(State& state, JobIndex index) {
    const Job& job = state.job(index);
    const Shape& shape = state.shape(job.shape);
    state.step.needs_pass = true;
    if (job.run) {
        Host& host = state.host(job.run->host);
        host.used -= shape.resources;
        for (const std::string& id : job.run->attempt.gpus) host.gpus_in_use.erase(id);
        host.attempts.erase(index);
        note_host_use(state, host);
        state.environment(job.run->environment).used -= shape.resources.vcpu;
    }
    if (job.node_of) return;
    settle_usage(state, job);
    state.share(job).used -= shape.resources.vcpu;
    state.queue(job.queue).used -= shape.resources.vcpu;
    give_back_consumables(state, shape);
}

}  // namespace

std::optional<model::JobStatus> next_status(model::JobStatus status, JobEvent event) {
    return kTable[static_cast<std::size_t>(status)][static_cast<std::size_t>(event)];
}

bool transition(State& state, JobIndex index, JobEvent event) {
    Job& job = state.job(index);
    const auto next = next_status(job.state.status, event);
    if (!next) return false;
    const bool held = model::is_placed(job.state.status);
    const bool holds = model::is_placed(*next);
    settle_news(state, index);
    leave(state, index);
    if (held && !holds) release_capacity(state, index);
    job.state.status = *next;
    if (*next == Starting) job.starting_since = state.step.now;
    if (!held && holds) hold_capacity(state, index);
    enter(state, index);
    mark_dirty(state, index);
    if (job.options) arm_limits(state, index);
    add_news(state, index);
    return true;
}

bool is_held(const State& state, const Job& job) {
    return job.state.hold || (job.parent && state.job(*job.parent).state.hold);
}

void offer_children(State& state, JobIndex array_index) {
    Job& job = state.job(array_index);
    Array& array = *job.array;
    std::int64_t offered = job.state.hold ? 0 : array.fresh_runnable;
    if (job.options && job.options->max_parallel) {
        const auto under_way = array.retrying + array.counts[static_cast<std::size_t>(Starting)] +
                               array.counts[static_cast<std::size_t>(Running)];
        const std::int64_t room = *job.options->max_parallel - under_way;
        offered = std::min(offered, std::max<std::int64_t>(room, 0));
    }
    const std::int64_t before = std::exchange(array.offered, offered);
    if (before == offered) return;
    if (before == 0) {
        array.runnable_since = std::max(job.created_at, state.step.now);
        add_waiting(state, array_index);
    }
    change_bucket_count(state, job, offered - before);
    if (offered == 0) remove_waiting(state, array_index);
    if (job.options && (before == 0 || offered == 0)) arm_limits(state, array_index);
}

void set_hold(State& state, JobIndex index, std::optional<std::string> hold) {
    const auto retried = [&](auto change) {
        Job& job = state.job(index);
        if (!job.array) {
            if (job.state.status == Runnable && !job.parent) change(state, index);
            return;
        }
        for (const auto& [_, child] : job.array->slots) {
            const Job& slot = state.job(child);
            if (slot.state.status == Runnable && slot.state.attempt > 0) change(state, child);
        }
    };
    const bool was_held = state.job(index).state.hold.has_value();
    Job& job = state.job(index);
    if (was_held && !hold) {
        job.runnable_since = state.step.now;  // for its limit, it waits from now on
        if (job.array) job.array->runnable_since = state.step.now;
    }
    if (!was_held && hold) retried(leave_bucket);
    state.job(index).state.hold = std::move(hold);
    if (was_held && !state.job(index).state.hold) retried(stand_in_bucket);
    retried([](State& s, JobIndex child) {
        s.job(child).runnable_since = s.step.now;
        if (s.job(child).options) arm_limits(s, child);
    });
    if (state.job(index).array) offer_children(state, index);
    if (state.job(index).options) arm_limits(state, index);
    mark_dirty(state, index);
    state.step.needs_pass = true;
}

void reshape(State& state, JobIndex index, ShapeIndex shape) {
    leave(state, index);
    state.job(index).shape = shape;
    enter(state, index);
}

JobIndex make_slot(State& state, JobIndex array_index, std::int32_t child) {
    const JobIndex index = add_job(state, state.job(array_index).id.child(child));
    Job& parent = state.job(array_index);
    Job& job = state.job(index);
    job.seq = parent.seq;
    job.created_at = parent.created_at;
    job.queue = parent.queue;
    job.share = parent.share;
    job.shape = parent.shape;
    job.rank = parent.rank;
    job.retry_rules = parent.retry_rules;
    job.attempts_limit = parent.attempts_limit;
    job.timeout_seconds = parent.timeout_seconds;
    job.options = parent.options;
    job.state.status = parent.array->children[static_cast<std::size_t>(child)];
    job.parent = array_index;
    parent.array->slots.emplace(child, index);
    parent.array->fresh.reset(static_cast<std::size_t>(child));
    return index;
}

JobIndex make_node(State& state, JobIndex whole_index, std::int32_t node) {
    const JobIndex index = add_job(state, state.job(whole_index).id.node(node));
    const Job& whole = state.job(whole_index);
    Job& job = state.job(index);
    job.seq = whole.seq;
    job.created_at = whole.created_at;
    job.queue = whole.queue;
    job.share = whole.share;
    job.shape = intern(state, {.resources = resources_of_node(state.shape(whole.shape), node)});
    if (node == whole.gang->main) job.timeout_seconds = whole.timeout_seconds;
    job.state.status = Runnable;
    job.node_of = whole_index;
    state.job(whole_index).gang->nodes.emplace(node, index);
    return index;
}

model::JobState never_started(std::string reason, Timestamp now) {
    model::JobState state;
    state.status = Failed;
    state.status_reason = std::move(reason);
    state.stopped_at = now;
    return state;
}

model::JobState succeeded_before(Timestamp now) {
    model::JobState state;
    state.status = Succeeded;
    state.status_reason = "Succeeded in the job that this one runs again";
    state.stopped_at = now;
    return state;
}

bool transition_child(State& state, JobIndex array_index, std::int32_t child, JobEvent event) {
    Job& job = state.job(array_index);
    Array& array = *job.array;
    const JobStatus status = array.children[static_cast<std::size_t>(child)];
    const auto next = next_status(status, event);
    if (!next) return false;
    count(state, job, status, -1);
    count_child(state, array_index, child, status, -1);
    array.fresh.set(static_cast<std::size_t>(child), *next == Runnable);
    if (status == Runnable) change_fresh(state, array_index, -1);
    count(state, job, *next, +1);
    count_child(state, array_index, child, *next, +1);
    if (*next == Runnable) change_fresh(state, array_index, +1);
    add_child_news(state, array_index, child, *next);
    state.step.needs_pass = true;
    return true;
}

void add_children(State& state, JobIndex array_index, const model::JobTraits& traits) {
    Job& job = state.job(array_index);
    job.array = std::make_unique<Array>();
    Array& array = *job.array;
    const auto size = static_cast<std::size_t>(traits.array_size);
    array.children.assign(size, Pending);
    array.fresh.resize(size);
    array.counts[static_cast<std::size_t>(Pending)] = traits.array_size;
    count(state, job, Pending, traits.array_size);
    array.sequence = traits.sequence;
    const bool is_sequence = traits.sequence != model::Sequence::None;
    const bool is_paired = std::ranges::any_of(traits.depends_on, [](const auto& dependency) {
        return dependency.kind == model::Dependency::Kind::NToN;
    });
    if (!is_paired && !is_sequence) return;
    array.waiting_for.assign(size, is_sequence ? 1 : 0);
    array.waiting_for[0] = 0;
}

void restore_child(State& state, JobIndex array_index, std::int32_t child, JobStatus status) {
    count(state, state.job(array_index), Pending, -1);
    count_child(state, array_index, child, Pending, -1);
    // Ended ones are in the queue's counts already.
    if (model::is_terminal(status)) count_child(state, array_index, child, status, +1);
}

void restore_status(State& state, JobIndex index, model::JobStatus status) {
    Job& job = state.job(index);
    job.state.status = status;
    if (model::is_placed(status)) hold_capacity(state, index);
    enter(state, index);
    if (job.options) arm_limits(state, index);
}

void mark_dirty(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (job.is_dirty) return;
    job.is_dirty = true;
    state.step.dirty.push_back(index);
}

}  // namespace batchd::core
