#include "core/scaling/pattern.hpp"

#include <algorithm>

namespace batchd::core::scaling {
namespace {

using Vector = std::array<double, 3>;
constexpr double kTiny = 1e-9;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// The revised simplex method: three rows, one per resource, a column per item; amounts as
/// fractions of the bin.
class PatternSearch {
  public:
    PatternSearch(std::span<const Item> items, std::span<const double> worth, const Bin& bin)
        : items_(items), worth_(worth), bin_(bin) {
        for (std::size_t k = 0; k < 3; ++k) {
            scale_[k] = bin.capacity[k] > 0 ? 1 / static_cast<double>(bin.capacity[k]) : 0;
        }
    }

    Pattern run() {
        constexpr int kMostPivots = 40;  // a handful are usual
        for (int i = 0; i < kMostPivots; ++i) {
            price_resources();
            const std::size_t entering = best_item();
            if (entering == kNone || !enter(entering)) break;
        }
        return result();
    }

  private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    bool takes(std::size_t i) const { return worth_[i] > 0 && fits(items_[i].need, bin_.capacity); }
    Vector share(std::size_t i) const {
        Vector share;
        for (std::size_t k = 0; k < 3; ++k) {
            share[k] = static_cast<double>(items_[i].need[k]) * scale_[k];
        }
        return share;
    }

    void price_resources() {
        prices_ = {};
        for (std::size_t r = 0; r < 3; ++r) {
            if (basis_[r] == kNone) continue;
            for (std::size_t k = 0; k < 3; ++k) prices_[k] += worth_[basis_[r]] * inverse_[r][k];
        }
    }

    std::size_t best_item() const {
        std::size_t best = kNone;
        double most = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (!takes(i)) continue;
            const double gain = worth_[i] - dot(prices_, share(i));
            if (gain <= kTiny * worth_[i] || gain <= most) continue;
            most = gain;
            best = i;
        }
        return best;
    }

    bool enter(std::size_t item) {
        const Vector shares = share(item);
        Vector column;
        for (std::size_t r = 0; r < 3; ++r) column[r] = dot(inverse_[r], shares);
        std::size_t leaving = kNone;
        for (std::size_t r = 0; r < 3; ++r) {
            if (column[r] <= kTiny) continue;
            if (leaving == kNone || jobs_[r] * column[leaving] < jobs_[leaving] * column[r]) {
                leaving = r;
            }
        }
        if (leaving == kNone) return false;  // needs nothing
        const double by = 1 / column[leaving];
        for (double& value : inverse_[leaving]) value *= by;
        jobs_[leaving] *= by;
        for (std::size_t r = 0; r < 3; ++r) {
            if (r == leaving) continue;
            for (std::size_t k = 0; k < 3; ++k) {
                inverse_[r][k] -= column[r] * inverse_[leaving][k];
            }
            jobs_[r] -= column[r] * jobs_[leaving];
        }
        basis_[leaving] = item;
        return true;
    }

    /// The worth is taken from the resources' prices, raised until no item is worth more than its
    /// share of them: a bound even if the search has stopped early.
    Pattern result() const {
        Pattern pattern;
        for (std::size_t r = 0; r < 3; ++r) {
            if (basis_[r] == kNone || jobs_[r] <= kTiny) continue;
            pattern.parts[pattern.size++] = {.item = basis_[r], .jobs = jobs_[r]};
        }
        double raise = 1;
        Vector prices = prices_;
        for (double& price : prices) price = std::max(price, 0.0);
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (!takes(i)) continue;
            const double paid = dot(prices, share(i));
            if (paid > 0) raise = std::max(raise, worth_[i] / paid);
        }
        pattern.worth = raise * (prices[0] + prices[1] + prices[2]);
        return pattern;
    }

    std::span<const Item> items_;
    std::span<const double> worth_;
    const Bin& bin_;
    Vector scale_{};
    std::array<Vector, 3> inverse_{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    std::array<std::size_t, 3> basis_{kNone, kNone, kNone};  ///< items; kNone: room left over
    Vector jobs_{1, 1, 1};
    Vector prices_{};
};

}  // namespace

Pattern best_pattern(std::span<const Item> items, std::span<const double> worth, const Bin& bin) {
    return PatternSearch(items, worth, bin).run();
}

}  // namespace batchd::core::scaling
