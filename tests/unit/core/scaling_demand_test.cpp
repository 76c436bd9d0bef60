// What the scaling plan launches for waiting jobs.
#include "unit/core/scaling_builders.hpp"

namespace batchd::core::test {
namespace {

constexpr auto kHour = std::chrono::hours{1};

void block(ScalingOffer& offer, Milliseconds time = kHour) { offer.blocked_until = kNow + time; }

TEST(ScalingDemands, NothingWaitsNothingHappens) {
    const auto plan = plan_scaling(input({environment()}, {}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(terminations(plan), "");
    EXPECT_EQ(plan.targets.at(0).desired_vcpus, 0);
    EXPECT_FALSE(plan.next);
}

TEST(ScalingDemands, ASingleJobGetsTheSmallestTypeThatFits) {
    EXPECT_EQ(launches(plan_scaling(input({environment()}, {demand(1, need(1))}))), "0:t2@ax1");
    EXPECT_EQ(launches(plan_scaling(input({environment()}, {demand(1, need(3))}))), "0:t4@ax1");
    const auto by_memory = input({environment()}, {demand(1, need(1, 10'000))});
    EXPECT_EQ(launches(plan_scaling(by_memory)), "0:t4@ax1");
}

TEST(ScalingDemands, ManyJobsGetSeveralTypes) {
    const auto plan = plan_scaling(input({environment()}, {demand(21, need(1))}));
    EXPECT_EQ(cost_of(plan), MicroUsd{2'200'000}) << launches(plan);
    EXPECT_EQ(plan.targets[0].desired_vcpus, 22);
    std::int64_t jobs = 0;
    for (const auto& launch : plan.launches) {
        ASSERT_EQ(launch.serves.size(), 1U);
        jobs += launch.serves[0].jobs;
    }
    EXPECT_EQ(jobs, 21);
    EXPECT_EQ(unserved(plan), "");
}

TEST(ScalingDemands, JobsThatComplementEachOtherShareInstances) {
    auto e = environment();
    e.offers = {offer("cpu", 4, 30, 4096), offer("mem", 4, 50, 32768),
                offer("mixed", 8, 60, 32768)};
    // Four of the one and one of the other fill a "mixed" exactly.
    const auto plan =
        plan_scaling(input({e}, {demand(40, need(1, 256)), demand(10, need(4, 31'000))}));
    EXPECT_EQ(launches(plan), "0:mixed@ax10");
}

TEST(ScalingDemands, GpusAreCountedLikeTheRest) {
    auto e = environment();
    auto gpu = offer("g8", 8, 200);
    gpu.capacity.gpus = 4;
    e.offers.push_back(gpu);
    const auto plan = plan_scaling(input({e}, {demand(5, need(1, 512, 1)), demand(9, need(1))}));
    EXPECT_EQ(launches(plan), "0:g8@ax2") << "the other jobs fit beside";
}

TEST(ScalingDemands, RoomThatIsThereIsUsedFirst) {
    auto e = environment();
    e.instances = {instance("up", 4), instance("booting", 4, InstancePhase::Booting)};
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(8, need(1))}))), "");
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(9, need(1))}))), "0:t2@ax1");
}

TEST(ScalingDemands, RoomOfALaterEnvironmentIsUsedBeforeTheFirstLaunches) {
    auto second = environment();
    second.instances = {instance("up", 4)};
    const auto plan = plan_scaling(input({environment(), second}, {demand(4, need(1), {0, 1})}));
    EXPECT_EQ(launches(plan), "");
}

TEST(ScalingDemands, DrainingInstancesAndDisabledEnvironmentsOfferNoRoom) {
    auto draining = environment();
    draining.instances = {instance("i", 4, InstancePhase::Idle)};
    draining.instances[0].is_draining = true;
    EXPECT_EQ(launches(plan_scaling(input({draining}, {demand(1, need(1))}))), "0:t2@ax1");
    auto disabled = environment();
    disabled.is_enabled = false;
    disabled.instances = {instance("i", 4)};
    const auto plan = plan_scaling(input({disabled}, {demand(1, need(1))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:NoEnvironmentx1");
}

TEST(ScalingDemands, TheFirstEnvironmentIsFilledUpToItsMaximum) {
    const auto plan =
        plan_scaling(input({environment(8), environment()}, {demand(20, need(1), {0, 1})}));
    EXPECT_EQ(plan.targets[0].desired_vcpus, 8) << launches(plan);
    EXPECT_EQ(plan.targets[1].desired_vcpus, 12) << launches(plan);
}

TEST(ScalingDemands, JobsThatWaitedLongerComeFirstWhereTheQueuesMeet) {
    // The first queue overflows from environment 0 to 1, where the second one waits.
    const auto plan = plan_scaling(input({environment(8), environment(8)},
                                         {demand(16, need(1), {0, 1}), demand(8, need(1), {1})}));
    EXPECT_EQ(unserved(plan), "1:MaxReachedx8");
}

TEST(ScalingDemands, OfTooManyJobsTheFirstAreServed) {
    const auto plan = plan_scaling(
        input({environment(16)}, {demand(4, need(2, 8000)), demand(100, need(1, 512))}));
    EXPECT_EQ(plan.targets[0].desired_vcpus, 16);
    EXPECT_EQ(unserved(plan), "1:MaxReachedx92");
}

TEST(ScalingDemands, TheMaximumCountsWhatRunsAndDrains) {
    auto e = environment(8);
    e.instances = {instance("busy", 4, InstancePhase::Busy),
                   instance("old", 2, InstancePhase::Busy)};
    e.instances[1].is_draining = true;
    const auto plan = plan_scaling(input({e}, {demand(8, need(1))}));
    EXPECT_EQ(launches(plan), "0:t2@ax1");
    EXPECT_EQ(unserved(plan), "0:MaxReachedx6");
}

TEST(ScalingDemands, OneInstanceMayPassTheMaximumIfNoneIsSmallEnough) {
    auto e = environment(8);
    e.offers = {offer("t16", 16)};
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(40, need(1))}))), "0:t16@ax1");
    EXPECT_EQ(plan_scaling(input({e}, {demand(40, need(1))})).targets[0].desired_vcpus, 8);
    e.instances = {instance("i", 8, InstancePhase::Busy)};
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(40, need(1))}))), "") << "it is reached";
}

TEST(ScalingDemands, TheInstanceThatPassesTheMaximumIsFilledBeforeOthersAreLaunched) {
    auto e = environment(16);
    e.offers = {offer("t2", 2), offer("t32", 32, 0, 256'000)};
    const std::vector<ScalingDemand> demands{demand(7, need(1)), demand(1, need(1, 200'000))};
    const auto plan = plan_scaling(input({e}, demands));
    EXPECT_EQ(launches(plan), "0:t32@ax1");
    EXPECT_TRUE(plan.unserved.empty());
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(35, need(1)), demands[1]}))), "0:t2@ax8")
        << "the maximum is reached before its turn";
}

TEST(ScalingDemands, BestFitOnDemandNeverPassesTheMaximum) {
    auto e = environment(8);
    e.offers = {offer("t16", 16)};
    e.strategy = AllocationStrategy::BestFit;
    const auto plan = plan_scaling(input({e}, {demand(40, need(1))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:MaxTooSmallx40");
    e.is_spot = true;
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(40, need(1))}))), "0:t16@ax1");
}

TEST(ScalingDemands, NothingPassesTheMaximumForAJobThatIsLargerThanIt) {
    auto e = environment(4);
    const auto plan = plan_scaling(input({e}, {demand(1, need(5))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:MaxTooSmallx1");
}

TEST(ScalingDemands, AJobThatNoTypeCanHoldIsToldSo) {
    const auto plan =
        plan_scaling(input({environment()}, {demand(1, need(1, 1, 1)), demand(1, need(1))}));
    EXPECT_EQ(unserved(plan), "0:NoTypeFitsx1");
    EXPECT_EQ(launches(plan), "0:t2@ax1") << "the other is served";
    EXPECT_EQ(unserved(plan_scaling(input({environment()}, {demand(3, need(1), {})}))),
              "0:NoEnvironmentx3");
}

TEST(ScalingDemands, BlockedOffersAreLeftOut) {
    auto e = environment();
    block(e.offers[0]);
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(1, need(1))}))), "0:t4@ax1");
    e.offers.push_back(e.offers[0]);
    e.offers.back().zone = "b";
    e.offers.back().blocked_until = kNow;
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(1, need(1))}))), "0:t2@bx1");
}

TEST(ScalingDemands, WhenAllAreBlockedTheJobsWaitForTheFirstToOpen) {
    auto e = environment();
    for (auto& offer : e.offers) block(offer);
    block(e.offers[1], std::chrono::minutes{7});
    const auto plan = plan_scaling(input({e}, {demand(5, need(1))}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(unserved(plan), "0:Blockedx5");
    EXPECT_EQ(plan.unserved[0].type, "t2");
    EXPECT_EQ(plan.unserved[0].until, kNow + std::chrono::minutes{7});
    EXPECT_EQ(plan.next, kNow + std::chrono::minutes{7});
}

TEST(ScalingDemands, BlocksDoNotMatterOnceTheMaximumIsReached) {
    auto e = environment(4);
    for (auto& offer : e.offers) block(offer);
    e.instances = {instance("busy", 4, InstancePhase::Busy)};
    const auto plan = plan_scaling(input({e}, {demand(5, need(1))}));
    EXPECT_EQ(unserved(plan), "0:MaxReachedx5");
    EXPECT_FALSE(plan.next) << "what they wait for is the end of a job";
}

TEST(ScalingDemands, ABlockedEnvironmentIsPassedBy) {
    auto first = environment();
    for (auto& offer : first.offers) block(offer);
    const auto plan = plan_scaling(input({first, environment()}, {demand(1, need(1), {0, 1})}));
    EXPECT_EQ(launches(plan), "1:t2@ax1");
}

TEST(ScalingDemands, OfSeveralZonesTheCheapest) {
    auto e = environment();
    e.offers = {offer("t2", 2, 20), offer("t2", 2, 19)};
    e.offers[1].zone = "b";
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(1, need(1))}))), "0:t2@bx1");
}

TEST(ScalingDemands, ANewJobDoesNotLaunchTwice) {
    auto e = environment();
    auto first = plan_scaling(input({e}, {demand(6, need(1))}));
    for (const auto& launch : first.launches) {
        for (std::int64_t i = 0; i < launch.count; ++i) {
            e.instances.push_back(instance("i" + std::to_string(e.instances.size()),
                                           launch.type == "t8"   ? 8
                                           : launch.type == "t4" ? 4
                                                                 : 2,
                                           InstancePhase::Booting));
        }
    }
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(6, need(1))}))), "");
}

TEST(ScalingDemands, EveryLaunchSaysWhyAndInsteadOfWhat) {
    auto e = environment();
    block(e.offers[2]);
    e.offers.push_back(offer("dear", 4, 80));
    e.offers.push_back(offer("tiny", 1, 1, 100));
    const auto plan = plan_scaling(input({e}, {demand(4, need(1))}));
    ASSERT_EQ(plan.launches.size(), 1U);
    const Launch& launch = plan.launches[0];
    EXPECT_EQ(launch.type, "t4");
    EXPECT_EQ(launch.why, "4 waiting jobs for 0.4000 USD an hour.");
    std::vector<std::string> texts;
    for (const auto& a : launch.alternatives) {
        texts.push_back(a.type + " " + std::to_string(a.cost ? a.cost->value : -1) + ": " +
                        a.why_not);
    }
    const std::vector<std::string> expected{
        "t2 400000: It costs the same.", "dear 800000: It costs 0.4000 USD an hour more.",
        "t8 800000: EC2 had none or refused; it is tried again at 2001-09-09T02:46:40.000Z.",
        "tiny -1: It is too small for one of the jobs."};
    EXPECT_EQ(texts, expected);
}

}  // namespace
}  // namespace batchd::core::test
