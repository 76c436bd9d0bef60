// The order in which the waiting jobs of a queue are served.
#include "core/decisions.hpp"

#include <algorithm>
#include <queue>

namespace batchd::core {
namespace {

/// Adds the fresh RUNNABLE children of an array, lowest index first.
void add_children_of(const Job& job, std::size_t most, std::vector<WaitingJob>& front) {
    const Array& array = *job.array;
    for (std::int32_t i = array.next_fresh; i < std::ssize(array.children); ++i) {
        if (front.size() >= most) return;
        if (array.children[static_cast<std::size_t>(i)] != model::JobStatus::Runnable) continue;
        if (array.slots.contains(i)) continue;
        front.push_back({.id = job.id.child(i), .since = array.runnable_since});
    }
}

struct Cursor {
    Bucket const* bucket;
    std::map<WaitKey, JobIndex>::const_iterator at;
    friend bool operator>(const Cursor& a, const Cursor& b) { return a.at->first > b.at->first; }
};

}  // namespace

std::vector<WaitingJob> front_of_queue(const State& state, const Queue& queue, std::size_t most) {
    std::priority_queue<Cursor, std::vector<Cursor>, std::greater<>> cursors;
    for (const auto& [shape, bucket] : queue.waiting) {
        cursors.push({.bucket = &bucket, .at = bucket.entries.begin()});
    }
    std::vector<WaitingJob> front;
    while (!cursors.empty() && front.size() < most) {
        Cursor next = cursors.top();
        cursors.pop();
        const Job& job = state.job(next.at->second);
        if (job.array) {
            add_children_of(job, most, front);
        } else {
            front.push_back({.id = job.id, .since = job.runnable_since});
        }
        if (++next.at != next.bucket->entries.end()) cursors.push(next);
    }
    return front;
}

}  // namespace batchd::core
