#include "core/scaling/demand.hpp"

#include "batchd/base/result.hpp"
#include "core/scaling/waiting.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace batchd::core::scaling {
namespace {

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
        auto progress = use_rooms(input, {.waiting = waiting_, .kept = kept_, .rooms = rooms});
        waiting_ = std::move(progress.waiting);
        kept_ = std::move(progress.kept);
        rooms_ = std::move(progress.rooms);
    }

    std::vector<UnservedDemand> run() {
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
};

}  // namespace

std::vector<UnservedDemand> serve_demands(const ScalingInput& input, std::vector<Rooms>& rooms,
                                          Launches& launches) {
    return Demands(input, rooms, launches).run();
}

}  // namespace batchd::core::scaling
