// The scheduling pass.
//
// Queues are served by priority, then by age. Inside a queue the jobs stand in buckets of equal
// shape; the pass merges the buckets' heads by order. A shape that does not fit blocks its bucket
// for the rest of the pass (capacity only shrinks in a pass), so that the cost grows with the
// number of jobs placed and of distinct shapes times hosts, not with the number that wait.
#include "core/decisions.hpp"

#include <algorithm>
#include <queue>

namespace batchd::core {
namespace {

struct Candidate {
    WaitKey key;
    ShapeIndex shape;
    JobIndex job;
    friend bool operator>(const Candidate& a, const Candidate& b) { return a.key > b.key; }
};

using Candidates = std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>>;

struct Place {
    EnvironmentIndex environment;
    HostIndex host;
};

class Pass {
  public:
    Pass(State& state, Timestamp now) : state_(state), now_(now) {}

    void run() {
        for (const QueueIndex queue : by_priority()) serve(queue);
    }

  private:
    std::vector<QueueIndex> by_priority() const {
        std::vector<QueueIndex> order;
        for (std::uint32_t i = 0; i < state_.queues.size(); ++i) {
            if (!state_.queues[i].waiting.empty() || state_.queues[i].reservation) {
                order.push_back(QueueIndex{i});
            }
        }
        std::ranges::sort(order, std::greater<>{}, [&](QueueIndex q) {
            const auto& row = state_.queue(q).row;
            return std::pair(row.document.priority, -row.id);
        });
        return order;
    }

    void serve(QueueIndex index) {
        Candidates heads;
        for (const auto& [shape, bucket] : state_.queue(index).waiting)
            push_head(heads, shape, bucket);
        update_reservation(index, heads);
        bool is_first = true;
        while (!heads.empty()) {
            const Candidate next = heads.top();
            heads.pop();
            if (const auto found = find_place(index, next)) {
                place(state_, next.job, found->environment, found->host);
                const auto bucket = state_.queue(index).waiting.find(next.shape);
                if (bucket != state_.queue(index).waiting.end()) {
                    push_head(heads, next.shape, bucket->second);
                }
                continue;
            }
            if (is_first) note_blocked_head(index, next);
            is_first = false;
            if (state_.policy.strict_order) break;
        }
        if (is_first) clear_head(index);  // all were placed
    }

    static void push_head(Candidates& heads, ShapeIndex shape, const Bucket& bucket) {
        heads.push({.key = bucket.begin()->first, .shape = shape, .job = bucket.begin()->second});
    }

    /// A reservation is its queue's head's; when another job is at the head, it ends.
    void update_reservation(QueueIndex index, const Candidates& heads) {
        auto& reservation = state_.queue(index).reservation;
        if (!reservation) return;
        if (heads.empty() || heads.top().key.seq != reservation->seq ||
            !state_.host(reservation->host).is_up) {
            reservation.reset();
        }
    }

    void clear_head(QueueIndex index) {
        state_.queue(index).blocked_head.reset();
        state_.queue(index).reservation.reset();
    }

    void note_blocked_head(QueueIndex index, const Candidate& head) {
        Queue& queue = state_.queue(index);
        if (!queue.blocked_head || queue.blocked_head->first != head.key.seq) {
            queue.blocked_head.emplace(head.key.seq, now_);
            queue.reservation.reset();
        }
        if (queue.reservation || state_.policy.strict_order) return;
        if (now_ < queue.blocked_head->second + state_.policy.reserve_after) return;
        if (const auto host = host_to_reserve(index, head)) {
            queue.reservation = Reservation{.seq = head.key.seq, .host = *host};
        }
    }

    /// The host that will probably be free for the job first: the one with the most free vCPUs
    /// among those that are large enough and not kept for another queue.
    std::optional<HostIndex> host_to_reserve(QueueIndex index, const Candidate& head) const {
        std::optional<HostIndex> best;
        for (const EnvironmentIndex e : state_.queue(index).environments) {
            if (!may_use(e, head.shape)) continue;
            for (const HostIndex h : state_.environment(e).hosts) {
                const Host& host = state_.host(h);
                if (!host.is_up || !resources(head.shape).fits_in(host.capacity)) continue;
                if (keeper(h)) continue;
                if (!best || free_of(host).vcpu > free_of(state_.host(*best)).vcpu) best = h;
            }
        }
        return best;
    }

    std::optional<QueueIndex> keeper(HostIndex host) const {
        for (std::uint32_t i = 0; i < state_.queues.size(); ++i) {
            const auto& reservation = state_.queues[i].reservation;
            if (reservation && reservation->host == host) return QueueIndex{i};
        }
        return std::nullopt;
    }

    /// A host kept free takes its own job and those of queues with a higher priority.
    bool is_kept_from(HostIndex host, QueueIndex queue, std::int64_t seq) const {
        const auto by = keeper(host);
        if (!by) return false;
        if (*by == queue) return state_.queue(*by).reservation->seq != seq;
        return state_.queue(queue).row.document.priority <= state_.queue(*by).row.document.priority;
    }

    bool may_use(EnvironmentIndex e, ShapeIndex shape) const {
        const Environment& environment = state_.environment(e);
        return is_open(environment) &&
               model::is_fargate(environment.row.document) == state_.shape(shape).fargate;
    }

    bool within_limit(EnvironmentIndex e, ShapeIndex shape) const {
        const auto limit = vcpu_limit(state_.environment(e));
        return !limit || state_.environment(e).used + resources(shape).vcpu <= *limit;
    }

    /// The first environment of the queue that takes the job, and there the host that it fills
    /// most.
    std::optional<Place> find_place(QueueIndex index, const Candidate& next) const {
        for (const EnvironmentIndex e : state_.queue(index).environments) {
            if (!may_use(e, next.shape) || !within_limit(e, next.shape)) continue;
            std::optional<HostIndex> best;
            for (const HostIndex h : state_.environment(e).hosts) {
                const Host& host = state_.host(h);
                if (!host.is_up || !resources(next.shape).fits_in(free_of(host))) continue;
                if (is_kept_from(h, index, next.key.seq)) continue;
                if (!best || free_of(host).vcpu < free_of(state_.host(*best)).vcpu) best = h;
            }
            if (best) return Place{.environment = e, .host = *best};
        }
        return std::nullopt;
    }

    const model::Resources& resources(ShapeIndex shape) const {
        return state_.shape(shape).resources;
    }
    static model::Resources free_of(const Host& host) { return host.capacity - host.used; }

    State& state_;
    Timestamp now_;
};

}  // namespace

void run_pass(State& state, Timestamp now) { Pass(state, now).run(); }

std::optional<Timestamp> next_reservation(const State& state) {
    std::optional<Timestamp> next;
    if (state.policy.strict_order) return next;
    for (const Queue& queue : state.queues) {
        if (!queue.blocked_head || queue.reservation) continue;
        const Timestamp due = queue.blocked_head->second + state.policy.reserve_after;
        if (!next || due < *next) next = due;
    }
    return next;
}

}  // namespace batchd::core
