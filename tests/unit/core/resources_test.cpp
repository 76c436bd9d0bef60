// Queues, environments and definitions as resources: creation, deletion, restore.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

TEST(Environments, AreDeletedOnlyDisabledAndUnreferenced) {
    World world;
    world.add_environment("spare");
    auto enabled = world.tell(DeleteEnvironment{"spare"});
    ASSERT_FALSE(enabled);
    EXPECT_EQ(enabled.error().kind, ErrorKind::Conflict);
    model::ComputeEnvironmentUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "local", .update = disable}));
    auto referenced = world.tell(DeleteEnvironment{"local"});
    ASSERT_FALSE(referenced);
    EXPECT_EQ(referenced.error().message, "Cannot delete, found existing JobQueue relationship");
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "spare", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteEnvironment{"spare"}));
    EXPECT_FALSE(world.state.find_environment("spare"));
    world.add_environment("spare");  // the name is free again
}

TEST(Queues, ADeletedQueueTerminatesItsJobsAndGoesWithTheLast) {
    World world;
    const auto running = world.submit(world.a_job().needs(resources(4)));
    const auto waiting = world.submit();
    world.started(running);
    ASSERT_FALSE(world.tell(DeleteQueue{"default"})) << "enabled";
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteQueue{"default"}));
    EXPECT_EQ(world.status(waiting), "FAILED");
    EXPECT_EQ(world.state.queues[0].row.status, "DELETING");
    world.exited(running, 137);
    EXPECT_EQ(world.state.queues[0].row.status, "DELETED");
    EXPECT_FALSE(world.state.find_queue("default"));
}

TEST(Queues, NeedEnvironmentsThatExist) {
    World world;
    model::JobQueue document;
    document.job_queue_name = "q";
    document.state = "ENABLED";
    document.compute_environment_order.push_back({.order = 1, .compute_environment = "nope"});
    const auto refused = world.tell(CreateQueue{.document = document, .tags = {}});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.starts_with(
        "Compute Environments must be created and valid before attaching them to a job queue"));
}

TEST(Definitions, RevisionsGrowAndAreNeverUsedAgain) {
    World world;
    auto document = std::make_shared<model::JobDefinition>();
    document->job_definition_name = "d";
    EXPECT_EQ(world.tell(RegisterDefinition{.document = document, .tags = {}})->revision, 1);
    EXPECT_EQ(world.tell(RegisterDefinition{.document = document, .tags = {}})->revision, 2);
    ASSERT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 2}));
    ASSERT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 2}))
        << "repeating is fine";
    EXPECT_EQ(world.tell(RegisterDefinition{.document = document, .tags = {}})->revision, 3);
    EXPECT_FALSE(world.tell(DeregisterDefinition{.name = "d", .revision = 4}));
    EXPECT_FALSE(world.tell(DeregisterDefinition{.name = "e", .revision = 1}));
}

TEST(Definitions, TheirDeregistrationIsStoredOnce) {
    World world;
    auto document = std::make_shared<model::JobDefinition>();
    document->job_definition_name = "d";
    ASSERT_TRUE(world.tell(RegisterDefinition{.document = document, .tags = {}}));
    EXPECT_TRUE(world.last.changes.definitions.at(0).is_active());
    world.now += Seconds{5};
    ASSERT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 1}));
    EXPECT_EQ(world.last.changes.definitions.at(0).deregistered_at, world.now);
    world.now += Seconds{5};
    ASSERT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 1}));
    EXPECT_TRUE(world.last.changes.definitions.empty());
}

/// Who compared with the newest ACTIVE revision is told if there is another one by now.
TEST(Definitions, MayBeRegisteredOnlyAfterACertainRevision) {
    World world;
    auto document = std::make_shared<model::JobDefinition>();
    document->job_definition_name = "d";
    const auto after = [&](std::int32_t revision) {
        return world.tell(
            RegisterDefinition{.document = document, .tags = {}, .only_after = revision});
    };
    const auto refused = after(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(after(0)->revision, 1);
    EXPECT_FALSE(after(0));
    EXPECT_EQ(after(1)->revision, 2);
    ASSERT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 2}));
    EXPECT_FALSE(after(2)) << "it is not ACTIVE";
    EXPECT_EQ(after(1)->revision, 3);
}

TEST(Restore, RevisionsThatWereRemovedAreNotGivenAgain) {
    model::Snapshot stored;
    stored.last_revisions = {{"d", 7}};
    World world;
    world.state = State{};
    ASSERT_TRUE(restore(world.state, stored, world.now));
    auto document = std::make_shared<model::JobDefinition>();
    document->job_definition_name = "d";
    EXPECT_EQ(world.tell(RegisterDefinition{.document = document, .tags = {}})->revision, 8);
    EXPECT_TRUE(world.tell(DeregisterDefinition{.name = "d", .revision = 3}))
        << "it is INACTIVE, whether it is still stored or not";
}

/// What a store holds of a world with one job that is placed.
model::Snapshot snapshot_of(World& world, const model::JobId& job, const model::JobTraits& traits) {
    model::Snapshot stored;
    stored.environments.push_back(world.state.environments[0].row);
    stored.queues.push_back(world.state.queues[0].row);
    model::JobRow row;
    row.seq = 1;
    row.id = job;
    row.queue_id = world.state.queues[0].row.id;
    row.traits = traits;
    row.traits.shape.resources = resources(1);
    row.state = world.state_of(job);
    stored.jobs.push_back(row);
    stored.attempts.push_back(world.state.job(*world.state.find_job(job)).run->attempt);
    stored.next_seq = 2;
    return stored;
}

TEST(Restore, ATerminatedAttemptGoesOnBeingStopped) {
    World world;
    const auto job = world.submit();
    world.started(job);
    (void)world.tell(TerminateJob{.id = job, .reason = "enough"});

    const model::Snapshot stored = snapshot_of(world, job, {});
    State restored;
    add_host(restored, "h0");
    const auto result = restore(restored, stored, world.now);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_FALSE(broken_invariant(restored));
    const auto live = live_attempts(restored);
    ASSERT_EQ(live.size(), 1U);
    EXPECT_TRUE(live[0].was_running);
    EXPECT_TRUE(live[0].stop_with_grace.has_value());
}

/// The daemon was away when the time was up: who kills the container now does it for that reason.
TEST(Restore, AnOverdueAttemptIsBeingStopped) {
    World world;
    const auto job = world.submit(world.a_job().timeout(Seconds{60}).attempts(3));
    world.started(job);

    model::JobTraits traits;
    traits.timeout = Seconds{60};
    traits.attempts = 3;
    const model::Snapshot stored = snapshot_of(world, job, traits);
    World later;
    later.state = State{};
    add_host(later.state, "h0");
    later.now = world.now + Seconds{61};
    ASSERT_TRUE(restore(later.state, stored, later.now));
    EXPECT_TRUE(live_attempts(later.state)[0].stop_with_grace.has_value());
    later.exited(job, 137);
    EXPECT_EQ(later.status(job), "FAILED");
    EXPECT_EQ(later.ended[job].status_reason, "Job attempt duration exceeded timeout");
}

/// Names come and go in CI: the state must not grow with them.
TEST(Queues, ADeletedOneLeavesItsPlaceToTheNext) {
    World world;
    const auto environments = world.state.environments.size();
    const auto queues = world.state.queues.size();
    for (int i = 0; i < 5; ++i) {
        world.add_environment("e");
        world.add_queue("q", 1, {"e"});
        model::JobQueueUpdate disable_queue;
        disable_queue.state = "DISABLED";
        ASSERT_TRUE(world.tell(UpdateQueue{.name = "q", .update = disable_queue}));
        ASSERT_TRUE(world.tell(DeleteQueue{.name = "q"}));
        model::ComputeEnvironmentUpdate disable;
        disable.state = "DISABLED";
        ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "e", .update = disable}));
        ASSERT_TRUE(world.tell(DeleteEnvironment{.name = "e"}));
    }
    EXPECT_EQ(world.state.environments.size(), environments + 1);
    EXPECT_EQ(world.state.queues.size(), queues + 1);
}

TEST(Restore, RowsThatContradictEachOtherAreRefused) {
    model::Snapshot stored;
    model::JobRow row;
    row.id = job_id(1);
    row.queue_id = 9;
    stored.jobs.push_back(row);
    State state;
    const auto result = restore(state, stored, Timestamp{});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::Internal);
}

}  // namespace
}  // namespace batchd::core::test
