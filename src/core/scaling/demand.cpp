#include "core/scaling/demand.hpp"

#include "batchd/base/result.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

namespace batchd::core::scaling {
namespace {

/// Jobs that ask for nothing would fit anywhere without end.
Item item_of(const model::Resources& resources, std::int64_t count) {
    Item item{.need = amounts(resources), .count = count};
    item.need[0] = std::max<std::int64_t>(item.need[0], 1);
    return item;
}

/// A demand, and how far the plan got with it.
struct Waiting {
    const ScalingDemand* demand = nullptr;
    std::int64_t left = 0;
    std::size_t turn = 0;  ///< in demand->environments: which may launch for it next
    UnservedCause cause = UnservedCause::NoEnvironment;
    std::optional<Wait> wait = {};  ///< if the cause is Blocked

    bool is_gang() const { return !demand->nodes.empty(); }
    bool is_open() const { return left > 0 && turn < demand->environments.size(); }
    std::uint32_t environment() const { return demand->environments[turn]; }

    std::vector<Item> nodes() const {
        std::vector<Item> nodes;
        for (const auto& group : demand->nodes) {
            nodes.push_back(item_of(group.resources, group.count));
        }
        return nodes;
    }

    /// Remembers why jobs are left; of several environments' reasons the most hopeful one.
    void note(UnservedCause why, const std::optional<Wait>& block) {
        if (block) why = UnservedCause::Blocked;
        if (left == 0 || why < cause) return;
        cause = why;
        if (block && (!wait || block->until < wait->until)) wait = block;
    }
};

/// Instances that wait for the rest of their gang.
struct Kept {
    std::uint32_t environment = 0;
    std::vector<std::size_t> instances;
    std::vector<Item> missing;  ///< nodes
};

std::int64_t count_all(const std::vector<Item>& nodes) {
    std::int64_t sum = 0;
    for (const Item& node : nodes) sum += node.count;
    return sum;
}

void raise(Amounts& most, const Amounts& to) {
    for (std::size_t k = 0; k < 3; ++k) most[k] = std::max(most[k], to[k]);
}

Amounts largest(const std::vector<Item>& nodes) {
    Amounts largest{};
    for (const Item& node : nodes) raise(largest, node.need);
    return largest;
}

/// Which jobs are left, and what room.
struct Progress {
    std::vector<Waiting> waiting;           ///< by demand
    std::vector<std::optional<Kept>> kept;  ///< by demand
    std::vector<Rooms> rooms;               ///< by environment
};

/// Lets the instances that are there take jobs, demand by demand in the given order.
class RoomFilling {
  public:
    explicit RoomFilling(const Progress& progress) : progress_(progress) {}

    Progress run(const std::vector<std::size_t>& order) {
        for (const std::size_t d : order) {
            for (const auto e : progress_.waiting[d].demand->environments) {
                progress_.waiting[d].is_gang() ? use_for_gangs(d, e) : use_for_jobs(d, e);
            }
        }
        return std::move(progress_);
    }

  private:
    void use_for_jobs(std::size_t d, std::uint32_t e) {
        Waiting& waiting = progress_.waiting[d];
        const auto need = item_of(waiting.demand->resources, 1).need;
        waiting.left -= progress_.rooms[e].use(need, waiting.left);
    }

    void use_for_gangs(std::size_t d, std::uint32_t e) {
        Waiting& waiting = progress_.waiting[d];
        auto& kept = progress_.kept[d];
        while (waiting.left > 0 && !kept) {
            auto nodes = waiting.nodes();
            auto instances = progress_.rooms[e].keep_for_gang(nodes);
            if (instances.empty()) return;
            if (count_all(nodes) > 0) {
                kept = Kept{.environment = e, .instances = instances, .missing = nodes};
                return;
            }
            progress_.rooms[e].mark_used(instances);
            --waiting.left;
        }
    }

    Progress progress_;
};

class Demands {
  public:
    Demands(const ScalingInput& input, std::vector<Rooms>& rooms, Launches& launches)
        : input_(input), rooms_(rooms), launches_(launches) {
        for (const auto& demand : input.demands) {
            for (const auto e : demand.environments) {
                BATCHD_CHECK(e < input.environments.size(), "a demand names no environment");
            }
            waiting_.push_back({.demand = &demand, .left = demand.count});
        }
        kept_.resize(waiting_.size());
        for (const auto& environment : input.environments) {
            for (const auto& instance : environment.instances) {
                raise(largest_, amounts(instance.capacity));
            }
        }
    }

    std::vector<UnservedDemand> run() {
        use_rooms();
        while (true) {
            const auto first = std::ranges::find_if(waiting_, &Waiting::is_open);
            if (first == waiting_.end()) return unserved();
            if (first->is_gang()) {
                serve_gang(*first);
            } else {
                serve_with_followers(first);
            }
        }
    }

  private:
    std::uint32_t position(const Waiting& waiting) const {
        return static_cast<std::uint32_t>(&waiting - waiting_.data());
    }

    /// In the order of service, as placement does, or the largest first where that leaves less
    /// over: what was launched for a mix of jobs must not look too small for it while it boots.
    void use_rooms() {
        const Progress start{.waiting = waiting_, .kept = kept_, .rooms = rooms_};
        std::vector<std::size_t> order(waiting_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        Progress best = RoomFilling(start).run(order);
        if (left_over(best) > 0) {
            std::ranges::sort(order, std::greater<>{}, [&](std::size_t d) {
                return std::tuple(waiting_[d].is_gang(), size(waiting_[d]), ~d);
            });
            Progress other = RoomFilling(start).run(order);
            if (left_over(other) < left_over(best)) best = std::move(other);
        }
        waiting_ = std::move(best.waiting);
        kept_ = std::move(best.kept);
        rooms_ = std::move(best.rooms);
    }

    double left_over(const Progress& progress) const {
        double sum = 0;
        for (const Waiting& waiting : progress.waiting) {
            sum += size(waiting) * static_cast<double>(waiting.left);
        }
        return sum;
    }

    /// Of a job or a node, as a share of the largest instance.
    double size(const Waiting& waiting) const {
        const Amounts need =
            waiting.is_gang() ? largest(waiting.nodes()) : amounts(waiting.demand->resources);
        double size = 1e-9;
        for (std::size_t k = 0; k < 3; ++k) {
            if (largest_[k] == 0) continue;
            size = std::max(size, static_cast<double>(need[k]) / static_cast<double>(largest_[k]));
        }
        return size;
    }

    /// Serves all that waits for the same environment, up to the next multi-node demand; what finds
    /// no room goes on to the next environment of its queue.
    void serve_with_followers(std::vector<Waiting>::iterator first) {
        const std::uint32_t e = first->environment();
        std::vector<Waiting*> batch;
        for (auto i = first; i != waiting_.end(); ++i) {
            if (!i->is_open() || i->environment() != e) continue;
            if (i->is_gang()) break;
            batch.push_back(&*i);
        }
        if (input_.environments[e].is_enabled) serve_jobs(batch, e);
        for (Waiting* waiting : batch) ++waiting->turn;
    }

    void serve_jobs(const std::vector<Waiting*>& batch, std::uint32_t e) {
        const auto& environment = input_.environments[e];
        std::vector<Item> items;
        std::vector<std::uint32_t> demands;
        for (const Waiting* waiting : batch) {
            const auto& resources = waiting->demand->resources;
            const bool is_too_large = resources.vcpu > vcpus(environment.max_vcpus);
            items.push_back(item_of(resources, is_too_large ? 0 : waiting->left));
            demands.push_back(position(*waiting));
        }
        const auto served = serve(environment, input_.now, items, launches_.room(e));
        launches_.add(e, served.purchases, LaunchCause::Demand, demands);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            batch[i]->left -= items[i].count - served.left[i];
            batch[i]->note(why_unserved(environment, items[i].need), served.waits[i]);
        }
    }

    void serve_gang(Waiting& waiting) {
        const std::uint32_t e = waiting.environment();
        ++waiting.turn;
        if (!input_.environments[e].is_enabled) return;
        auto& kept = kept_[position(waiting)];
        if (kept && kept->environment == e) {
            // While one waits for its last nodes, no other is started.
            if (launch_gangs(waiting, e, kept->missing, 1) == 0) return;
            rooms_[e].mark_used(kept->instances);
            kept.reset();
        }
        if (waiting.left > 0) launch_gangs(waiting, e, waiting.nodes(), waiting.left);
    }

    /// How many. `nodes` are those of one that need an instance.
    std::int64_t launch_gangs(Waiting& waiting, std::uint32_t e, const std::vector<Item>& nodes,
                              std::int64_t most) {
        const auto& environment = input_.environments[e];
        const auto served = serve_gangs(environment, input_.now, nodes, most, launches_.room(e));
        launches_.add(e, served.purchases, LaunchCause::Demand,
                      std::vector(nodes.size(), position(waiting)));
        std::int64_t launched = 0;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (nodes[i].count > 0) launched = most - served.left[i] / nodes[i].count;
        }
        waiting.left -= launched;
        const auto all = waiting.nodes();
        waiting.note(why_unserved(environment, largest(all), count_all(all)), served.waits.front());
        return launched;
    }

    std::vector<UnservedDemand> unserved() const {
        std::vector<UnservedDemand> unserved;
        for (const Waiting& waiting : waiting_) {
            if (waiting.left == 0) continue;
            auto& last = unserved.emplace_back(UnservedDemand{
                .demand = position(waiting), .jobs = waiting.left, .cause = waiting.cause});
            if (waiting.cause != UnservedCause::Blocked) continue;
            last.type = waiting.wait->offer->type;
            last.until = waiting.wait->until;
        }
        return unserved;
    }

    const ScalingInput& input_;
    std::vector<Rooms>& rooms_;
    Launches& launches_;
    std::vector<Waiting> waiting_;           ///< by demand
    std::vector<std::optional<Kept>> kept_;  ///< by demand
    Amounts largest_{};                      ///< that any instance has
};

}  // namespace

std::vector<UnservedDemand> serve_demands(const ScalingInput& input, std::vector<Rooms>& rooms,
                                          Launches& launches) {
    return Demands(input, rooms, launches).run();
}

}  // namespace batchd::core::scaling
