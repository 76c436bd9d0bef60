// The packing goes instance by instance, the most valuable item first. What an item is worth is
// what it contributes to the cost of the linear relaxation; an instance is as good as the worth of
// its content per dollar. So its type is chosen together with what fills it, and the same content
// is repeated as often as the counts allow.
#include "core/scaling/pack.hpp"

#include "core/scaling/best_fit.hpp"
#include "core/scaling/relaxation.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace batchd::core::scaling {
namespace {

struct Content {
    std::size_t bin = 0;
    std::vector<Load::Part> parts;
    double worth = 0;
    double worth_per_price = 0;
};

class Packing {
  public:
    Packing(std::span<const Item> items, std::span<const Bin> bins)
        : items_(items.begin(), items.end()), bins_(bins) {
        appraise();
    }

    std::vector<Load> run() {
        std::vector<Load> loads;
        while (has_items()) {
            if (worth_left() < appraised_ / 2) appraise();  // what is left is another mix
            const Content content = best_content(most_valuable());
            Load load{.bin = content.bin, .count = repeats(content), .parts = content.parts};
            for (const auto& part : load.parts) {
                items_[part.item].count -= part.jobs * load.count;
            }
            loads.push_back(std::move(load));
        }
        return loads;
    }

  private:
    bool has_items() const {
        return std::ranges::any_of(items_, [](const Item& item) { return item.count > 0; });
    }

    double worth_left() const {
        double sum = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            sum += worth_[i] * static_cast<double>(items_[i].count);
        }
        return sum;
    }

    void appraise() {
        auto relaxation = relax(items_, bins_);
        appraised_ = relaxation.bound;
        worth_ = std::move(relaxation.worth);
        potential_ = std::move(relaxation.potential);
        order_.resize(bins_.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::sort(order_, std::greater<>{},
                          [&](std::size_t bin) { return std::pair(potential_[bin], ~bin); });
    }

    std::size_t most_valuable() const {
        std::size_t best = items_.size();
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].count == 0) continue;
            if (best == items_.size() || worth_[i] > worth_[best]) best = i;
        }
        return best;
    }

    /// The best filled instance that holds the item.
    Content best_content(std::size_t seed) const {
        Content best;
        for (const std::size_t b : order_) {
            if (potential_[b] < best.worth_per_price) break;
            if (!fits(items_[seed].need, bins_[b].capacity)) continue;
            Content content = fill(b, seed);
            if (best.parts.empty() || is_better(content, best)) best = std::move(content);
        }
        return best;
    }

    /// Among equals the larger instance: it boots once.
    bool is_better(const Content& a, const Content& b) const {
        constexpr double kSame = 1e-6;
        if (a.worth_per_price > b.worth_per_price * (1 + kSame)) return true;
        return a.worth_per_price >= b.worth_per_price * (1 - kSame) &&
               bins_[a.bin].price > bins_[b.bin].price;
    }

    Content fill(std::size_t bin, std::size_t seed) const {
        Content content{.bin = bin, .parts = {{.item = seed, .jobs = 1}}, .worth = worth_[seed]};
        Amounts free = bins_[bin].capacity;
        take(free, items_[seed].need, 1);
        while (const auto next = best_filler(content, free)) {
            const auto [item, most] = *next;
            const std::int64_t jobs = (most + 1) / 2;  // the rest when its turn comes again
            take(free, items_[item].need, jobs);
            content.worth += worth_[item] * static_cast<double>(jobs);
            add(content, item, jobs);
        }
        content.worth_per_price = content.worth / static_cast<double>(bins_[bin].price);
        return content;
    }

    static std::int64_t count_in(const Content& content, std::size_t item) {
        for (const auto& part : content.parts) {
            if (part.item == item) return part.jobs;
        }
        return 0;
    }

    static void add(Content& content, std::size_t item, std::int64_t jobs) {
        for (auto& part : content.parts) {
            if (part.item != item) continue;
            part.jobs += jobs;
            return;
        }
        content.parts.push_back({.item = item, .jobs = jobs});
    }

    struct Filler {
        std::size_t item;
        std::int64_t most;
    };

    /// The item that is worth most for the share that it takes of what is scarcest by now; of two
    /// that are alike in that, the larger.
    std::optional<Filler> best_filler(const Content& content, const Amounts& free) const {
        std::array<double, 3> per_unit{};
        for (std::size_t k = 0; k < 3; ++k) {
            per_unit[k] = free[k] > 0 ? 1 / static_cast<double>(free[k]) : 0;
        }
        std::optional<Filler> best;
        double best_score = -1;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].count == 0 || !fits(items_[i].need, free)) continue;
            const auto& need = items_[i].need;
            const double share = std::max({static_cast<double>(need[0]) * per_unit[0],
                                           static_cast<double>(need[1]) * per_unit[1],
                                           static_cast<double>(need[2]) * per_unit[2], 1e-9});
            const double score = worth_[i] / share * (1 + 0.1 * share);
            if (score <= best_score) continue;
            const std::int64_t left = items_[i].count - count_in(content, i);
            if (left == 0) continue;
            best_score = score;
            best = {.item = i, .most = std::min(left, times_fit(need, free))};
        }
        return best;
    }

    std::int64_t repeats(const Content& content) const {
        std::int64_t most = std::numeric_limits<std::int64_t>::max();
        for (const auto& part : content.parts) {
            most = std::min(most, items_[part.item].count / part.jobs);
        }
        return most;
    }

    std::vector<Item> items_;  ///< with the counts that are left
    std::span<const Bin> bins_;
    double appraised_ = 0;            ///< what was left when it was appraised last
    std::vector<double> worth_;       ///< by item
    std::vector<double> potential_;   ///< worth per price, by bin: no content has more
    std::vector<std::size_t> order_;  ///< of bins
};

}  // namespace

Amounts amounts(const model::Resources& resources) {
    return {resources.vcpu.value, resources.memory.value, resources.gpus};
}

bool fits(const Amounts& need, const Amounts& free) {
    return need[0] <= free[0] && need[1] <= free[1] && need[2] <= free[2];
}

std::int64_t times_fit(const Amounts& need, const Amounts& free) {
    std::int64_t times = std::numeric_limits<std::int64_t>::max();
    for (std::size_t k = 0; k < 3; ++k) {
        if (need[k] > 0) times = std::min(times, std::max<std::int64_t>(free[k], 0) / need[k]);
    }
    return times;
}

void take(Amounts& free, const Amounts& need, std::int64_t times) {
    for (std::size_t k = 0; k < 3; ++k) free[k] -= need[k] * times;
}

std::vector<Load> pack(std::span<const Item> items, std::span<const Bin> bins) {
    auto best = Packing(items, bins).run();
    for (const auto tie : {Tie::Small, Tie::Large}) {
        auto other = best_fit(items, bins, tie);
        if (cost_of(other, bins) < cost_of(best, bins)) best = std::move(other);
    }
    return best;
}

std::int64_t cost_of(std::span<const Load> loads, std::span<const Bin> bins) {
    std::int64_t sum = 0;
    for (const Load& load : loads) sum += load.count * bins[load.bin].price;
    return sum;
}

}  // namespace batchd::core::scaling
