// The scheduling pass.
//
// Queues are served by priority, then by age. Inside a queue the jobs stand in buckets of equal
// shape and share; the pass merges the buckets' heads by order (service_order.hpp). A shape that
// does not fit blocks its bucket for the rest of the pass (capacity only shrinks in a pass), so
// that the cost grows with the number of jobs placed, of distinct shapes and of hosts, not with the
// number that wait.
#include "core/decisions.hpp"
#include "core/fitting.hpp"
#include "core/service_order.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace batchd::core {
namespace {

struct Place {
    EnvironmentIndex environment;
    HostIndex host;
    std::vector<HostIndex> nodes = {};  ///< of a multi-node job, by index
};

/// The hosts of a list that take attempts, those with the fewest free vCPUs first; else in the
/// list's order. Sorted once in a pass: a look is a binary search, and a placement moves one entry,
/// however many hosts there are.
class FreeHosts {
  public:
    FreeHosts(const State& state, const std::vector<HostIndex>& hosts) : state_(state) {
        for (std::uint32_t at = 0; at < hosts.size(); ++at) {
            const Host& host = state.host(hosts[at]);
            if (!takes_attempts(host)) continue;
            entries_.push_back({.vcpu = free_of(host).vcpu, .at = at, .host = hosts[at]});
        }
        std::ranges::sort(entries_, before);
    }

    /// The first host for which `suits` holds, among those that have the vCPUs.
    template <class Suits>
    std::optional<HostIndex> find(MilliVcpu vcpu, const Suits& suits) const {
        const auto begin = std::ranges::lower_bound(entries_, vcpu, {}, &Entry::vcpu);
        const auto found =
            std::find_if(begin, entries_.end(), [&](const Entry& e) { return suits(e.host); });
        return found == entries_.end() ? std::nullopt : std::optional(found->host);
    }

    /// The host has fewer free vCPUs now than it had.
    void shrink(HostIndex host, MilliVcpu had) {
        auto from = std::ranges::lower_bound(entries_, had, {}, &Entry::vcpu);
        while (from != entries_.end() && from->host != host) ++from;
        BATCHD_CHECK(from != entries_.end(),
                     "a host that was found is in the list it was found in");
        from->vcpu = free_of(state_.host(host)).vcpu;
        const auto to = std::upper_bound(entries_.begin(), from, *from, before);
        std::rotate(to, from, from + 1);
    }

  private:
    struct Entry {
        MilliVcpu vcpu;
        std::uint32_t at = 0;  ///< in the list
        HostIndex host;
    };
    static bool before(const Entry& a, const Entry& b) {
        return std::tie(a.vcpu, a.at) < std::tie(b.vcpu, b.at);
    }

    const State& state_;
    std::vector<Entry> entries_;
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

    /// Its failures may have set free what the pass had gone by.
    bool has_refused() const { return has_refused_; }

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
        while (room_to_run(state_.queue(index)) > 0) {
            const auto next = order.next();
            if (!next) break;
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
        if (is_first && room_to_run(state_.queue(index)) > 0) clear_head(index);  // all were placed
    }

    void dispatch(const Candidate& next, const Place& found, ServiceOrder& order) {
        if (state_.job(next.job).flaw != model::DispatchFlaw::None) {
            refuse_dispatch(state_, next.job, now_);
            has_refused_ = true;
            free_hosts_.clear();
            return;
        }
        if (state_.job(next.job).gang) {
            place_gang(state_, next.job, found.environment, found.nodes);
            free_hosts_.clear();
        } else {
            const bool is_array = state_.job(next.job).array != nullptr;
            const JobIndex job = is_array ? fresh_child(state_, next.job) : next.job;
            const MilliVcpu free = free_of(state_.host(found.host)).vcpu;
            place(state_, job, found.environment, found.host);
            free_hosts_of(found.environment).shrink(found.host, free);
        }
        order.charge(next.share, resources(next.shape).vcpu);
    }

    void serve(QueueIndex index, const Candidate& next, const Place& found, ServiceOrder& order) {
        dispatch(next, found, order);
        const auto& blocked = state_.queue(index).blocked_head;
        // A child of an array: the others, which have its seq, wait anew.
        if (blocked && blocked->first == next.key.seq) clear_head(index);
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
            !can_ever_run(index, head->shape, reservation->hosts)) {
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
        if (auto hosts = hosts_to_reserve(index, head); !hosts.empty()) {
            queue.reservation = Reservation{.seq = head.key.seq, .hosts = std::move(hosts)};
        } else {
            queue.blocked_head->second = now_ + state_.policy.reserve_after;  // not before that
        }
    }

    /// The hosts that will probably be free for the job first: those with the most free vCPUs
    /// among the ones that are large enough and not kept for another queue.
    std::vector<HostIndex> hosts_to_reserve(QueueIndex index, const Candidate& head) const {
        const Shape& shape = state_.shape(head.shape);
        const std::size_t most =
            shape.nodes.empty() ? 1 : static_cast<std::size_t>(count_nodes(shape));
        for (const EnvironmentIndex e : state_.queue(index).environments) {
            std::vector<HostIndex> hosts;
            for (const HostIndex h : hosts_of(state_, state_.environment(e))) {
                const Host& host = state_.host(h);
                if (takes_attempts(host) && is_of_use(host, shape) && !keeper_of(state_, h)) {
                    hosts.push_back(h);
                }
            }
            std::ranges::sort(hosts, std::greater<>{}, [&](HostIndex h) {
                return std::pair(free_of(state_.host(h)).vcpu, ~h.value);
            });
            // As few as can take the job.
            for (std::size_t n = 1; n <= std::min(most, hosts.size()); ++n) {
                std::vector<HostIndex> first(hosts.begin(),
                                             hosts.begin() + static_cast<std::ptrdiff_t>(n));
                if (can_ever_run(index, head.shape, first)) return first;
            }
        }
        return {};
    }

    /// Whether the job would run on these hosts if nothing else ran there. To keep a host free for
    /// one that never can would stop everybody.
    bool can_ever_run(QueueIndex index, ShapeIndex shape,
                      const std::vector<HostIndex>& hosts) const {
        if (!may_run(index, shape)) return false;
        std::vector<Room> rooms;
        for (const HostIndex h : hosts) {
            const Host& host = state_.host(h);
            if (!takes_attempts(host)) return false;
            rooms.push_back({.host = h, .free = host.capacity});
        }
        if (assign(state_.shape(shape), rooms).empty()) return false;
        return std::ranges::any_of(state_.queue(index).environments, [&](EnvironmentIndex e) {
            const auto limit = vcpu_limit(state_.environment(e));
            return may_use(e, shape) && (!limit || resources(shape).vcpu <= *limit) &&
                   std::ranges::all_of(hosts, [&](HostIndex h) { return serves(h, e); });
        });
    }

    /// Whether the host is one of hosts_of the environment.
    bool serves(HostIndex h, EnvironmentIndex e) const {
        const auto& owner = state_.host(h).environment;
        return owner ? *owner == e : state_.environment(e).hosts.empty();
    }

    /// Whether some part of the job would fit on the empty host.
    bool is_of_use(const Host& host, const Shape& shape) const {
        if (shape.nodes.empty()) return shape.resources.fits_in(host.capacity);
        return std::ranges::any_of(shape.nodes, [&](const model::NodeGroup& group) {
            return group.resources.fits_in(host.capacity);
        });
    }

    /// Whether anything but capacity keeps the job back.
    bool may_run(QueueIndex index, ShapeIndex shape) const {
        return is_within_reservation(state_.queue(index), usable_[index.value],
                                     state_.shape(shape)) &&
               has_consumables(state_, state_.shape(shape));
    }

    bool may_use(EnvironmentIndex e, ShapeIndex shape) const {
        const Environment& environment = state_.environment(e);
        return is_open(environment) && is_for_platform(environment, state_.shape(shape));
    }

    /// The first environment of the queue that takes the job.
    std::optional<Place> find_place(QueueIndex index, const Candidate& next) {
        if (!may_run(index, next.shape)) return std::nullopt;
        for (const EnvironmentIndex e : state_.queue(index).environments) {
            if (!may_use(e, next.shape) ||
                !is_within_limit(state_.environment(e), state_.shape(next.shape))) {
                continue;
            }
            const bool is_gang = !state_.shape(next.shape).nodes.empty();
            auto found = is_gang ? find_hosts(index, next, e) : find_host(index, next, e);
            if (found) return found;
        }
        return std::nullopt;
    }

    /// The host of the environment that the job fills most.
    std::optional<Place> find_host(QueueIndex index, const Candidate& next, EnvironmentIndex e) {
        const model::Resources& wanted = resources(next.shape);
        const auto best = free_hosts_of(e).find(wanted.vcpu, [&](HostIndex h) {
            return wanted.fits_in(free_of(state_.host(h))) &&
                   !is_kept_from(state_, h, index, next.key.seq);
        });
        if (!best) return std::nullopt;
        return Place{.environment = e, .host = *best};
    }

    /// Environments without hosts of their own share a list.
    FreeHosts& free_hosts_of(EnvironmentIndex e) {
        const auto& hosts = hosts_of(state_, state_.environment(e));
        return free_hosts_.try_emplace(&hosts, state_, hosts).first->second;
    }

    std::optional<Place> find_hosts(QueueIndex index, const Candidate& next,
                                    EnvironmentIndex e) const {
        std::vector<Room> rooms;
        for (const HostIndex h : hosts_of(state_, state_.environment(e))) {
            const Host& host = state_.host(h);
            if (!takes_attempts(host) || is_kept_from(state_, h, index, next.key.seq)) continue;
            rooms.push_back({.host = h, .free = free_of(host)});
        }
        auto hosts = assign(state_.shape(next.shape), rooms);
        if (hosts.empty()) return std::nullopt;
        return Place{.environment = e, .host = hosts.front(), .nodes = std::move(hosts)};
    }

    const model::Resources& resources(ShapeIndex shape) const {
        return state_.shape(shape).resources;
    }

    State& state_;
    Timestamp now_;
    bool has_refused_ = false;
    std::map<const std::vector<HostIndex>*, FreeHosts> free_hosts_;
    std::vector<std::optional<MilliVcpu>> usable_;  ///< by QueueIndex; see usable_vcpus
};

}  // namespace

void run_pass(State& state, Timestamp now) {
    bool is_over = false;
    while (!is_over) {
        Pass pass(state, now);
        pass.run();
        is_over = !pass.has_refused();
    }
}

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
