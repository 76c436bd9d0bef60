// Multi-node parallel jobs: all nodes at once, the main one first, and its end is the job's.
#include "unit/core/builders.hpp"

namespace batchd::core::test {
namespace {

class Gangs : public ::testing::Test {
  protected:
    JobBuilder a_gang(std::int32_t nodes, std::int64_t vcpu = 1, std::int32_t main = 0) {
        auto builder = world.a_job();
        auto& shape = builder.event.traits.shape;
        shape.nodes = {{.count = nodes, .resources = resources(vcpu)}};
        shape.resources = {};
        for (std::int32_t i = 0; i < nodes; ++i) shape.resources += resources(vcpu);
        builder.event.traits.main_node = main;
        return builder;
    }
    std::vector<const StartContainer*> starts() const {
        std::vector<const StartContainer*> list;
        for (const auto& action : world.actions) {
            if (const auto* start = std::get_if<StartContainer>(&action)) list.push_back(start);
        }
        return list;
    }
    void started(const model::JobId& node) {
        (void)world.tell(AttemptStarted{.id = world.current(node),
                                        .container_id = "c",
                                        .started_at = world.now,
                                        .containers{},
                                        .address = "10.0.0.1"});
    }
    std::string statuses(const model::JobId& job, std::int32_t nodes) {
        std::string text = world.status(job) + ":";
        for (std::int32_t i = 0; i < nodes; ++i) text += " " + world.status(job.node(i));
        return text;
    }

    World world{{}, 2};  // two hosts of 4 vCPUs
};

TEST_F(Gangs, TheMainNodeStartsFirstAndTellsTheOthersItsAddress) {
    const auto job = world.submit(a_gang(3, 1, 1));
    EXPECT_EQ(statuses(job, 3), "STARTING: STARTING STARTING STARTING");
    ASSERT_EQ(starts().size(), 1U);
    EXPECT_EQ(starts()[0]->id.job, job.node(1));
    EXPECT_EQ(starts()[0]->num_nodes, 3);
    EXPECT_EQ(starts()[0]->main_node, 1);
    EXPECT_EQ(starts()[0]->main_address, "");
    started(job.node(1));
    EXPECT_EQ(statuses(job, 3), "RUNNING: STARTING RUNNING STARTING");
    ASSERT_EQ(starts().size(), 3U);
    EXPECT_EQ(starts()[1]->id.job, job.node(0));
    EXPECT_EQ(starts()[1]->main_address, "10.0.0.1");
    started(job.node(1));
    EXPECT_EQ(starts().size(), 3U) << "told twice";
}

TEST_F(Gangs, NodesPreferHostsOfTheirOwn) {
    world.submit(a_gang(2, 2));
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 1U);
    EXPECT_EQ(world.state.hosts[1].attempts.size(), 1U);
}

TEST_F(Gangs, NodesShareNoLargeHostWhileASmallOneIsFree) {
    world.host_up("h0", resources(16, 1000));
    world.submit(a_gang(2, 2));
    EXPECT_EQ(world.state.hosts[0].attempts.size(), 1U);
    EXPECT_EQ(world.state.hosts[1].attempts.size(), 1U);
}

TEST_F(Gangs, NothingStartsUntilAllNodesFit) {
    const auto blocker = world.submit(world.a_job().needs(resources(4)));
    const auto job = world.submit(a_gang(3, 2));
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.count<StartContainer>(), 1);
    world.ran(blocker, 0);
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST_F(Gangs, UnequalNodesArePackedWhereSpreadingWouldNotDo) {
    auto builder = a_gang(1, 4);
    auto& shape = builder.event.traits.shape;
    shape.nodes.push_back({.count = 4, .resources = resources(1)});
    shape.resources += resources(4, 400);
    EXPECT_EQ(world.status(world.submit(builder)), "STARTING");
}

TEST_F(Gangs, TheJobEndsAsTheMainNodeWhenTheOthersAreGone) {
    const auto job = world.submit(a_gang(2));
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 0);
    EXPECT_EQ(statuses(job, 2), "RUNNING: SUCCEEDED RUNNING");
    EXPECT_EQ(world.count<StopContainer>(), 1);
    world.exited(job.node(1), 137);
    EXPECT_EQ(statuses(job, 2), "SUCCEEDED: SUCCEEDED FAILED");
    EXPECT_EQ(world.state.hosts[0].used, model::Resources{});
    EXPECT_EQ(world.state.hosts[1].used, model::Resources{});
    EXPECT_TRUE(world.state.job_index.empty());
}

TEST_F(Gangs, AnotherNodesEndChangesNothing) {
    const auto job = world.submit(a_gang(2));
    started(job.node(0));
    world.ran(job.node(1), 7);
    EXPECT_EQ(statuses(job, 2), "RUNNING: RUNNING FAILED");
    EXPECT_EQ(world.count<StopContainer>(), 0);
    world.exited(job.node(0), 0);
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST_F(Gangs, ARetryStartsAllNodesAnew) {
    const auto job = world.submit(a_gang(2).attempts(2));
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 1);
    EXPECT_EQ(world.status(job), "RUNNING") << "until the other node is gone";
    world.exited(job.node(1), 137);
    EXPECT_EQ(statuses(job, 2), "STARTING: STARTING STARTING");
    EXPECT_EQ(world.current(job.node(0)).number, 2);
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 1);
    world.exited(job.node(1), 0);
    EXPECT_EQ(statuses(job, 2), "FAILED: FAILED SUCCEEDED");
    EXPECT_EQ(world.attempts.size(), 4U);
}

TEST_F(Gangs, AMainNodeThatCannotStartTakesTheOthersAlong) {
    const auto job = world.submit(a_gang(3));
    world.exited(job.node(0), 127);
    EXPECT_EQ(statuses(job, 3), "FAILED: FAILED FAILED FAILED");
    EXPECT_EQ(world.count<StartContainer>(), 1) << "the others never began";
    EXPECT_EQ(world.count<StopContainer>(), 0);
}

TEST_F(Gangs, TerminateStopsAllNodes) {
    const auto job = world.submit(a_gang(2).attempts(3));
    started(job.node(0));
    started(job.node(1));
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "enough"}));
    EXPECT_EQ(world.count<StopContainer>(), 2);
    world.exited(job.node(1), 0);
    world.exited(job.node(0), 0);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "enough");
    EXPECT_TRUE(world.state_of(job).is_terminated);
}

TEST_F(Gangs, TerminateBeforeTheMainNodeRuns) {
    const auto job = world.submit(a_gang(3));
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "enough"}));
    EXPECT_EQ(statuses(job, 3), "STARTING: STARTING FAILED FAILED");
    started(job.node(0));
    EXPECT_EQ(world.count<StartContainer>(), 1);
    world.exited(job.node(0), 143);
    EXPECT_EQ(world.status(job), "FAILED");
}

TEST_F(Gangs, TerminateWhileTheOthersAreBeingStoppedKeepsItFromARetry) {
    const auto job = world.submit(a_gang(2).attempts(2));
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 1);
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "enough"}));
    world.exited(job.node(1), 0);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "enough");
}

TEST_F(Gangs, CancelHasNoEffectOnceItIsPlaced) {
    const auto job = world.submit(a_gang(2));
    ASSERT_TRUE(world.tell(CancelJob{.id = job, .reason = "why"}));
    ASSERT_TRUE(world.tell(CancelJob{.id = job.node(1), .reason = "why"}));
    EXPECT_EQ(statuses(job, 2), "STARTING: STARTING STARTING");
}

TEST_F(Gangs, TheTimeoutIsTheWholeJobs) {
    const auto job = world.submit(a_gang(2).timeout(Seconds{60}).attempts(2));
    started(job.node(0));
    started(job.node(1));
    world.now += Seconds{61};
    world.step();
    EXPECT_EQ(world.count<StopContainer>(), 1);
    world.exited(job.node(0), 137);
    EXPECT_EQ(world.count<StopContainer>(), 2);
    world.exited(job.node(1), 137);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "Job attempt duration exceeded timeout");
}

TEST_F(Gangs, CountAsOneJobAndHoldWhatAllNodesDo) {
    const auto job = world.submit(a_gang(3));
    const Queue& queue = world.state.queues[0];
    EXPECT_EQ(queue.counts[static_cast<std::size_t>(model::JobStatus::Starting)], 1);
    EXPECT_EQ(queue.used, vcpus(3));
    EXPECT_EQ(world.state.environments[0].used, vcpus(3));
    started(job.node(0));
    world.ran(job.node(1), 0);
    EXPECT_EQ(world.state.environments[0].used, vcpus(2));
}

TEST_F(Gangs, DependentsWaitForTheWhole) {
    const auto job = world.submit(a_gang(2));
    const auto next = world.submit(world.a_job().after(job));
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 0);
    EXPECT_EQ(world.status(next), "PENDING");
    world.exited(job.node(1), 0);
    EXPECT_EQ(world.status(next), "STARTING");
}

TEST_F(Gangs, HostsAreKeptFreeForOneThatWaitsTooLong) {
    world.state.policy.reserve_after = Seconds{60};
    std::vector<model::JobId> small;
    for (int i = 0; i < 4; ++i) small.push_back(world.submit(world.a_job().needs(resources(2))));
    const auto job = world.submit(a_gang(2, 4));
    world.now += Seconds{61};
    world.step();
    const auto late = world.submit(world.a_job().needs(resources(2)));
    for (const auto& id : small) world.ran(id, 0);
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_EQ(world.status(late), "RUNNABLE");
}

TEST_F(Gangs, ATerminatedMainNodeIsNotRetriedAfterARestart) {
    auto builder = a_gang(2);
    const auto job = world.submit(builder.attempts(3));
    started(job.node(0));
    started(job.node(1));
    (void)world.tell(TerminateJob{.id = job.node(0), .reason = "enough"});
    world.exited(job.node(0), 0);
    world.restart();
    EXPECT_EQ(statuses(job, 2), "RUNNING: SUCCEEDED RUNNING");
    world.exited(job.node(1), 137);
    EXPECT_EQ(world.status(job), "FAILED");
}

TEST_F(Gangs, NodesThatWereHeldBackStayBackAfterARestart) {
    const auto job = world.submit(a_gang(2));
    (void)world.tell(TerminateJob{.id = job.node(0), .reason = "enough"});
    started(job.node(0));
    world.restart();
    const auto live = live_attempts(world.state);
    ASSERT_EQ(live.size(), 1U);
    EXPECT_EQ(live[0].start.id.job, job.node(0));
    world.exited(job.node(0), 143);
    EXPECT_EQ(statuses(job, 2), "FAILED: FAILED FAILED");
}

TEST_F(Gangs, WhyANodeWasStoppedIsKnownAfterARestart) {
    const auto job = world.submit(a_gang(2));
    started(job.node(0));
    started(job.node(1));
    world.exited(job.node(0), 0);
    world.restart();
    world.exited(job.node(1), 137);
    EXPECT_EQ(world.attempts.back().status_reason, "The main node of the job has ended.");
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST_F(Gangs, RowsThatLackThePartsAreRefused) {
    const auto job = world.submit(a_gang(2));
    started(job.node(0));
    auto stored = world.stored();
    for (auto& attempt : stored.attempts) attempt.stopped_at = world.now;
    State state;
    add_host(state, "h0");
    add_host(state, "h1");
    const auto restored = restore(state, stored, world.now);
    ASSERT_FALSE(restored);
    EXPECT_NE(restored.error().message.find("its nodes have ended"), std::string::npos);
}

}  // namespace
}  // namespace batchd::core::test
