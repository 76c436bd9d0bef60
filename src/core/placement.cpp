// The scheduling pass.
//
// Queues are served by priority, then by age. Inside a queue the jobs stand in buckets of equal
// shape and share; the pass merges the buckets' heads by order (service_order.hpp). A shape that
// does not fit blocks its bucket for the rest of the pass (capacity only shrinks in a pass), so
// that the cost grows with the number of jobs placed and of distinct shapes times hosts, not with
// the number that wait.
#include "core/decisions.hpp"
#include "core/service_order.hpp"

#include <algorithm>
#include <set>

namespace batchd::core {
namespace {

struct Place {
    EnvironmentIndex environment;
    HostIndex host;
};

class Pass {
  public:
    Pass(State& state, Timestamp now) : state_(state), now_(now) {}

    void run() {
        const auto queues = by_priority();
        usable_.resize(state_.queues.size());
        for (const QueueIndex queue : queues) {
            drop_inactive_shares(state_, queue, now_);
            usable_[queue.value] = usable_vcpus(state_, state_.queue(queue), now_);
        }
        // All stale ones go first: the queues that are served early may use what they kept.
        for (const QueueIndex queue : queues) drop_stale_reservation(queue);
        for (const QueueIndex queue : queues) serve(queue);
    }

  private:
    std::vector<QueueIndex> by_priority() const {
        std::vector<QueueIndex> order;
        for (std::uint32_t i = 0; i < state_.queues.size(); ++i) {
            const Queue& queue = state_.queues[i];
            const bool has_waiting = std::ranges::any_of(
                queue.shares, [](const Share& s) { return !s.waiting.empty(); });
            if (has_waiting || queue.blocked_head) order.push_back(QueueIndex{i});
        }
        std::ranges::sort(order, std::greater<>{}, [&](QueueIndex q) {
            const auto& row = state_.queue(q).row;
            return std::pair(row.document.priority, -row.id);
        });
        return order;
    }

    void serve(QueueIndex index) {
        ServiceOrder order(state_, state_.queue(index), now_);
        std::set<ShapeIndex> blocked;
        bool is_first = true;
        while (const auto next = order.next()) {
            // Other shares have jobs of the same shape; but only the head has a host kept for it.
            if (!is_first && blocked.contains(next->shape)) continue;
            if (const auto found = find_place(index, *next)) {
                serve(index, *next, *found, order);
                continue;
            }
            if (is_first) note_blocked_head(index, *next);
            is_first = false;
            blocked.insert(next->shape);
            if (state_.policy.strict_order) break;
        }
        if (is_first) clear_head(index);  // all were placed
    }

    void serve(QueueIndex index, const Candidate& next, const Place& found, ServiceOrder& order) {
        const JobIndex job = state_.job(next.job).array ? fresh_child(state_, next.job) : next.job;
        place(state_, job, found.environment, found.host);
        order.charge(next.share, resources(next.shape).vcpu);
        const auto& waiting = state_.queue(index).shares[next.share.value].waiting;
        const auto bucket = waiting.find(next.shape);
        if (bucket == waiting.end()) return;
        const auto& [key, head] = *bucket->second.entries.begin();
        order.put({.key = key, .share = next.share, .shape = next.shape, .job = head});
    }

    /// A reservation is its queue's head's, for as long as the job can come to run there.
    void drop_stale_reservation(QueueIndex index) {
        auto& reservation = state_.queue(index).reservation;
        if (!reservation) return;
        const auto head = ServiceOrder(state_, state_.queue(index), now_).next();
        if (!head || head->key.seq != reservation->seq ||
            !can_ever_run(index, head->shape, reservation->host)) {
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
            queue.blocked_head.emplace(head.key.seq, now_ + state_.policy.reserve_after);
            queue.reservation.reset();
        }
        if (queue.reservation || state_.policy.strict_order) return;
        if (now_ < queue.blocked_head->second) return;
        if (const auto host = host_to_reserve(index, head)) {
            queue.reservation = Reservation{.seq = head.key.seq, .host = *host};
        } else {
            queue.blocked_head->second = now_ + state_.policy.reserve_after;  // not before that
        }
    }

    /// The host that will probably be free for the job first: the one with the most free vCPUs
    /// among those that are large enough and not kept for another queue.
    std::optional<HostIndex> host_to_reserve(QueueIndex index, const Candidate& head) const {
        std::optional<HostIndex> best;
        for (const EnvironmentIndex e : state_.queue(index).environments) {
            for (const HostIndex h : state_.environment(e).hosts) {
                if (keeper(h) || !can_ever_run(index, head.shape, h)) continue;
                const MilliVcpu free = free_of(state_.host(h)).vcpu;
                if (!best || free > free_of(state_.host(*best)).vcpu) best = h;
            }
        }
        return best;
    }

    /// Whether the job would run on the host if nothing else ran there. To keep a host free for one
    /// that never can would stop everybody.
    bool can_ever_run(QueueIndex index, ShapeIndex shape, HostIndex h) const {
        const Host& host = state_.host(h);
        if (!host.is_up || !resources(shape).fits_in(host.capacity)) return false;
        if (!may_run(index, shape)) return false;
        return std::ranges::any_of(state_.queue(index).environments, [&](EnvironmentIndex e) {
            const auto limit = vcpu_limit(state_.environment(e));
            return may_use(e, shape) && (!limit || resources(shape).vcpu <= *limit) &&
                   std::ranges::find(state_.environment(e).hosts, h) !=
                       state_.environment(e).hosts.end();
        });
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

    /// Whether anything but capacity keeps the job back. A queue that holds nothing may run one job
    /// even if that is more than computeReservation leaves.
    bool may_run(QueueIndex index, ShapeIndex shape) const {
        const Queue& queue = state_.queue(index);
        const auto usable = usable_[index.value];
        if (usable && queue.used.value > 0 && queue.used + resources(shape).vcpu > *usable) {
            return false;
        }
        return has_consumables(state_, state_.shape(shape));
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
        if (!may_run(index, next.shape)) return std::nullopt;
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
    std::vector<std::optional<MilliVcpu>> usable_;  ///< by QueueIndex; see usable_vcpus
};

}  // namespace

void run_pass(State& state, Timestamp now) { Pass(state, now).run(); }

std::optional<Timestamp> next_reservation(const State& state) {
    std::optional<Timestamp> next;
    if (state.policy.strict_order) return next;
    for (const Queue& queue : state.queues) {
        if (!queue.blocked_head || queue.reservation) continue;
        if (!next || queue.blocked_head->second < *next) next = queue.blocked_head->second;
    }
    return next;
}

}  // namespace batchd::core
