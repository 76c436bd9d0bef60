#include "builders.hpp"

namespace batchd::core::test {
namespace {

TEST(Dependency, WaitsUntilAllHaveSucceeded) {
    World world;
    const auto a = world.submit();
    const auto b = world.submit();
    const auto join = world.submit(world.a_job().after(a).after(b));
    EXPECT_EQ(world.status(join), "PENDING");
    world.ran(a, 0);
    EXPECT_EQ(world.status(join), "PENDING");
    world.ran(b, 0);
    EXPECT_EQ(world.status(join), "STARTING");
}

TEST(Dependency, FailurePropagatesTransitivelyAtOnce) {
    World world;
    const auto a = world.submit();
    const auto b = world.submit(world.a_job().after(a));
    const auto c = world.submit(world.a_job().after(b));
    world.ran(a, 1);
    for (const auto& job : {b, c}) {
        EXPECT_EQ(world.status(job), "FAILED");
        EXPECT_TRUE(world.state_of(job).status_reason.starts_with("Dependent Job failed"));
        EXPECT_EQ(world.state_of(job).attempt, 0);
    }
    EXPECT_EQ(world.last.changes.jobs.size(), 3U) << "in the same transaction";
}

TEST(Dependency, RetriesOfTheDependencyKeepTheDependentPending) {
    World world;
    const auto a = world.submit(world.a_job().attempts(2));
    const auto b = world.submit(world.a_job().after(a));
    world.ran(a, 1);
    EXPECT_EQ(world.status(b), "PENDING");
    world.ran(a, 0);
    EXPECT_EQ(world.status(b), "STARTING");
}

TEST(Dependency, EndedDependenciesCountByTheirFinalStatus) {
    World world;
    auto met = world.a_job().after(job_id(500));
    met.event.ended_dependencies.emplace_back(job_id(500), model::JobStatus::Succeeded);
    EXPECT_EQ(world.status(world.submit(met)), "STARTING");
    auto failed = world.a_job().after(job_id(501));
    failed.event.ended_dependencies.emplace_back(job_id(501), model::JobStatus::Failed);
    const auto job = world.submit(failed);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason,
              "Dependent Job failed (jobId: " + to_string(job_id(501)) + ")");
}

TEST(Dependency, OneThatEndsInTheSameStepCounts) {
    World world;
    const auto a = world.submit();
    world.started(a);
    model::AttemptOutcome good;
    good.exit_code = 0;
    (void)world.tell_within_step(AttemptEnded{.id = world.current(a), .outcome = good});
    auto after = world.a_job().after(a);
    const auto id = after.event.id;
    ASSERT_TRUE(world.tell(std::move(after.event)));
    EXPECT_EQ(world.status(id), "STARTING");
}

TEST(Dependency, OnAnUnknownJobIsRefusedAndLeavesNothing) {
    World world;
    const auto refused = world.tell(world.a_job().after(job_id(77)).event);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "dependsOn jobId '" + to_string(job_id(77)) + "' does not exist");
    EXPECT_TRUE(world.state.job_index.empty());
    EXPECT_TRUE(world.last.changes.empty());
}

TEST(Dependency, ACancelledDependentDoesNotDisturbTheSlotsNextJob) {
    World world;
    const auto a = world.submit();
    const auto cancelled = world.submit(world.a_job().after(a));
    (void)world.tell(CancelJob{.id = cancelled, .reason = "x"});
    const auto b = world.submit(world.a_job().needs(resources(4)).attempts(1));
    const auto next = world.submit(world.a_job().after(b));  // may take the freed slot
    world.ran(a, 0);
    EXPECT_EQ(world.status(next), "PENDING");
}

TEST(Dependency, AChainOfTenThousandResolvesWithoutRecursion) {
    World world;
    auto previous = world.a_job();
    const auto first = previous.event.id;
    model::JobId last = first;
    ASSERT_TRUE(world.tell_within_step(std::move(previous.event)));
    for (int i = 0; i < 10'000; ++i) {
        auto next = world.a_job().after(last);
        last = next.event.id;
        ASSERT_TRUE(world.tell_within_step(std::move(next.event)));
    }
    world.last = finish_step(world.state, world.now);
    for (const auto& job : world.last.jobs) world.ended[job.id] = job.state;
    world.ran(first, 1);
    EXPECT_EQ(world.status(last), "FAILED");
    EXPECT_TRUE(world.state.job_index.empty());
}

}  // namespace
}  // namespace batchd::core::test
