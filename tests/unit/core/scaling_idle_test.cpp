// What the scaling plan keeps without jobs, and what it lets go.
#include "unit/core/scaling_builders.hpp"

namespace batchd::core::test {
namespace {

using std::chrono::minutes;

ScalingInstance idle_for(std::string id, std::int64_t vcpus, Milliseconds time) {
    auto idle = instance(std::move(id), vcpus);
    idle.since = kNow - time;
    return idle;
}

TEST(MinVcpus, AreKept) {
    auto e = environment();
    e.min_vcpus = 6;
    auto plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(cost_of(plan), MicroUsd{600'000}) << launches(plan);
    EXPECT_EQ(plan.launches.at(0).cause, LaunchCause::MinVcpus);
    EXPECT_EQ(plan.launches[0].why, "minvCpus is 6.");
    EXPECT_EQ(plan.targets[0].desired_vcpus, 6);
    e.instances = {instance("a", 4), instance("b", 2, InstancePhase::Booting)};
    EXPECT_EQ(launches(plan_scaling(input({e}, {}))), "");
}

TEST(MinVcpus, AreKeptByADisabledEnvironmentToo) {
    auto e = environment();
    e.min_vcpus = 2;
    e.is_enabled = false;
    EXPECT_EQ(launches(plan_scaling(input({e}, {demand(9, need(1))}))), "0:t2@ax1");
    e.raised_vcpus = 8;
    EXPECT_EQ(launches(plan_scaling(input({e}, {}))), "0:t2@ax1") << "but nothing else";
}

TEST(MinVcpus, LaunchesForJobsCount) {
    auto e = environment();
    e.min_vcpus = 4;
    const auto plan = plan_scaling(input({e}, {demand(4, need(1))}));
    EXPECT_EQ(launches(plan), "0:t4@ax1");
    EXPECT_EQ(plan.launches[0].cause, LaunchCause::Demand);
}

TEST(MinVcpus, DrainingInstancesDoNotCount) {
    auto e = environment();
    e.min_vcpus = 4;
    e.instances = {instance("old", 4, InstancePhase::Busy)};
    e.instances[0].is_draining = true;
    EXPECT_EQ(launches(plan_scaling(input({e}, {}))), "0:t4@ax1");
}

TEST(DesiredVcpus, AreLaunchedWhenTheUserRaisesThem) {
    auto e = environment();
    e.raised_vcpus = 8;
    auto plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(launches(plan), "0:t8@ax1");
    EXPECT_EQ(plan.launches[0].cause, LaunchCause::DesiredVcpus);
    EXPECT_FALSE(plan.targets[0].is_desired_met);
    e.instances = {idle_for("i", 8, minutes{60})};
    plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(launches(plan), "");
    EXPECT_EQ(terminations(plan), "") << "as long as the wish is not forgotten";
    EXPECT_TRUE(plan.targets[0].is_desired_met);
}

TEST(IdleInstances, GoAfterTheDelay) {
    auto e = environment();
    e.instances = {idle_for("old", 2, minutes{5}), idle_for("fresh", 4, minutes{2})};
    const auto plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(terminations(plan), "0:old");
    EXPECT_EQ(plan.terminations.at(0).why, "It has been idle for 5 min.");
    EXPECT_EQ(plan.next, kNow + minutes{3});
    EXPECT_EQ(plan.targets[0].desired_vcpus, 4);
}

TEST(IdleInstances, ThatHaveRunJobsStayForTheEnvironmentsDelay) {
    auto e = environment();
    e.scale_down_delay = minutes{20};
    e.instances = {idle_for("ran", 2, minutes{19}), idle_for("never", 2, minutes{19})};
    e.instances[1].has_run_job = false;
    const auto plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(terminations(plan), "0:never");
    EXPECT_EQ(plan.terminations.at(0).why, "It has been idle for 19 min and has never run a job.");
    EXPECT_EQ(plan.next, kNow + minutes{1});
}

TEST(IdleInstances, StayIfMinVcpusNeedThem) {
    auto e = environment();
    e.min_vcpus = 3;
    e.instances = {instance("a", 2), instance("b", 2), instance("c", 4)};
    EXPECT_EQ(terminations(plan_scaling(input({e}, {}))), "0:c") << "the most expensive goes";
    e.instances.pop_back();
    const auto plan = plan_scaling(input({e}, {}));
    EXPECT_EQ(terminations(plan), "") << "only whole instances go";
    EXPECT_FALSE(plan.next) << "and there is nothing to wait for";
}

TEST(IdleInstances, StayIfJobsWillUseThem) {
    auto e = environment();
    e.instances = {instance("a", 2), instance("b", 2)};
    EXPECT_EQ(terminations(plan_scaling(input({e}, {demand(2, need(1))}))), "0:b");
    EXPECT_EQ(terminations(plan_scaling(input({e}, {demand(3, need(1))}))), "");
    EXPECT_EQ(terminations(plan_scaling(input({e}, {gang(2, need(1))}))), "");
}

TEST(IdleInstances, WhatWasJustLaunchedIsNotThrownAway) {
    auto e = environment();
    e.instances = {instance("booting", 2, InstancePhase::Booting),
                   idle_for("just up", 2, std::chrono::seconds{10})};
    e.instances[1].has_run_job = false;
    EXPECT_EQ(terminations(plan_scaling(input({e}, {}))), "");
}

TEST(IdleInstances, BusyOnesNeverGo) {
    auto e = environment();
    e.instances = {instance("busy", 2, InstancePhase::Busy)};
    e.is_enabled = false;
    EXPECT_EQ(terminations(plan_scaling(input({e}, {}))), "");
}

TEST(DrainingInstances, GoAsSoonAsTheyAreEmpty) {
    auto e = environment();
    e.min_vcpus = 0;
    e.instances = {idle_for("empty", 2, minutes{0}), instance("busy", 2, InstancePhase::Busy),
                   instance("booting", 2, InstancePhase::Booting)};
    for (auto& i : e.instances) i.is_draining = true;
    EXPECT_EQ(terminations(plan_scaling(input({e}, {}))), "0:empty 0:booting");
}

}  // namespace
}  // namespace batchd::core::test
