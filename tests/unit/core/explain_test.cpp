// Why a job waits. What would have to change is checked by changing it: the job starts then.
#include "batchd/core/explain.hpp"

#include "unit/core/builders.hpp"

#include <algorithm>

namespace batchd::core::test {
namespace {

class Explain : public ::testing::Test {
  protected:
    Explanation of(const model::JobId& id, std::vector<Awaited> awaited = {}) {
        auto found = explain(world.state, id, awaited, world.now);
        EXPECT_TRUE(found) << to_string(id);
        return found.value_or(Explanation{});
    }
    /// The codes of all obstacles, in order, without repetition.
    std::string codes(const Explanation& e) {
        std::vector<std::string> list;
        const auto add = [&](const std::vector<Obstacle>& obstacles) {
            for (const auto& one : obstacles) {
                if (std::ranges::find(list, one.fact.code) == list.end()) {
                    list.push_back(one.fact.code);
                }
            }
        };
        add(e.obstacles);
        for (const auto& environment : e.environments) {
            add(environment.obstacles);
            for (const auto& host : environment.hosts) add(host.obstacles);
        }
        std::string text;
        for (const auto& code : list) text += (text.empty() ? "" : " ") + code;
        return text;
    }
    /// "a AND b" for each.
    std::vector<std::string> ways(const Explanation& e) {
        std::vector<std::string> list;
        for (const auto& way : e.would_start_if) {
            std::string text;
            for (const auto& change : way.changes) {
                text += (text.empty() ? "" : " AND ") + change.text;
            }
            list.push_back(std::move(text));
        }
        return list;
    }
    ::testing::AssertionResult offers(const Explanation& e, const std::string& way) {
        const auto list = ways(e);
        if (std::ranges::find(list, way) != list.end()) return ::testing::AssertionSuccess();
        auto result = ::testing::AssertionFailure() << way << " is none of:";
        for (const auto& one : list) result << "\n  " << one;
        return result;
    }
    bool has_started(const model::JobId& id) { return world.status(id) == "STARTING"; }
    void set_environment(const std::string& name, const std::string& state) {
        UpdateEnvironment event{.name = name, .update = {}};
        event.update.state = state;
        const auto done = world.tell(std::move(event));
        ASSERT_TRUE(done) << done.error().message;
    }

    World world;
};

TEST_F(Explain, MemoryThatIsMissing) {
    const auto holder = world.submit(world.a_job().needs(resources(1, 700)));
    const auto waiting = world.submit(world.a_job().needs(resources(1, 400)));
    const auto e = of(waiting);
    ASSERT_EQ(codes(e), "MEMORY");
    const auto& host = e.environments.at(0).hosts.at(0);
    EXPECT_EQ(host.obstacles[0].fact.text, "asks for 400 MiB; 300 of 1000 are free");
    EXPECT_TRUE(host.fits_when_empty);
    EXPECT_TRUE(offers(e, "memory <= 300 MiB"));
    EXPECT_TRUE(
        offers(e, "100 MiB are freed on host h0 (job " + to_string(holder) + ", STARTING)"));
    EXPECT_TRUE(has_started(world.submit(world.a_job().needs(resources(1, 300)))));
    EXPECT_FALSE(has_started(waiting)) << "the other one took what was free";
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, WhatIsHeldIsNamedWithItsEnd) {
    const auto holder = world.submit(world.a_job().needs(resources(3)).timeout(Seconds{60}));
    world.started(holder);
    const auto waiting = world.submit(world.a_job().needs(resources(4)));
    const auto e = of(waiting);
    EXPECT_TRUE(offers(e, "vcpus <= 1"));
    EXPECT_TRUE(offers(e, "3 vCPUs are freed on host h0 (job " + to_string(holder) +
                              ", RUNNING since 1970-01-01T00:00:00.000Z, its timeout ends at "
                              "1970-01-01T00:01:00.000Z)"));
    world.exited(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AsFewJobsAsGiveEnough) {
    std::vector<model::JobId> holders;
    for (int i = 0; i < 4; ++i) holders.push_back(world.submit());
    const auto waiting = world.submit(world.a_job().needs(resources(2)));
    const auto list = ways(of(waiting));
    ASSERT_EQ(list.size(), 1U);
    EXPECT_TRUE(list[0].starts_with("2 vCPUs are freed on host h0 (job " + to_string(holders[0])))
        << list[0];
    EXPECT_TRUE(list[0].contains(to_string(holders[1])));
    EXPECT_FALSE(list[0].contains(to_string(holders[2])));
    world.ran(holders[0], 0);
    EXPECT_FALSE(has_started(waiting));
    world.ran(holders[1], 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, WhatNeverFits) {
    const auto waiting = world.submit(world.a_job().needs(resources(8, 2000, 1)));
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "VCPUS MEMORY GPUS");
    EXPECT_FALSE(e.environments[0].hosts[0].fits_when_empty);
    EXPECT_EQ(ways(e), std::vector<std::string>{"vcpus <= 4 AND memory <= 1000 MiB AND gpus <= 0"});
    EXPECT_TRUE(has_started(world.submit(world.a_job().needs(resources(4, 1000)))));
}

TEST_F(Explain, AHostThatIsDown) {
    (void)world.tell(HostDown{.host = "h0", .reason = "no answer"});
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "HOST_UNAVAILABLE");
    EXPECT_EQ(ways(e), std::vector<std::string>{"host h0 is up"});
    EXPECT_FALSE(e.would_start_if[0].is_own);
    world.host_up("h0", resources(4, 1000));
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AHostThatDrains) {
    model::Host host;
    host.name = "p0";
    host.url = "unix:///p0";
    world.add_environment("pool");
    world.add_queue("pool", 1, {"pool"});
    ASSERT_TRUE(world.tell(
        PutHost{.environment = "pool", .document = host, .origin = model::HostOrigin::Registered}));
    world.host_up("p0", resources(4, 1000));
    ASSERT_TRUE(
        world.tell(DrainHost{.environment = "pool", .host = "p0", .deadline = std::nullopt}));
    const auto waiting = world.submit(world.a_job().in("pool"));
    EXPECT_EQ(ways(of(waiting)), std::vector<std::string>{"host p0 is ACTIVE again"});
    host.state = "ACTIVE";
    ASSERT_TRUE(world.tell(
        PutHost{.environment = "pool", .document = host, .origin = model::HostOrigin::Registered}));
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AHostThatIsKeptForAnotherJob) {
    world.state.policy.reserve_after = Seconds{60};
    world.submit(world.a_job().needs(resources(3)));
    const auto head = world.submit(world.a_job().needs(resources(4)));
    world.now += Seconds{60};
    world.step();
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "HOST_RESERVED");
    EXPECT_EQ(e.environments[0].hosts[0].kept_for, head);
    EXPECT_EQ(ways(e), std::vector<std::string>{"job " + to_string(head) +
                                                ", for which host h0 is kept free, has been "
                                                "started or cancelled"});
    (void)world.tell(CancelJob{.id = head, .reason = "x"});
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AnEnvironmentThatIsDisabled) {
    set_environment("local", "DISABLED");
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "ENVIRONMENT_CLOSED");
    EXPECT_EQ(ways(e), std::vector<std::string>{"environment local is ENABLED"});
    set_environment("local", "ENABLED");
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, MaxvCpus) {
    world.add_environment("small", 2);
    world.add_queue("bounded", 1, {"small"});
    const auto holder = world.submit(world.a_job().in("bounded").fargate());
    const auto waiting = world.submit(world.a_job().needs(resources(2)).in("bounded").fargate());
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "MAX_VCPUS");
    EXPECT_TRUE(offers(e, "vcpus <= 1"));
    EXPECT_TRUE(offers(e, "maxvCpus of environment small is at least 3"));
    EXPECT_TRUE(offers(
        e, "1 vCPUs are freed in environment small (job " + to_string(holder) + ", STARTING)"));
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AnEnvironmentForAnotherPlatformIsNoWay) {
    world.add_environment("small", 1);
    world.add_queue("bounded", 1, {"small"});
    const auto waiting = world.submit(world.a_job().needs(resources(2)).in("bounded").fargate());
    UpdateQueue event{.name = "bounded", .update = {}};
    event.update.compute_environment_order = {{.order = 1, .compute_environment = "local"}};
    ASSERT_TRUE(world.tell(std::move(event)));
    EXPECT_EQ(codes(of(waiting)), "PLATFORM");
    EXPECT_TRUE(of(waiting).would_start_if.empty());
    EXPECT_FALSE(has_started(waiting));
}

TEST_F(Explain, ConsumableResources) {
    model::ConsumableResource licence{.consumable_resource_name = "licence",
                                      .total_quantity = 3,
                                      .resource_type = "REPLENISHABLE"};
    ASSERT_TRUE(world.tell(CreateConsumableResource{.document = licence, .tags = {}}));
    const auto holder = world.submit(world.a_job().takes("licence", 2));
    const auto waiting = world.submit(world.a_job().takes("licence", 2));
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "CONSUMABLE_RESOURCE");
    const auto& shown = e.consumables.at(0);
    EXPECT_EQ(std::tuple(shown.asked, shown.available, shown.total, shown.holders),
              std::tuple(2, 1, 3, 1));
    EXPECT_TRUE(offers(e, "units of 'licence' <= 1"));
    EXPECT_TRUE(
        offers(e, "1 units of 'licence' are given back (job " + to_string(holder) + ", STARTING)"));
    EXPECT_TRUE(offers(e, "consumable resource 'licence' has 1 units more, 4 in all"));
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AConsumableResourceThatDoesNotExist) {
    const auto waiting = world.submit(world.a_job().takes("licence", 2));
    EXPECT_EQ(ways(of(waiting)),
              std::vector<std::string>{"consumable resource 'licence' exists, with 2 units"});
    model::ConsumableResource licence{.consumable_resource_name = "licence",
                                      .total_quantity = 2,
                                      .resource_type = "REPLENISHABLE"};
    ASSERT_TRUE(world.tell(CreateConsumableResource{.document = licence, .tags = {}}));
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, TheSharesOfAQueueAndItsReservation) {
    model::SchedulingPolicy document{
        .name = "fair",
        .fairshare_policy = model::FairsharePolicy{.share_decay_seconds = std::nullopt,
                                                   .compute_reservation = 50,
                                                   .share_distribution = std::nullopt},
        .quota_share_policy = {}};
    ASSERT_TRUE(world.tell(CreateSchedulingPolicy{.document = document, .tags = {}}));
    world.add_queue("fair", 1, {"local"}, "fair");
    const auto holder = world.submit(world.a_job().needs(resources(2)).in("fair").share("a"));
    const auto waiting = world.submit(world.a_job().in("fair").share("a"));
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "COMPUTE_RESERVATION");
    EXPECT_EQ(e.share->identifier, "a");
    EXPECT_EQ(e.share->usable, vcpus(2));
    EXPECT_EQ(e.share->queue_used, vcpus(2));
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, StrictOrder) {
    world.state.policy.strict_order = true;
    const auto head = world.submit(world.a_job().needs(resources(8)));
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "STRICT_ORDER");
    EXPECT_EQ(e.position->head, head);
    (void)world.tell(CancelJob{.id = head, .reason = "x"});
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AJobThatIsHeld) {
    set_environment("local", "DISABLED");
    const auto waiting = world.submit();
    ASSERT_TRUE(world.tell(HoldJob{.id = waiting, .reason = "not yet"}));
    set_environment("local", "ENABLED");
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "HELD");
    EXPECT_EQ(ways(e), std::vector<std::string>{"job " + to_string(waiting) + " is released"});
    ASSERT_TRUE(world.tell(ReleaseJob{.id = waiting}));
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, AQueueThatIsPaused) {
    ASSERT_TRUE(world.tell(PauseQueue{.name = "default", .pause = {.by = "me", .reason = "why"}}));
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "QUEUE_PAUSED");
    EXPECT_EQ(ways(e), std::vector<std::string>{"job queue default is resumed"});
    ASSERT_TRUE(world.tell(ResumeQueue{.name = "default"}));
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, MaxRunningOfAQueue) {
    UpdateQueue update{.name = "default", .update = {}};
    update.update.max_running = 1;
    ASSERT_TRUE(world.tell(update));
    const auto holder = world.submit();
    const auto waiting = world.submit();
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "QUEUE_MAX_RUNNING");
    EXPECT_TRUE(offers(e, "one of the running jobs of queue default ends"));
    EXPECT_TRUE(offers(e, "maxRunning of queue default is at least 2"));
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, MaxRunningOfADefinition) {
    const auto limited = [&] {
        auto job = world.a_job();
        job.event.traits.shape.consumables = {
            {.name = model::running_limit_name("train"), .quantity = 1, .limit = 1}};
        return job;
    };
    const auto holder = world.submit(limited());
    const auto waiting = world.submit(limited());
    const auto e = of(waiting);
    EXPECT_EQ(codes(e), "MAX_RUNNING");
    EXPECT_TRUE(e.consumables.empty());
    EXPECT_EQ(ways(e),
              std::vector<std::string>{"one of the running jobs of definition train ends (job " +
                                       to_string(holder) + ", STARTING)"});
    world.ran(holder, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, MaxParallel) {
    auto job = world.a_job().array(3);
    job.event.traits.options = model::JobOptions{};
    job.event.traits.options->max_parallel = 1;
    const auto array = world.submit(std::move(job));
    const auto e = of(array.child(1));
    EXPECT_EQ(codes(e), "MAX_PARALLEL");
    EXPECT_EQ(codes(of(array)), "MAX_PARALLEL");
    world.ran(array.child(0), 0);
    EXPECT_TRUE(has_started(array.child(1)));
}

TEST_F(Explain, PositionsInAQueue) {
    world.submit(world.a_job().needs(resources(4)));
    std::vector<model::JobId> waiting;
    for (int i = 0; i < 5; ++i) {
        waiting.push_back(world.submit(world.a_job().needs(resources(4, 100 + i % 2))));
    }
    for (std::int64_t i = 0; i < 5; ++i) {
        const auto position = *of(waiting[static_cast<std::size_t>(i)]).position;
        EXPECT_EQ(position.before, i);
        EXPECT_TRUE(position.is_exact);
        EXPECT_EQ(position.waiting, 5);
        EXPECT_EQ(position.head, waiting[0]);
    }
    world.add_queue("urgent", 10, {"local"});
    world.submit(world.a_job().needs(resources(4)).in("urgent"));
    EXPECT_EQ(of(waiting[0]).position->in_queues_before, 1);
}

TEST_F(Explain, ChildrenOfAnArrayStandInLine) {
    const auto array = world.submit(world.a_job().needs(resources(2)).array(5));
    const auto e = of(array.child(4));
    EXPECT_EQ(e.status, model::JobStatus::Runnable);
    EXPECT_EQ(e.position->before, 2);
    EXPECT_EQ(e.position->head, array.child(2));
    const auto whole = of(array);
    EXPECT_EQ(whole.children->at(static_cast<std::size_t>(model::JobStatus::Runnable)), 3);
    EXPECT_EQ(whole.position->before, 0);
    EXPECT_EQ(of(array.child(0)).run->host, "h0");
    EXPECT_FALSE(explain(world.state, array.child(5), {}, world.now));
}

TEST_F(Explain, DependenciesThatAreNotMet) {
    const auto running = world.submit();
    world.started(running);
    const auto waiting = world.submit(world.a_job().after(running));
    const auto e = of(waiting, {{.id = running, .type = ""}, {.id = job_id(99), .type = ""}});
    ASSERT_EQ(e.dependencies.size(), 1U);
    EXPECT_EQ(e.dependencies[0].id, running);
    EXPECT_EQ(e.dependencies[0].status, model::JobStatus::Running);
    EXPECT_EQ(ways(e), std::vector<std::string>{"job " + to_string(running) + " has SUCCEEDED"});
    world.exited(running, 0);
    EXPECT_TRUE(has_started(waiting));
}

TEST_F(Explain, ASequentialChildWaitsForTheOneBefore) {
    const auto array = world.submit(world.a_job().array(3).sequential());
    const auto e = of(array.child(2), {{.id = {}, .type = "SEQUENTIAL"}});
    ASSERT_EQ(e.dependencies.size(), 1U);
    EXPECT_EQ(e.dependencies[0].id, array.child(0));
}

TEST_F(Explain, NodesThatFindNoRoomAtOnce) {
    World two{{}, 2};
    world.state = std::move(two.state);
    const auto blocker = world.submit(world.a_job().needs(resources(3)));
    auto builder = world.a_job();
    builder.event.traits.shape.nodes = {{.count = 2, .resources = resources(3)}};
    builder.event.traits.shape.resources = resources(6, 200);
    const auto gang = world.submit(std::move(builder));
    const auto e = of(gang);
    EXPECT_EQ(e.nodes, 2);
    EXPECT_EQ(codes(e), "VCPUS");
    ASSERT_EQ(e.would_start_if.size(), 1U);
    EXPECT_TRUE(ways(e)[0].contains("h0, h1")) << ways(e)[0];
    EXPECT_EQ(of(gang.node(1)).status, model::JobStatus::Runnable);
    world.ran(blocker, 0);
    EXPECT_TRUE(has_started(gang));
    EXPECT_EQ(of(gang).run->host, world.state.hosts[0].name);
}

TEST_F(Explain, NobodyKnowsJobsThatEnded) {
    const auto job = world.submit();
    world.ran(job, 0);
    EXPECT_FALSE(explain(world.state, job, {}, world.now));
    EXPECT_FALSE(explain(world.state, job_id(77), {}, world.now));
}

}  // namespace
}  // namespace batchd::core::test
