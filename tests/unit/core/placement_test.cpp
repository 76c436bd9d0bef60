#include "builders.hpp"

namespace batchd::core::test {
namespace {

TEST(Placement, NeverExceedsAHostsCapacity) {
    World world;
    std::vector<model::JobId> jobs;
    for (int i = 0; i < 6; ++i) jobs.push_back(world.submit());
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 4U);
    world.ran(jobs[0], 0);
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 4U);
    EXPECT_EQ(world.status(jobs[4]), "STARTING");
    EXPECT_EQ(world.status(jobs[5]), "RUNNABLE");
}

TEST(Placement, MemoryAndGpusCountToo) {
    World world;
    const auto large = world.submit(world.a_job().needs(resources(1, 900)));
    const auto second = world.submit(world.a_job().needs(resources(1, 200)));
    const auto gpu = world.submit(world.a_job().needs(resources(1, 10, 1)));
    EXPECT_EQ(world.status(large), "STARTING");
    EXPECT_EQ(world.status(second), "RUNNABLE");
    EXPECT_EQ(world.status(gpu), "RUNNABLE");
}

TEST(Placement, AQueueOfHigherPriorityIsServedFirst) {
    World world;
    world.add_queue("urgent", 10, {"local"});
    const auto blocker = world.submit(world.a_job().needs(resources(4)));
    const auto low = world.submit(world.a_job().needs(resources(4)));
    const auto high = world.submit(world.a_job().needs(resources(4)).in("urgent"));
    world.ran(blocker, 0);
    EXPECT_EQ(world.status(high), "STARTING");
    EXPECT_EQ(world.status(low), "RUNNABLE");
}

TEST(Placement, ABlockedHeadOfHigherPriorityLeavesCapacityToLowerQueues) {
    World world;
    world.add_queue("urgent", 10, {"local"});
    const auto impossible = world.submit(world.a_job().needs(resources(64)).in("urgent"));
    const auto low = world.submit();
    EXPECT_EQ(world.status(impossible), "RUNNABLE");
    EXPECT_EQ(world.status(low), "STARTING");
}

TEST(Placement, SmallJobsBackfillAroundALargeHead) {
    World world;
    const auto first = world.submit(world.a_job().needs(resources(3)));
    const auto large = world.submit(world.a_job().needs(resources(4)));
    const auto small = world.submit(world.a_job().needs(resources(1)));
    EXPECT_EQ(world.status(first), "STARTING");
    EXPECT_EQ(world.status(large), "RUNNABLE");
    EXPECT_EQ(world.status(small), "STARTING");
}

TEST(Placement, StrictOrderLetsNobodyPassTheHead) {
    World world(Policy{.strict_order = true});
    world.submit(world.a_job().needs(resources(3)));
    const auto large = world.submit(world.a_job().needs(resources(4)));
    const auto small = world.submit(world.a_job().needs(resources(1)));
    EXPECT_EQ(world.status(large), "RUNNABLE");
    EXPECT_EQ(world.status(small), "RUNNABLE");
}

TEST(Placement, AHeadThatIsBlockedForLongGetsAHostKeptFree) {
    World world(Policy{.reserve_after = Seconds{60}});
    const auto a = world.submit(world.a_job().needs(resources(2)));
    const auto b = world.submit(world.a_job().needs(resources(2)));
    const auto large = world.submit(world.a_job().needs(resources(4)));
    ASSERT_EQ(next_deadline(world.state), world.now + Seconds{60});
    world.now += Seconds{60};
    world.step();
    world.ran(a, 0);
    const auto small = world.submit(world.a_job().needs(resources(2)));
    EXPECT_EQ(world.status(small), "RUNNABLE") << "the host is kept for the large job";
    world.ran(b, 0);
    EXPECT_EQ(world.status(large), "STARTING");
    world.ran(large, 0);
    EXPECT_EQ(world.status(small), "STARTING");
}

TEST(Placement, AnArrayThatMakesProgressIsNoBlockedHead) {
    World world(Policy{.reserve_after = Seconds{60}});
    const auto array = world.submit(world.a_job().needs(resources(3)).array(10));
    const auto small = world.submit();
    for (std::int32_t i = 0; i < 4; ++i) {
        EXPECT_EQ(world.status(small), "STARTING");
        world.now += Seconds{40};
        world.ran(array.child(i), 0);
    }
    EXPECT_FALSE(world.state.queues[0].reservation);
    world.ran(small, 0);
    EXPECT_EQ(world.status(world.submit()), "STARTING") << "others go around the array";
}

TEST(Placement, InStrictOrderAHeadThatNeedsAGpuStopsTheQueueUntilItIsCancelled) {
    World world(Policy{.strict_order = true});
    const auto head = world.submit(world.a_job().needs(resources(1, 100, 1)));
    const auto next = world.submit();
    EXPECT_EQ(world.status(head) + " " + world.status(next), "RUNNABLE RUNNABLE");
    (void)world.tell(CancelJob{.id = head, .reason = "MISCONFIGURATION"});
    EXPECT_EQ(world.status(next), "STARTING");
}

TEST(Placement, AReservationEndsWithItsJob) {
    World world(Policy{.reserve_after = Seconds{60}});
    const auto a = world.submit(world.a_job().needs(resources(3)));
    const auto large = world.submit(world.a_job().needs(resources(4)));
    world.now += Seconds{60};
    world.step();
    const auto small = world.submit();
    EXPECT_EQ(world.status(small), "RUNNABLE");
    (void)world.tell(CancelJob{.id = large, .reason = "x"});
    EXPECT_EQ(world.status(small), "STARTING");
    EXPECT_EQ(world.status(a), "STARTING");
}

TEST(Placement, NoHostIsKeptForAJobThatCanNeverRun) {
    World world(Policy{.reserve_after = Seconds{60}});
    world.add_environment("small", 2);
    world.add_queue("bounded", 1, {"small"});
    world.submit(world.a_job().needs(resources(3)).in("bounded").fargate());  // beyond maxvCpus
    world.submit(world.a_job().needs(resources(8)));                          // beyond the host
    for (int i = 0; i < 3; ++i) {
        const auto due = next_deadline(world.state);
        ASSERT_TRUE(due);
        EXPECT_GT(*due, world.now) << "a deadline in the past makes the engine spin";
        world.now = *due;
        world.step();
    }
    EXPECT_EQ(world.status(world.submit()), "STARTING");
}

TEST(Placement, AHostIsNoLongerKeptWhenTheEnvironmentIsDisabled) {
    World world(Policy{.reserve_after = Seconds{60}});
    world.add_environment("second");
    world.add_queue("other", 1, {"second"});
    world.submit(world.a_job().needs(resources(2)));
    world.submit(world.a_job().needs(resources(4)).in("other"));
    world.now += Seconds{60};
    world.step();
    const auto small = world.submit();
    ASSERT_EQ(world.status(small), "RUNNABLE");
    model::ComputeEnvironmentUpdate update;
    update.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "second", .update = update}));
    EXPECT_EQ(world.status(small), "STARTING");
}

TEST(Placement, NoDeadlineIsLeftOfABlockedHeadThatWasCancelled) {
    World world;
    world.submit(world.a_job().needs(resources(4)));
    const auto waiting = world.submit();
    ASSERT_TRUE(next_deadline(world.state));
    (void)world.tell(CancelJob{.id = waiting, .reason = "x"});
    EXPECT_FALSE(next_deadline(world.state));
}

TEST(Placement, ACancelledHeadLetsTheNextJobGoAtOnce) {
    World world(Policy{.strict_order = true});
    const auto too_large = world.submit(world.a_job().needs(resources(8)));
    const auto next = world.submit();
    ASSERT_EQ(world.status(next), "RUNNABLE");
    (void)world.tell(CancelJob{.id = too_large, .reason = "x"});
    EXPECT_EQ(world.status(next), "STARTING");
}

TEST(Placement, FillsTheHostThatIsFullestFirst) {
    World world({}, 2);
    world.submit(world.a_job().needs(resources(2)));
    world.submit(world.a_job().needs(resources(2)));
    EXPECT_EQ(world.state.hosts[0].attempts.size() + world.state.hosts[1].attempts.size(), 2U);
    const auto large = world.submit(world.a_job().needs(resources(4)));
    EXPECT_EQ(world.status(large), "STARTING") << "both small jobs share one host";
}

TEST(Placement, InOnePassEachJobGoesToTheHostThatItFillsMost) {
    World world({}, 3);
    for (auto& host : world.state.hosts) host.capacity.vcpu = vcpus(8);
    std::vector<model::JobId> jobs;
    for (const int wanted : {3, 7, 1, 2, 6, 3, 2}) {
        auto job = world.a_job().needs(resources(wanted));
        jobs.push_back(job.event.id);
        ASSERT_TRUE(world.tell_within_step(std::move(job.event)));
    }
    world.step();
    std::vector<std::string> hosts;
    for (const auto& job : jobs) {
        ASSERT_EQ(world.status(job), "STARTING");
        hosts.push_back(world.state.job(*world.state.find_job(job)).run->attempt.host);
    }
    // Free before each: 8 8 8, 5 8 8, 5 1 8, 5 0 8, 3 0 8, 3 0 2, 0 0 2.
    EXPECT_EQ(hosts, (std::vector<std::string>{"h0", "h1", "h1", "h0", "h2", "h0", "h2"}));
}

TEST(Placement, AHostThatIsDownTakesNoJobsUntilItIsBack) {
    World world;
    (void)world.tell(HostDown{.host = "h0", .reason = "connection refused"});
    const auto job = world.submit();
    EXPECT_EQ(world.status(job), "RUNNABLE");
    world.host_up("h0", resources(4, 1000));
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST(Placement, EnvironmentsThatShareAnEngineCountItsCapacityOnce) {
    World world;
    world.add_environment("second");
    world.add_queue("other", 1, {"second"});
    for (int i = 0; i < 3; ++i) world.submit();
    for (int i = 0; i < 3; ++i) world.submit(world.a_job().in("other"));
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 4U);
}

TEST(Placement, AManagedEnvironmentIsBoundedByItsMaxvCpus) {
    World world;
    world.add_environment("managed", 2);
    world.add_queue("bounded", 1, {"managed"});
    for (int i = 0; i < 3; ++i) world.submit(world.a_job().in("bounded").fargate());
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 2U);
}

TEST(Placement, TheNextEnvironmentIsTriedWhenTheFirstIsFull) {
    World world;
    world.add_environment("small", 1);
    world.add_environment("next", 2);
    world.add_queue("both", 1, {"small", "next"});
    world.submit(world.a_job().in("both").fargate());
    world.submit(world.a_job().in("both").fargate());
    EXPECT_EQ(world.state.environment(*world.state.find_environment("small")).used, vcpus(1));
    EXPECT_EQ(world.state.environment(*world.state.find_environment("next")).used, vcpus(1));
}

TEST(Placement, ADisabledEnvironmentTakesNoJobs) {
    World world;
    model::ComputeEnvironmentUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "local", .update = disable}));
    EXPECT_EQ(world.status(world.submit()), "RUNNABLE");
}

}  // namespace
}  // namespace batchd::core::test
