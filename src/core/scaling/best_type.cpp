#include "core/scaling/best_type.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace batchd::core::scaling {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double share(const Amounts& need, const Bin& bin) {
    double share = 0;
    for (std::size_t k = 0; k < 3; ++k) {
        if (need[k] == 0) continue;
        share =
            std::max(share, static_cast<double>(need[k]) / static_cast<double>(bin.capacity[k]));
    }
    return share;
}

class BestTypes {
  public:
    BestTypes(std::span<const Candidate> candidates, std::span<const Item> items)
        : candidates_(candidates), items_(items), chosen_(items.size(), kNoType) {
        for (const Item& item : items) alone_.push_back(cost_alone(item));
    }

    std::vector<std::size_t> run() {
        while (has_open()) {
            const std::size_t type = best();
            for (std::size_t i = 0; i < items_.size(); ++i) {
                if (is_open(i) && takes(type, i)) chosen_[i] = type;
            }
        }
        return chosen_;
    }

  private:
    double cost_alone(const Item& item) const {
        double least = kNever;
        for (const Candidate& c : candidates_) {
            if (!fits(item.need, c.bin.capacity)) continue;
            least = std::min(least, share(item.need, c.bin) * static_cast<double>(c.bin.price));
        }
        return least;
    }

    bool is_open(std::size_t i) const {
        return items_[i].count > 0 && chosen_[i] == kNoType && alone_[i] < kNever;
    }

    bool has_open() const {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (is_open(i)) return true;
        }
        return false;
    }

    bool takes(std::size_t type, std::size_t item) const {
        return fits(items_[item].need, candidates_[type].bin.capacity);
    }

    /// One type for as many items as possible, if that costs little more than the cheapest choice.
    std::size_t best() const {
        constexpr double kLittleMore = 1.05;
        std::vector<double> costs;
        for (std::size_t c = 0; c < candidates_.size(); ++c) {
            costs.push_back(open_items(c) > 0 ? cost_with(candidates_[c].bin) : kNever);
        }
        const double least = *std::ranges::min_element(costs);
        std::size_t best = kNoType;
        for (std::size_t c = 0; c < candidates_.size(); ++c) {
            if (costs[c] > least * kLittleMore) continue;
            const auto rank = [&](std::size_t t) { return std::pair(-open_items(t), costs[t]); };
            if (best == kNoType || rank(c) < rank(best)) best = c;
        }
        return best;
    }

    std::int64_t open_items(std::size_t type) const {
        std::int64_t count = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (is_open(i) && takes(type, i)) ++count;
        }
        return count;
    }

    /// Of all open items, those that do not fit counted as if each were alone.
    double cost_with(const Bin& bin) const {
        Amounts total{};
        double others = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (!is_open(i)) continue;
            if (fits(items_[i].need, bin.capacity)) {
                take(total, items_[i].need, -items_[i].count);
            } else {
                others += alone_[i] * static_cast<double>(items_[i].count);
            }
        }
        const double count = std::max(1.0, std::ceil(share(total, bin)));
        return count * static_cast<double>(bin.price) + others;
    }

    std::span<const Candidate> candidates_;
    std::span<const Item> items_;
    std::vector<std::size_t> chosen_;
    std::vector<double> alone_;
};

}  // namespace

std::vector<std::size_t> best_types(std::span<const Candidate> candidates,
                                    std::span<const Item> items) {
    return BestTypes(candidates, items).run();
}

}  // namespace batchd::core::scaling
