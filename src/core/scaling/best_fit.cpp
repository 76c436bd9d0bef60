#include "core/scaling/best_fit.hpp"

#include <algorithm>

namespace batchd::core::scaling {
namespace {

/// `count` instances that are filled alike.
struct Open {
    Load load;
    Amounts free{};
};

bool is_cheaper_per_vcpu(const Bin& a, const Bin& b, Tie tie) {
    const auto a_price = a.price * b.capacity[0];
    const auto b_price = b.price * a.capacity[0];
    if (a_price != b_price) return a_price < b_price;
    return tie == Tie::Small ? a.price < b.price : a.price > b.price;
}

class BestFit {
  public:
    BestFit(std::span<const Item> items, std::span<const Bin> bins, Tie tie)
        : items_(items), bins_(bins), tie_(tie) {}

    std::vector<Load> run() {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            std::int64_t left = items_[i].count;
            // What splitting appends is full, or has been looked at.
            const std::size_t open = open_.size();
            for (std::size_t o = 0; o < open && left > 0; ++o) left -= use(o, i, left);
            if (left > 0) launch(i, left);
        }
        std::vector<Load> loads;
        for (Open& open : open_) loads.push_back(std::move(open.load));
        return loads;
    }

  private:
    static void put(Open& open, std::size_t item, const Amounts& need, std::int64_t jobs) {
        open.load.parts.push_back({.item = item, .jobs = jobs});
        take(open.free, need, jobs);
    }

    /// Fills instances of open_[o] with up to `left` jobs; how many went there.
    std::int64_t use(std::size_t o, std::size_t item, std::int64_t left) {
        const auto& need = items_[item].need;
        const std::int64_t each = times_fit(need, open_[o].free);
        if (each == 0) return 0;
        const std::int64_t full = std::min(open_[o].load.count, left / each);
        std::int64_t rest = full < open_[o].load.count ? left - full * each : 0;
        rest = std::min(rest, each);
        const Open before = open_[o];
        open_[o].load.count -= full + (rest > 0 ? 1 : 0);
        if (full > 0) append(before, full, item, each);
        if (rest > 0) append(before, 1, item, rest);
        return full * each + rest;
    }

    void append(Open open, std::int64_t count, std::size_t item, std::int64_t jobs) {
        open.load.count = count;
        put(open, item, items_[item].need, jobs);
        open_.push_back(std::move(open));
    }

    void launch(std::size_t item, std::int64_t left) {
        const auto& need = items_[item].need;
        const std::size_t bin = best_bin(need);
        const std::int64_t each = times_fit(need, bins_[bin].capacity);
        const Open empty{.load = {.bin = bin, .count = 0, .parts = {}},
                         .free = bins_[bin].capacity};
        if (left >= each) append(empty, left / each, item, each);
        if (left % each > 0) append(empty, 1, item, left % each);
    }

    std::size_t best_bin(const Amounts& need) const {
        std::size_t best = bins_.size();
        for (std::size_t b = 0; b < bins_.size(); ++b) {
            if (!fits(need, bins_[b].capacity)) continue;
            if (best == bins_.size() || is_cheaper_per_vcpu(bins_[b], bins_[best], tie_)) best = b;
        }
        return best;
    }

    std::span<const Item> items_;
    std::span<const Bin> bins_;
    Tie tie_;
    std::vector<Open> open_;
};

}  // namespace

std::vector<Load> best_fit(std::span<const Item> items, std::span<const Bin> bins, Tie tie) {
    auto loads = BestFit(items, bins, tie).run();
    std::erase_if(loads, [](const Load& load) { return load.count == 0; });
    return loads;
}

}  // namespace batchd::core::scaling
