#include "core/scaling/serve.hpp"

#include "core/scaling/best_type.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace batchd::core::scaling {
namespace {

std::int64_t vcpus_of(const Candidate& candidate) {
    return scaling::vcpus_of(candidate.offer->capacity);
}

class Serving {
  public:
    Serving(const ScalingEnvironment& environment, Timestamp now, std::span<const Item> items,
            Room room)
        : environment_(environment),
          now_(now),
          left_(items.begin(), items.end()),
          room_(room),
          all_(candidates(environment, now)) {}

    Served run() {
        const auto all = left_;
        const Room room = room_;
        fill_room();
        if (auto passing = passing_max()) {
            // What fits beside its job needs no other instance: begun anew, with it.
            left_ = all;
            room_ = room;
            purchases_.clear();
            vcpus_per_job_.clear();
            fill(*passing);
            take(std::move(*passing));
            fill_room();
            room_.vcpus = 0;
        }
        Served served;
        served.purchases = std::move(purchases_);
        for (std::size_t i = 0; i < left_.size(); ++i) {
            served.left.push_back(left_[i].count);
            served.waits.push_back(left_[i].count > 0 ? wait_of(i) : std::nullopt);
        }
        return served;
    }

  private:
    using Purchases = std::vector<Purchase>;

    bool is_best_fit() const { return environment_.strategy == AllocationStrategy::BestFit; }
    bool is_open(const Candidate& c) const { return !is_blocked(*c.offer, now_); }

    /// What could serve all of `items`, no instance with more than `most_vcpus`.
    Purchases buy(const std::vector<Item>& items, std::int64_t most_vcpus) const {
        std::vector<Candidate> types;
        for (const Candidate& c : all_) {
            if (vcpus_of(c) <= most_vcpus && (is_best_fit() || is_open(c))) types.push_back(c);
        }
        Purchases bought;
        auto left = items;
        if (is_best_fit()) {
            buy_best_types(types, left, bought);
            return bought;
        }
        for (auto begin = types.begin(); begin != types.end();) {
            const auto end = std::find_if(
                begin, types.end(), [&](const Candidate& c) { return c.tier != begin->tier; });
            buy_from({begin, end}, left, bought);
            begin = end;
        }
        return bought;
    }

    void buy_best_types(const std::vector<Candidate>& types, std::vector<Item>& left,
                        Purchases& bought) const {
        const auto best = best_types(types, left);
        for (std::size_t t = 0; t < types.size(); ++t) {
            if (!is_open(types[t])) continue;
            auto of_type = left;
            for (std::size_t i = 0; i < left.size(); ++i) {
                if (best[i] != t) of_type[i].count = 0;
            }
            buy_from({&types[t], 1}, of_type, bought);
        }
    }

    /// Takes what it serves out of `left`.
    static void buy_from(std::span<const Candidate> types, std::vector<Item>& left,
                         Purchases& bought) {
        std::vector<Bin> bins;
        for (const Candidate& c : types) bins.push_back(c.bin);
        auto items = left;
        for (Item& item : items) {
            const auto takes = [&](const Bin& bin) { return fits(item.need, bin.capacity); };
            if (std::ranges::none_of(bins, takes)) item.count = 0;
        }
        for (std::size_t i = 0; i < items.size(); ++i) left[i].count -= items[i].count;
        std::map<std::size_t, Purchase> by_bin;
        for (const Load& load : pack(items, bins)) {
            Purchase& purchase = by_bin[load.bin];
            purchase.type = types[load.bin];
            purchase.count += load.count;
            for (const auto& part : load.parts) add(purchase, part.item, part.jobs * load.count);
        }
        for (auto& [bin, purchase] : by_bin) bought.push_back(std::move(purchase));
    }

    static void add(Purchase& purchase, std::size_t item, std::int64_t jobs) {
        for (auto& part : purchase.parts) {
            if (part.item != item) continue;
            part.jobs += jobs;
            return;
        }
        purchase.parts.push_back({.item = item, .jobs = jobs});
    }

    /// For all that waits, or for as many of the first ones as there is room for.
    Purchases buy_for_first_ones() {
        if (vcpus_per_job_.empty()) {
            auto all = buy(left_, room_.vcpus);
            if (scaling::vcpus_of(all) <= room_.vcpus) return all;
            estimate(all);
        }
        auto budget = static_cast<double>(room_.vcpus);
        constexpr int kTries = 8;
        for (int i = 0; i < kTries; ++i) {
            auto bought = buy(first_ones(budget), room_.vcpus);
            const auto vcpus = scaling::vcpus_of(bought);
            if (!bought.empty() && vcpus <= room_.vcpus) return bought;
            if (vcpus == 0) break;
            budget *= 0.98 * static_cast<double>(room_.vcpus) / static_cast<double>(vcpus);
        }
        return buy_for_one();
    }

    /// How many vCPUs of an instance a job costs, by its share of the scarcest resource.
    void estimate(const Purchases& purchases) {
        vcpus_per_job_.assign(left_.size(), 0);
        std::vector<std::int64_t> jobs(left_.size());
        for (const Purchase& purchase : purchases) {
            double shares = 0;
            for (const auto& part : purchase.parts) {
                shares += share(part.item, purchase) * static_cast<double>(part.jobs);
            }
            const auto vcpus = static_cast<double>(vcpus_of(purchase.type) * purchase.count);
            for (const auto& part : purchase.parts) {
                const double of_part = share(part.item, purchase) * static_cast<double>(part.jobs);
                vcpus_per_job_[part.item] += vcpus * of_part / shares;
                jobs[part.item] += part.jobs;
            }
        }
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            if (jobs[i] > 0) vcpus_per_job_[i] /= static_cast<double>(jobs[i]);
        }
    }

    double share(std::size_t item, const Purchase& purchase) const {
        double share = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            const auto capacity = static_cast<double>(purchase.type.bin.capacity[k]);
            if (left_[item].need[k] == 0) continue;
            share = std::max(share, static_cast<double>(left_[item].need[k]) / capacity);
        }
        return share;
    }

    std::vector<Item> first_ones(double vcpus) const {
        auto first = left_;
        for (std::size_t i = 0; i < first.size(); ++i) {
            const double each = vcpus_per_job_[i];
            if (each <= 0) continue;  // nothing can be bought for it, or it is served
            const double jobs = std::min(vcpus / each, static_cast<double>(first[i].count));
            first[i].count = static_cast<std::int64_t>(std::max(jobs, 0.0));
            vcpus -= jobs * each;
        }
        return first;
    }

    /// For the first job that something can be bought for.
    Purchases buy_for_one() const {
        for (std::size_t i = 0; i < left_.size(); ++i) {
            if (left_[i].count == 0) continue;
            auto one = left_;
            for (Item& item : one) item.count = 0;
            one[i].count = 1;
            if (auto bought = buy(one, room_.vcpus); !bought.empty()) return bought;
        }
        return {};
    }

    void take(Purchase&& purchase) {
        for (const auto& part : purchase.parts) left_[part.item].count -= part.jobs;
        for (Purchase& known : purchases_) {
            if (known.type.offer != purchase.type.offer) continue;
            known.count += purchase.count;
            for (const auto& part : purchase.parts) add(known, part.item, part.jobs);
            return;
        }
        purchases_.push_back(std::move(purchase));
    }

    /// Then BEST_FIT waits for a block to end.
    bool fits_below_max(const Item& item) const {
        return std::ranges::any_of(all_, [&](const Candidate& c) {
            return (is_best_fit() || is_open(c)) && vcpus_of(c) <= room_.vcpus &&
                   fits(item.need, c.bin.capacity);
        });
    }

    void fill_room() {
        while (room_.vcpus > 0) {
            auto bought = buy_for_first_ones();
            if (bought.empty()) return;
            room_.vcpus -= scaling::vcpus_of(bought);
            for (Purchase& purchase : bought) take(std::move(purchase));
        }
    }

    /// One instance more than maxvCpus allows, for the first job that fits into none that is small
    /// enough.
    std::optional<Purchase> passing_max() const {
        if (!room_.may_pass || room_.vcpus <= 0) return std::nullopt;
        for (std::size_t i = 0; i < left_.size(); ++i) {
            if (left_[i].count == 0 || fits_below_max(left_[i])) continue;
            const std::vector<Item> one{{.need = left_[i].need, .count = 1}};
            const auto bought = buy(one, std::numeric_limits<std::int64_t>::max());
            if (bought.empty()) continue;
            return Purchase{
                .type = bought.front().type, .count = 1, .parts = {{.item = i, .jobs = 1}}};
        }
        return std::nullopt;
    }

    /// Puts what else fits into an instance that holds one job.
    void fill(Purchase& purchase) const {
        const std::size_t first = purchase.parts.front().item;
        Amounts free = purchase.type.bin.capacity;
        scaling::take(free, left_[first].need, 1);
        for (std::size_t i = 0; i < left_.size(); ++i) {
            const auto waiting = left_[i].count - (i == first ? 1 : 0);
            const auto jobs = std::min(waiting, times_fit(left_[i].need, free));
            if (jobs == 0) continue;
            scaling::take(free, left_[i].need, jobs);
            add(purchase, i, jobs);
        }
    }

    /// If there is room for it, and nothing but blocks keeps it from being launched.
    std::optional<Wait> wait_of(std::size_t i) const {
        if (room_.vcpus <= 0) return std::nullopt;
        std::vector<Candidate> types;
        for (const Candidate& c : all_) {
            if (!fits(left_[i].need, c.bin.capacity)) continue;
            if (!is_best_fit() && is_open(c)) return std::nullopt;
            if (room_.may_pass || vcpus_of(c) <= room_.vcpus) types.push_back(c);
        }
        if (types.empty()) return std::nullopt;
        if (is_best_fit()) types = {types[best_types(types, {&left_[i], 1}).front()]};
        if (is_open(types.front())) return std::nullopt;
        Wait wait{.offer = types.front().offer, .until = *types.front().offer->blocked_until};
        for (const Candidate& c : types) wait.until = std::min(wait.until, *c.offer->blocked_until);
        return wait;
    }

    const ScalingEnvironment& environment_;
    Timestamp now_;
    std::vector<Item> left_;
    Room room_;
    std::vector<Candidate> all_;
    Purchases purchases_;
    std::vector<double> vcpus_per_job_;  ///< empty until there is not room for all
};

}  // namespace

std::int64_t vcpus_of(const std::vector<Purchase>& purchases) {
    std::int64_t sum = 0;
    for (const Purchase& purchase : purchases) {
        sum += vcpus_of(purchase.type.offer->capacity) * purchase.count;
    }
    return sum;
}

Served serve(const ScalingEnvironment& environment, Timestamp now, std::span<const Item> items,
             Room room) {
    return Serving(environment, now, items, room).run();
}

}  // namespace batchd::core::scaling
