#include "core/scaling/relaxation.hpp"

#include "core/scaling/pattern.hpp"

#include <algorithm>
#include <limits>

namespace batchd::core::scaling {
namespace {

/// Whether `b` is of no use by fractions where there is `a`: `a` takes all that `b` takes, and
/// gives as much of each resource for the money.
bool is_useless_beside(const Bin& b, const Bin& a) {
    for (std::size_t k = 0; k < 3; ++k) {
        if (a.capacity[k] < b.capacity[k]) return false;
        const auto a_for_money = static_cast<double>(a.capacity[k]) * static_cast<double>(b.price);
        const auto b_for_money = static_cast<double>(b.capacity[k]) * static_cast<double>(a.price);
        if (a_for_money < b_for_money) return false;
    }
    return true;
}

std::vector<Bin> useful_bins(std::span<const Bin> bins) {
    std::vector<Bin> useful;
    for (const Bin& bin : bins) {
        const auto covers = [&](const Bin& other) { return is_useless_beside(bin, other); };
        if (std::ranges::any_of(useful, covers)) continue;
        std::erase_if(useful, [&](const Bin& other) { return is_useless_beside(other, bin); });
        useful.push_back(bin);
    }
    return useful;
}

/// Minimizes the price of fractional patterns that cover every item's count. The basis has a column
/// per item; `inverse_` is its inverse, row by row. A round finds the best pattern of each bin for
/// the present worth of items and brings those into the basis that are worth more than they cost.
class ColumnGeneration {
  public:
    ColumnGeneration(std::span<const Item> items, std::vector<Bin> bins)
        : items_(items), bins_(std::move(bins)), size_(items.size()) {
        inverse_.assign(size_ * size_, 0);
        prices_.resize(size_);
        amounts_.resize(size_);
        for (std::size_t i = 0; i < size_; ++i) start_with(i);
    }

    std::vector<double> run() {
        constexpr int kMostRounds = 200;
        constexpr double kCloseEnough = 1.005;
        std::vector<double> best_worth(size_);
        double best_bound = 0;
        for (int round = 0; round < kMostRounds; ++round) {
            const auto worth = worth_of_items();
            const double over = generate(worth);
            const double bound = total(worth) / over;
            if (bound > best_bound) {
                best_bound = bound;
                std::ranges::transform(worth, best_worth.begin(),
                                       [&](double w) { return w / over; });
            }
            if (total(worth) <= best_bound * kCloseEnough || !enter_all()) break;
        }
        return best_worth;
    }

  private:
    struct Column {
        double price;
        Pattern pattern;
    };

    /// The item alone, where that is cheapest.
    void start_with(std::size_t i) {
        double least = std::numeric_limits<double>::max();
        for (const Bin& bin : bins_) {
            if (!fits(items_[i].need, bin.capacity)) continue;
            double share = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                if (items_[i].need[k] == 0) continue;
                share = std::max(share, static_cast<double>(items_[i].need[k]) /
                                            static_cast<double>(bin.capacity[k]));
            }
            least = std::min(least, share * static_cast<double>(bin.price));
        }
        inverse_[i * size_ + i] = 1;
        prices_[i] = least;
        amounts_[i] = static_cast<double>(items_[i].count);
    }

    /// A little below zero by rounding, or if covering an item for nothing would pay: then zero is
    /// as good a bound.
    std::vector<double> worth_of_items() const {
        std::vector<double> worth(size_);
        for (std::size_t r = 0; r < size_; ++r) {
            for (std::size_t i = 0; i < size_; ++i) {
                worth[i] += prices_[r] * inverse_[r * size_ + i];
            }
        }
        for (double& w : worth) w = std::max(w, 0.0);
        return worth;
    }

    double total(const std::vector<double>& worth) const {
        double sum = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            sum += worth[i] * static_cast<double>(items_[i].count);
        }
        return sum;
    }

    /// Leaves the patterns that are worth more than their price in `found_`, the best first; by how
    /// much the best is worth more.
    double generate(const std::vector<double>& worth) {
        found_.clear();
        double over = 1;
        for (const Bin& bin : bins_) {
            const Pattern pattern = best_pattern(items_, worth, bin);
            const auto price = static_cast<double>(bin.price);
            over = std::max(over, pattern.worth / price);
            if (pattern.worth > price * (1 + 1e-7)) found_.push_back({price, pattern});
        }
        std::ranges::sort(found_, std::greater<>{},
                          [](const Column& c) { return c.pattern.worth / c.price; });
        return over;
    }

    bool enter_all() {
        bool changed = false;
        for (const Column& column : found_) changed = enter(column) || changed;
        return changed;
    }

    /// False if it no longer pays, after others have entered.
    bool enter(const Column& column) {
        std::vector<double> change(size_);
        double worth = 0;
        for (std::size_t r = 0; r < size_; ++r) {
            for (std::size_t p = 0; p < column.pattern.size; ++p) {
                const auto& part = column.pattern.parts[p];
                change[r] += inverse_[r * size_ + part.item] * part.jobs;
            }
            worth += prices_[r] * change[r];
        }
        if (worth <= column.price * (1 + 1e-7)) return false;
        const std::size_t leaving = leaving_row(change);
        if (leaving == size_) return false;
        replace(leaving, column.price, change);
        return true;
    }

    std::size_t leaving_row(const std::vector<double>& change) const {
        std::size_t leaving = size_;
        double least = std::numeric_limits<double>::max();
        for (std::size_t r = 0; r < size_; ++r) {
            if (change[r] <= 1e-9) continue;
            const double ratio = amounts_[r] / change[r];
            if (ratio >= least) continue;
            least = ratio;
            leaving = r;
        }
        return leaving;
    }

    void replace(std::size_t leaving, double price, const std::vector<double>& change) {
        double* row = &inverse_[leaving * size_];
        const double by = 1 / change[leaving];
        for (std::size_t i = 0; i < size_; ++i) row[i] *= by;
        amounts_[leaving] *= by;
        for (std::size_t r = 0; r < size_; ++r) {
            if (r == leaving || change[r] == 0) continue;
            double* other = &inverse_[r * size_];
            for (std::size_t i = 0; i < size_; ++i) other[i] -= change[r] * row[i];
            amounts_[r] = std::max(0.0, amounts_[r] - change[r] * amounts_[leaving]);
        }
        prices_[leaving] = price;
    }

    std::span<const Item> items_;
    std::vector<Bin> bins_;
    std::size_t size_;             ///< of the basis: items
    std::vector<double> inverse_;  ///< of the basis, size_ × size_
    std::vector<double> prices_;   ///< by basis column
    std::vector<double> amounts_;  ///< by basis column: how many are bought
    std::vector<Column> found_;
};

/// The items that count, and where they stood.
struct Chosen {
    std::vector<Item> items;
    std::vector<std::size_t> positions;
};

Chosen choose(std::span<const Item> items, std::span<const Bin> bins) {
    Chosen chosen;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool is_placeable = std::ranges::any_of(
            bins, [&](const Bin& bin) { return fits(items[i].need, bin.capacity); });
        if (items[i].count == 0 || !is_placeable) continue;
        chosen.items.push_back(items[i]);
        chosen.positions.push_back(i);
    }
    return chosen;
}

}  // namespace

Relaxation relax(std::span<const Item> items, std::span<const Bin> bins) {
    const Chosen chosen = choose(items, bins);
    const auto worth = ColumnGeneration(chosen.items, useful_bins(bins)).run();
    Relaxation relaxation;
    relaxation.worth.assign(items.size(), 0);
    for (std::size_t i = 0; i < worth.size(); ++i) {
        relaxation.worth[chosen.positions[i]] = worth[i];
        relaxation.bound += worth[i] * static_cast<double>(chosen.items[i].count);
    }
    for (const Bin& bin : bins) {
        const double most = best_pattern(chosen.items, worth, bin).worth;
        relaxation.potential.push_back(most / static_cast<double>(bin.price));
    }
    return relaxation;
}

}  // namespace batchd::core::scaling
