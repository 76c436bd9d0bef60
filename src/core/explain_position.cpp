#include "core/explain_position.hpp"

#include "core/decisions.hpp"
#include "core/service_order.hpp"

#include <algorithm>
#include <iterator>

namespace batchd::core {
namespace {

/// Of entries of buckets, and of children: what is looked at for one answer.
constexpr std::int64_t kMostLookedAt = 10'000;
/// Of jobs of a fair-share queue, whose order has to be played through.
constexpr std::size_t kMostPlayed = 1'000;

struct Count {
    std::int64_t jobs = 0;
    bool is_exact = true;
};

std::int64_t jobs_of(const State& state, JobIndex entry) {
    const Job& job = state.job(entry);
    return job.array ? job.array->offered : 1;
}

/// Jobs of the bucket before `key`. The walk begins at both ends: most who ask stand near one.
Count count_before(const State& state, const Bucket& bucket, const WaitKey& key,
                   std::int64_t& budget) {
    const auto& entries = bucket.entries;
    if (entries.rbegin()->first < key) return {.jobs = bucket.jobs};
    auto first = entries.begin();
    auto last = entries.rbegin();
    std::int64_t before = 0;
    std::int64_t behind = 0;
    for (; budget > 0; --budget) {
        if (!(first->first < key)) return {.jobs = before};
        before += jobs_of(state, first->second);
        ++first;
        if (last->first < key) return {.jobs = bucket.jobs - behind};
        behind += jobs_of(state, last->second);
        ++last;
    }
    return {.jobs = before, .is_exact = false};
}

/// Children of the array that are served before this one.
Count count_siblings(const Array& array, std::int32_t child) {
    std::int64_t before = 0;
    for (auto i = array.fresh.find_first(); i < static_cast<std::size_t>(child);
         i = array.fresh.find_next(i)) {
        if (++before == kMostLookedAt) return {.jobs = before, .is_exact = false};
    }
    return {.jobs = before};
}

/// In a queue without shares, or inside one share.
Count count_in_share(const State& state, const Share& share, const WaitKey& key) {
    Count sum;
    std::int64_t budget = kMostLookedAt;
    for (const auto& [_, bucket] : share.waiting) {
        const Count one = count_before(state, bucket, key, budget);
        sum.jobs += one.jobs;
        sum.is_exact = sum.is_exact && one.is_exact;
    }
    return sum;
}

/// In a fair-share queue the shares take turns.
Count count_by_turns(const State& state, const Queue& queue, const model::JobId& id,
                     const Count& in_share, Timestamp now) {
    const auto front = front_of_queue(state, queue, kMostPlayed, now);
    const auto found = std::ranges::find(front, id, &WaitingJob::id);
    if (found != front.end()) return {.jobs = found - front.begin()};
    return {.jobs = std::max(in_share.jobs, std::ssize(front)), .is_exact = false};
}

std::int64_t count_in_queues_before(const State& state, const Queue& queue) {
    std::int64_t jobs = 0;
    for (const Queue& other : state.queues) {
        if (other.row.status == "DELETED" ||
            other.row.document.priority <= queue.row.document.priority) {
            continue;
        }
        const bool is_rival = std::ranges::any_of(other.environments, [&](EnvironmentIndex e) {
            return std::ranges::find(queue.environments, e) != queue.environments.end();
        });
        if (is_rival) jobs += other.counts[static_cast<std::size_t>(model::JobStatus::Runnable)];
    }
    return jobs;
}

}  // namespace

Position position_of(const State& state, const Job& job, const model::JobId& id, Timestamp now) {
    const Queue& queue = state.queue(job.queue);
    Position out{.waiting = queue.counts[static_cast<std::size_t>(model::JobStatus::Runnable)],
                 .head = std::nullopt,
                 .in_queues_before = count_in_queues_before(state, queue)};
    const auto front = front_of_queue(state, queue, 1, now);
    if (!front.empty()) out.head = front.front().id;
    // A child that was never placed stands under its array's entry, whether it has a slot or not.
    const bool is_fresh_child = id.is_child() && job.state.attempt == 0;
    const Job& entry = is_fresh_child && job.parent ? state.job(*job.parent) : job;
    Count count = count_in_share(state, state.share(job), wait_key(entry));
    if (is_fresh_child) {
        const Count siblings = count_siblings(*entry.array, id.index());
        count.jobs += siblings.jobs;
        count.is_exact = count.is_exact && siblings.is_exact;
    }
    if (fairness_of(state, queue)) {
        const auto next =
            job.array && !is_fresh_child
                ? job.id.child(static_cast<std::int32_t>(job.array->fresh.find_first()))
                : job.id;
        count = count_by_turns(state, queue, is_fresh_child ? id : next, count, now);
    }
    out.before = count.jobs;
    out.is_exact = count.is_exact;
    return out;
}

}  // namespace batchd::core
