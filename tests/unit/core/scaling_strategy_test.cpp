// How allocation strategies change what is launched.
#include "unit/core/scaling_builders.hpp"

namespace batchd::core::test {
namespace {

constexpr auto kHour = std::chrono::hours{1};

ScalingEnvironment with(AllocationStrategy strategy, std::vector<ScalingOffer> offers) {
    auto e = environment();
    e.strategy = strategy;
    e.offers = std::move(offers);
    return e;
}

std::string launched(const ScalingEnvironment& e, std::vector<ScalingDemand> demands) {
    return launches(plan_scaling(input({e}, std::move(demands))));
}

TEST(Strategies, BestFitTakesOneTypeForAll) {
    const auto offers = environment().offers;
    const std::vector demands{demand(5, need(2, 7000)), demand(3, need(1, 512))};
    EXPECT_EQ(launched(with(AllocationStrategy::BestFit, offers), demands), "0:t2@ax7");
    const std::vector mixed{demand(8, need(2)), demand(1, need(4))};
    EXPECT_EQ(launched(with(AllocationStrategy::BestFit, {offers[0], offers[1]}), mixed),
              "0:t4@ax5");
}

TEST(Strategies, BestFitTakesAnotherTypeOnlyWhereItMust) {
    const auto e = with(AllocationStrategy::BestFit, {offer("t2", 2), offer("t4", 4, 60)});
    EXPECT_EQ(launched(e, {demand(10, need(2)), demand(1, need(4))}), "0:t2@ax10 0:t4@ax1");
}

TEST(Strategies, BestFitWaitsForItsBestType) {
    auto e = with(AllocationStrategy::BestFit, {offer("t2", 2), offer("t4", 4)});
    e.offers[0].blocked_until = kNow + kHour;
    const auto plan = plan_scaling(input({e}, {demand(1, need(1))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:Blockedx1");
    EXPECT_EQ(plan.unserved[0].type, "t2");
    e.strategy = AllocationStrategy::BestFitProgressive;
    EXPECT_EQ(launched(e, {demand(1, need(1))}), "0:t4@ax1") << "progressive goes on";
}

TEST(Strategies, OrderedFollowsTheOrderOfInstanceTypes) {
    auto e = with(AllocationStrategy::BestFitProgressiveOrdered,
                  {offer("dear", 2, 50), offer("cheap", 2, 10), offer("large", 8, 90)});
    for (std::int32_t i = 0; i < 3; ++i) e.offers[static_cast<std::size_t>(i)].priority = i;
    const auto plan = plan_scaling(input({e}, {demand(4, need(1))}));
    EXPECT_EQ(launches(plan), "0:dear@ax2");
    EXPECT_EQ(plan.launches.at(0).alternatives.at(0).type, "cheap");
    EXPECT_EQ(plan.launches[0].alternatives[0].why_not, "The allocation strategy prefers others.");
    EXPECT_EQ(launched(e, {demand(4, need(1)), demand(1, need(8))}), "0:dear@ax2 0:large@ax1");
    e.offers[0].blocked_until = kNow + kHour;
    EXPECT_EQ(launched(e, {demand(4, need(1))}), "0:cheap@ax2");
}

TEST(Strategies, CapacityOptimizedTakesTheDeepestPool) {
    auto e = with(AllocationStrategy::SpotCapacityOptimized,
                  {offer("cheap", 2, 1), offer("deep", 2, 9), offer("deep", 2, 8)});
    e.is_spot = true;
    e.offers[0].capacity_score = 3;
    e.offers[1].capacity_score = 9;
    e.offers[2].capacity_score = 8;
    e.offers[2].zone = "b";
    EXPECT_EQ(launched(e, {demand(2, need(1))}), "0:deep@ax1");
    for (auto& offer : e.offers) offer.capacity_score = 0;
    EXPECT_EQ(launched(e, {demand(2, need(1))}), "0:cheap@ax1") << "nothing known: the price";
}

TEST(Strategies, PriceCapacityOptimizedTakesTheCheapestOfTheDeepPools) {
    auto e = with(AllocationStrategy::SpotPriceCapacityOptimized,
                  {offer("shallow", 2, 1), offer("deep", 2, 4), offer("deepest", 2, 9)});
    e.is_spot = true;
    e.offers[0].capacity_score = 2;
    e.offers[1].capacity_score = 7;
    e.offers[2].capacity_score = 9;
    EXPECT_EQ(launched(e, {demand(2, need(1))}), "0:deep@ax1");
}

TEST(Strategies, PrioritizedBreaksTiesOfDepthByOrder) {
    auto e = with(AllocationStrategy::SpotCapacityOptimizedPrioritized,
                  {offer("cheap", 2, 1), offer("first", 2, 9), offer("deep", 2, 9)});
    e.is_spot = true;
    e.offers[0].priority = 1;
    e.offers[1].priority = 0;
    e.offers[2].priority = 2;
    EXPECT_EQ(launched(e, {demand(2, need(1))}), "0:first@ax1");
    e.offers[2].capacity_score = 1;
    EXPECT_EQ(launched(e, {demand(2, need(1))}), "0:deep@ax1") << "depth comes before the order";
}

TEST(ScalingGangs, EachNodeGetsAnInstanceOfOneType) {
    auto e = environment();
    e.offers = {offer("t2", 2, 20), offer("t8", 8, 60)};
    EXPECT_EQ(launched(e, {gang(4, need(1))}), "0:t2@ax4");
    EXPECT_EQ(launched(e, {gang(4, need(1), 3)}), "0:t2@ax12");
    auto mixed = gang(1, need(1));
    mixed.nodes.push_back({.count = 2, .resources = need(6)});
    EXPECT_EQ(launched(e, {mixed}), "0:t8@ax3") << "the largest node decides";
}

TEST(ScalingGangs, AllNodesOrNone) {
    auto e = environment(8);
    e.strategy = AllocationStrategy::BestFit;
    const auto plan = plan_scaling(input({e}, {gang(5, need(2))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:MaxTooSmallx1");
    EXPECT_EQ(launched(e, {gang(2, need(2), 5)}), "0:t2@ax4") << "two of the five fit";
    e.instances = {instance("busy", 4, InstancePhase::Busy)};
    EXPECT_EQ(unserved(plan_scaling(input({e}, {gang(3, need(2))}))), "0:MaxReachedx1");
}

TEST(ScalingGangs, TheLastInstanceMayPassTheMaximum) {
    auto e = environment(8);
    e.offers = {offer("t3", 3)};
    EXPECT_EQ(launched(e, {gang(3, need(2))}), "0:t3@ax3");
    EXPECT_EQ(launched(e, {gang(4, need(2))}), "");
}

TEST(ScalingGangs, OnlyMissingNodesAreLaunched) {
    auto e = environment();
    e.instances = {instance("a", 2, InstancePhase::Booting), instance("b", 2)};
    const auto plan = plan_scaling(input({e}, {gang(3, need(2))}));
    EXPECT_EQ(launches(plan), "0:t2@ax1");
    EXPECT_EQ(terminations(plan), "") << "the idle one waits for the rest of its gang";
    EXPECT_EQ(launched(e, {gang(2, need(2))}), "");
    EXPECT_EQ(launched(e, {gang(4, need(1))}), "0:t2@ax2") << "each node has its own";
    EXPECT_EQ(launched(e, {gang(3, need(2), 2)}), "0:t2@ax4");
    auto mixed = gang(1, need(1));
    mixed.nodes.push_back({.count = 1, .resources = need(1, 600)});
    e.instances = {instance("a", 8, InstancePhase::Booting)};
    EXPECT_EQ(launched(e, {mixed}), "0:t2@ax1") << "also across groups of nodes";
}

TEST(ScalingGangs, IfTheRestCannotComeTheGangGoesElsewhereOrWaits) {
    auto first = environment();
    first.instances = {instance("a", 2)};
    for (auto& offer : first.offers) offer.blocked_until = kNow + kHour;
    const auto plan = plan_scaling(input({first, environment()}, {gang(2, need(2), 1, {0, 1})}));
    EXPECT_EQ(launches(plan), "1:t2@ax2");
    EXPECT_EQ(terminations(plan), "0:a") << "nobody needs it";
    const auto alone = plan_scaling(input({first}, {gang(2, need(2))}));
    EXPECT_EQ(unserved(alone), "0:Blockedx1");
    EXPECT_EQ(alone.unserved[0].until, kNow + kHour);
}

TEST(ScalingGangs, AnotherTypeIsTakenForAllNodesIfOneIsBlocked) {
    auto e = environment();
    e.offers[0].blocked_until = kNow + kHour;
    EXPECT_EQ(launched(e, {gang(2, need(2))}), "0:t4@ax2");
    e.strategy = AllocationStrategy::BestFit;
    EXPECT_EQ(launched(e, {gang(2, need(2))}), "") << "it waits for its best type";
}

TEST(ScalingGangs, WaitInTheirTurn) {
    auto e = environment(8);
    e.strategy = AllocationStrategy::BestFit;
    const auto plan =
        plan_scaling(input({e}, {demand(4, need(1)), gang(2, need(2)), demand(100, need(1))}));
    EXPECT_EQ(unserved(plan), "2:MaxReachedx100");
}

}  // namespace
}  // namespace batchd::core::test
