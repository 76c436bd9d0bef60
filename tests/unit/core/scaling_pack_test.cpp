// Packing and its lower bound, against an exhaustive search on small cases.
#include "batchd/model/instance_catalogue.hpp"
#include "core/scaling/best_fit.hpp"
#include "core/scaling/pack.hpp"
#include "core/scaling/pattern.hpp"
#include "core/scaling/relaxation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace batchd::core::scaling {
namespace {

struct Case {
    std::vector<Item> items;
    std::vector<Bin> bins;
};

/// Every item fits into the last bin.
Case random_case(std::uint32_t seed, std::size_t items, std::int64_t most) {
    std::mt19937 random(seed);
    const auto pick = [&](std::int64_t n) { return static_cast<std::int64_t>(random()) % n; };
    Case made;
    for (std::size_t i = 0; i < items; ++i) {
        made.items.push_back({.need = {1 + pick(8), 1 + pick(16), pick(4) == 0 ? 1 + pick(2) : 0},
                              .count = 1 + pick(most)});
    }
    const auto bins = 1 + pick(4);
    for (std::int64_t b = 0; b < bins; ++b) {
        made.bins.push_back(
            {.capacity = {1 + pick(10), 1 + pick(24), pick(3)}, .price = 5 + pick(40)});
    }
    made.bins.push_back({.capacity = {8, 16, 2}, .price = 30 + pick(40)});
    return made;
}

/// The least cost by trying everything: jobs one by one, into an open instance or a new one.
class Exhaustive {
  public:
    explicit Exhaustive(const Case& tried) : case_(tried) {
        for (const Item& item : tried.items) {
            jobs_.insert(jobs_.end(), static_cast<std::size_t>(item.count), item.need);
        }
    }
    std::int64_t least() {
        place(0, 0);
        return least_;
    }

  private:
    void place(std::size_t job, std::int64_t cost) {
        if (cost >= least_) return;
        if (job == jobs_.size()) {
            least_ = cost;
            return;
        }
        for (std::size_t o = 0; o < open_.size(); ++o) {
            if (!fits(jobs_[job], open_[o])) continue;
            take(open_[o], jobs_[job], 1);
            place(job + 1, cost);
            take(open_[o], jobs_[job], -1);
        }
        for (const Bin& bin : case_.bins) {
            if (!fits(jobs_[job], bin.capacity)) continue;
            open_.push_back(bin.capacity);
            take(open_.back(), jobs_[job], 1);
            place(job + 1, cost + bin.price);
            open_.pop_back();
        }
    }

    const Case& case_;
    std::vector<Amounts> jobs_;
    std::vector<Amounts> open_;
    std::int64_t least_ = 1'000'000;
};

void expect_all_packed(const Case& packed, const std::vector<Load>& loads) {
    std::vector<std::int64_t> found(packed.items.size());
    for (const Load& load : loads) {
        Amounts free = packed.bins[load.bin].capacity;
        for (const auto& part : load.parts) {
            take(free, packed.items[part.item].need, part.jobs);
            found[part.item] += part.jobs * load.count;
        }
        EXPECT_GE(*std::ranges::min_element(free), 0) << "overfull";
        EXPECT_GT(load.count, 0);
    }
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], packed.items[i].count);
}

TEST(Packing, IsCloseToTheOptimumAndNeverBelowTheBound) {
    double ratio = 0;
    constexpr std::uint32_t kSeeds = 300;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Case tried = random_case(seed, 3, 2);
        const auto loads = pack(tried.items, tried.bins);
        expect_all_packed(tried, loads);
        const auto optimum = static_cast<double>(Exhaustive(tried).least());
        const double bound = relax(tried.items, tried.bins).bound;
        EXPECT_LE(bound, optimum * (1 + 1e-9));
        EXPECT_GT(bound, 0);
        const auto cost = static_cast<double>(cost_of(loads, tried.bins));
        EXPECT_GE(cost, optimum);
        ratio += cost / optimum;
    }
    EXPECT_LT(ratio / kSeeds, 1.03);
}

TEST(Packing, PacksManyOfManyKinds) {
    for (std::uint32_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Case tried = random_case(seed, 40, 1000);
        const auto loads = pack(tried.items, tried.bins);
        expect_all_packed(tried, loads);
        const auto cost = static_cast<double>(cost_of(loads, tried.bins));
        EXPECT_GE(cost, relax(tried.items, tried.bins).bound);
        for (const auto tie : {Tie::Small, Tie::Large}) {
            const auto plain = best_fit(tried.items, tried.bins, tie);
            expect_all_packed(tried, plain);
            EXPECT_LE(cost, static_cast<double>(cost_of(plain, tried.bins)));
        }
    }
}

/// The bound is one because nothing that fits into a bin is worth more than the bin's price.
TEST(Relaxation, WorthIsADualSolution) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Case tried = random_case(seed, 12, 50);
        const auto relaxation = relax(tried.items, tried.bins);
        for (std::size_t b = 0; b < tried.bins.size(); ++b) {
            EXPECT_LE(relaxation.potential[b], 1 + 1e-6);
            // Random contents by fractions.
            std::mt19937 random(seed);
            for (int i = 0; i < 200; ++i) {
                std::array<double, 3> used{};
                double worth = 0;
                for (int p = 0; p < 3; ++p) {
                    const std::size_t item = random() % tried.items.size();
                    if (!fits(tried.items[item].need, tried.bins[b].capacity)) continue;
                    const double jobs = static_cast<double>(random() % 1000) / 100;
                    worth += relaxation.worth[item] * jobs;
                    for (std::size_t k = 0; k < 3; ++k) {
                        used[k] += jobs * static_cast<double>(tried.items[item].need[k]);
                    }
                }
                double most = 0;
                for (std::size_t k = 0; k < 3; ++k) {
                    if (used[k] == 0) continue;
                    most = std::max(most, used[k] / static_cast<double>(tried.bins[b].capacity[k]));
                }
                if (most == 0) continue;
                EXPECT_LE(worth / most, static_cast<double>(tried.bins[b].price) * (1 + 1e-6));
            }
        }
    }
}

TEST(Relaxation, IsExactWhereInstancesAreFull) {
    const std::vector<Item> items{{.need = {1, 4, 0}, .count = 800},
                                  {.need = {3, 4, 0}, .count = 800}};
    const std::vector<Bin> bins{{.capacity = {4, 8, 0}, .price = 10},
                                {.capacity = {4, 16, 0}, .price = 30}};
    EXPECT_NEAR(relax(items, bins).bound, 8000, 40);
    EXPECT_EQ(cost_of(pack(items, bins), bins), 8000) << "one of each in every instance";
}

TEST(Relaxation, IgnoresWhatFitsNowhere) {
    const std::vector<Item> items{{.need = {9, 1, 0}, .count = 5}, {.need = {1, 1, 0}, .count = 8}};
    const std::vector<Bin> bins{{.capacity = {4, 8, 0}, .price = 10}};
    const auto relaxation = relax(items, bins);
    EXPECT_EQ(relaxation.worth[0], 0);
    EXPECT_NEAR(relaxation.bound, 20, 0.1);
}

}  // namespace
}  // namespace batchd::core::scaling
