#include "core/scaling/waiting.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

namespace batchd::core::scaling {
namespace {

void raise(Amounts& most, const Amounts& to) {
    for (std::size_t k = 0; k < 3; ++k) most[k] = std::max(most[k], to[k]);
}

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

/// The size of a job, or of a node, as a share of the largest instance.
class Sizes {
  public:
    explicit Sizes(const ScalingInput& input) {
        for (const auto& environment : input.environments) {
            for (const auto& instance : environment.instances) {
                raise(largest_, amounts(instance.capacity));
            }
        }
    }

    double of(const Waiting& waiting) const {
        const Amounts need =
            waiting.is_gang() ? largest(waiting.nodes()) : amounts(waiting.demand->resources);
        double size = 1e-9;
        for (std::size_t k = 0; k < 3; ++k) {
            if (largest_[k] == 0) continue;
            size = std::max(size, static_cast<double>(need[k]) / static_cast<double>(largest_[k]));
        }
        return size;
    }

    double of_all(const Progress& progress) const {
        double sum = 0;
        for (const Waiting& waiting : progress.waiting) {
            sum += of(waiting) * static_cast<double>(waiting.left);
        }
        return sum;
    }

  private:
    Amounts largest_{};
};

}  // namespace

std::int64_t count_all(const std::vector<Item>& nodes) {
    std::int64_t sum = 0;
    for (const Item& node : nodes) sum += node.count;
    return sum;
}

Amounts largest(const std::vector<Item>& nodes) {
    Amounts largest{};
    for (const Item& node : nodes) raise(largest, node.need);
    return largest;
}

Progress use_rooms(const ScalingInput& input, const Progress& start) {
    const Sizes sizes(input);
    std::vector<std::size_t> order(start.waiting.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Progress in_order = RoomFilling(start).run(order);
    if (sizes.of_all(in_order) == 0) return in_order;
    std::ranges::sort(order, std::greater<>{}, [&](std::size_t d) {
        const Waiting& waiting = start.waiting[d];
        return std::tuple(waiting.is_gang(), sizes.of(waiting), ~d);
    });
    Progress largest_first = RoomFilling(start).run(order);
    return sizes.of_all(largest_first) < sizes.of_all(in_order) ? largest_first : in_order;
}

}  // namespace batchd::core::scaling
