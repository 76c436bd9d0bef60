#include "core/decisions.hpp"
#include "unit/core/builders.hpp"

#include <chrono>

namespace batchd::core::test {
namespace {

/// What a parent shows as statusSummary, without the zeros.
std::string summary(World& world, const model::JobId& id) {
    std::string text;
    const auto live = world.state.find_job(id);
    if (!live) return "ended";
    const auto& counts = world.state.job(*live).array->counts;
    for (std::size_t s = 0; s < counts.size(); ++s) {
        if (counts[s] == 0) continue;
        if (!text.empty()) text += ", ";
        text += std::to_string(counts[s]) + " " +
                std::string(to_string(static_cast<model::JobStatus>(s)));
    }
    return text;
}

TEST(Array, ChildrenRunAsFarAsTheyFitAndTheParentStaysPending) {
    World world;  // 4 vCPUs
    const auto array = world.submit(world.a_job().array(6));
    EXPECT_EQ(world.status(array), "PENDING");
    EXPECT_EQ(summary(world, array), "2 RUNNABLE, 4 STARTING");
    EXPECT_EQ(world.count<StartContainer>(), 4);
    EXPECT_EQ(world.status(array.child(3)), "STARTING");
    EXPECT_EQ(world.status(array.child(4)), "RUNNABLE");
    for (int i = 0; i < 6; ++i) world.ran(array.child(i), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
    EXPECT_EQ(world.ended[array].status_reason, "");
    EXPECT_TRUE(world.state.job_index.empty());
}

TEST(Array, FailsWhenAllHaveEndedIfOneFailed) {
    World world;
    const auto array = world.submit(world.a_job().array(3));
    world.ran(array.child(1), 1);
    EXPECT_EQ(world.status(array.child(1)), "FAILED");
    EXPECT_EQ(world.status(array), "PENDING") << "the others go on";
    world.ran(array.child(0), 0);
    world.ran(array.child(2), 0);
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.ended[array].status_reason, "Array Child Job failed");
}

TEST(Array, EachChildHasItsOwnAttempts) {
    World world;
    const auto array = world.submit(world.a_job().array(2).attempts(2));
    world.ran(array.child(0), 1);
    EXPECT_EQ(world.state_of(array.child(0)).attempt, 2);
    EXPECT_EQ(world.state_of(array.child(1)).attempt, 1);
    world.ran(array.child(0), 0);
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
}

TEST(Array, ARetriedChildGoesBeforeFreshOnes) {
    World world;
    const auto array = world.submit(world.a_job().needs(resources(4)).array(3).attempts(2));
    world.ran(array.child(0), 1);
    EXPECT_EQ(world.status(array.child(0)), "STARTING");
    EXPECT_EQ(world.status(array.child(1)), "RUNNABLE");
}

TEST(Array, WaitsForItsDependencyAsAWhole) {
    World world;
    const auto first = world.submit();
    const auto array = world.submit(world.a_job().array(3).after(first));
    EXPECT_EQ(summary(world, array), "3 PENDING");
    world.ran(first, 0);
    EXPECT_EQ(summary(world, array), "3 STARTING");
}

TEST(Array, FailsWithItsDependency) {
    World world;
    const auto first = world.submit();
    const auto array = world.submit(world.a_job().array(3).after(first));
    const auto last = world.submit(world.a_job().after(array));
    world.ran(first, 1);
    for (const auto& id : {array, last}) {
        EXPECT_EQ(world.status(id), "FAILED");
        EXPECT_TRUE(world.ended[id].status_reason.starts_with("Dependent Job failed"));
    }
    EXPECT_TRUE(world.last.changes.children.empty()) << "one record for all of them";
}

TEST(Array, AJobWaitsForAllChildren) {
    World world;
    const auto array = world.submit(world.a_job().array(2));
    const auto after = world.submit(world.a_job().after(array));
    world.ran(array.child(0), 0);
    EXPECT_EQ(world.status(after), "PENDING");
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(after), "STARTING");
}

TEST(Array, AJobWaitsForOneChild) {
    World world;
    const auto array = world.submit(world.a_job().array(2));
    const auto after = world.submit(world.a_job().after(array.child(1)));
    EXPECT_EQ(world.status(after), "PENDING");
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(after), "STARTING");
    EXPECT_EQ(world.status(world.submit(world.a_job().after(array.child(1)))), "STARTING");
    const auto beyond = world.tell(world.a_job().after(array.child(2)).event);
    ASSERT_FALSE(beyond);
    EXPECT_TRUE(beyond.error().message.contains("does not exist"));
}

TEST(Array, SequentialChildrenRunOneAfterTheOther) {
    World world;
    const auto array = world.submit(world.a_job().array(3).sequential());
    EXPECT_EQ(summary(world, array), "2 PENDING, 1 STARTING");
    world.ran(array.child(0), 0);
    EXPECT_EQ(summary(world, array), "1 PENDING, 1 STARTING, 1 SUCCEEDED");
    world.ran(array.child(1), 0);
    world.ran(array.child(2), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
}

TEST(Array, AFailureEndsASequence) {
    World world;
    const auto array = world.submit(world.a_job().array(1000).sequential().attempts(2));
    world.ran(array.child(0), 0);
    world.ran(array.child(1), 1);
    EXPECT_EQ(summary(world, array), "998 PENDING, 1 STARTING, 1 SUCCEEDED") << "it is retried";
    world.ran(array.child(1), 1);
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.status(array.child(1)), "FAILED");
    EXPECT_EQ(world.last.changes.children.size(), 1U);
}

TEST(Array, PairsRunChildByChild) {
    World world;
    const auto first = world.submit(world.a_job().array(2));
    const auto second = world.submit(world.a_job().array(2).pairwise(first));
    EXPECT_EQ(summary(world, second), "2 PENDING");
    world.ran(first.child(1), 0);
    EXPECT_EQ(world.status(second.child(0)), "PENDING");
    EXPECT_EQ(world.status(second.child(1)), "STARTING");
    world.ran(first.child(0), 1);
    EXPECT_EQ(world.status(second.child(0)), "FAILED");
    EXPECT_EQ(world.ended[second.child(0)].status_reason,
              "Dependent Job failed (jobId: " + to_string(first.child(0)) + ")");
    EXPECT_EQ(world.status(second), "PENDING") << "its other child goes on";
    world.ran(second.child(1), 0);
    EXPECT_EQ(world.status(second), "FAILED");
}

TEST(Array, PairsWithAnArrayThatEndedBefore) {
    World world;
    auto builder = world.a_job().array(2).pairwise(job_id(77));
    using enum model::JobStatus;
    builder.event.ended_dependencies.push_back(
        {.id = job_id(77), .status = Failed, .children = {Succeeded, Failed}});
    const auto array = world.submit(builder);
    EXPECT_EQ(world.status(array.child(0)), "STARTING");
    EXPECT_EQ(world.status(array.child(1)), "FAILED");
}

TEST(Array, PairsMustHaveTheSameSize) {
    World world;
    const auto first = world.submit(world.a_job().array(2));
    const auto job = world.submit();
    for (auto builder : {world.a_job().array(3).pairwise(first), world.a_job().pairwise(first),
                         world.a_job().array(2).pairwise(job)}) {
        const auto refused = world.tell(std::move(builder.event));
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().message.contains("N_TO_N")) << refused.error().message;
    }
}

TEST(Array, TerminatedItEndsChildrenInEveryState) {
    World world;
    const auto array = world.submit(world.a_job().needs(resources(2)).array(5));
    world.started(array.child(0));
    world.ran(array.child(1), 0);
    EXPECT_EQ(summary(world, array), "2 RUNNABLE, 1 STARTING, 1 RUNNING, 1 SUCCEEDED");
    ASSERT_TRUE(world.tell(TerminateJob{.id = array, .reason = "enough"}));
    EXPECT_EQ(summary(world, array), "1 STARTING, 1 RUNNING, 1 SUCCEEDED, 2 FAILED");
    EXPECT_EQ(world.count<StopContainer>(), 2);
    world.exited(array.child(0), 137);
    world.exited(array.child(2), 137);
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.ended[array].status_reason, "enough");
    EXPECT_TRUE(world.ended[array].is_terminated);
    EXPECT_EQ(world.ended[array.child(2)].status_reason, "enough");
}

TEST(Array, CancelledItLeavesRunningChildren) {
    World world;
    const auto array = world.submit(world.a_job().needs(resources(4)).array(3));
    ASSERT_TRUE(world.tell(CancelJob{.id = array, .reason = "enough"}));
    EXPECT_EQ(summary(world, array), "1 STARTING, 2 FAILED");
    EXPECT_EQ(world.count<StopContainer>(), 0);
    world.ran(array.child(0), 0);
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.ended[array].status_reason, "enough");
}

TEST(Array, OneChildCanBeCancelled) {
    World world;
    const auto array = world.submit(world.a_job().needs(resources(4)).array(3));
    ASSERT_TRUE(world.tell(CancelJob{.id = array.child(2), .reason = "not this one"}));
    EXPECT_EQ(summary(world, array), "1 RUNNABLE, 1 STARTING, 1 FAILED");
    EXPECT_EQ(world.ended[array.child(2)].status_reason, "not this one");
    EXPECT_TRUE(world.ended[array.child(2)].is_cancelled);
    ASSERT_TRUE(world.tell(CancelJob{.id = array.child(7), .reason = "beyond"}));
    world.ran(array.child(0), 0);
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.ended[array].status_reason, "Array Child Job failed");
}

TEST(Array, AMillionChildrenAreOneSmallRecord) {
    World world;
    auto builder = world.a_job().array(1'000'000);
    ASSERT_TRUE(apply(world.state, std::move(builder.event), world.now));
    const Decision decision = finish_step(world.state, world.now);
    EXPECT_EQ(decision.changes.new_jobs.size(), 1U);
    EXPECT_EQ(decision.changes.children.size(), 4U) << "those that were placed";
    EXPECT_LE(world.state.jobs.size(), 8U);
}

/// How long it takes to look for what can be placed in an array of which almost nothing can: child
/// by child that would be minutes.
class SparseArray : public ::testing::Test {
  protected:
    static constexpr std::int32_t kSize = 1'000'000;

    JobIndex submit() {
        auto builder = world_.a_job().needs(resources(8)).array(kSize).sequential();
        const auto id = builder.event.id;
        EXPECT_TRUE(apply(world_.state, std::move(builder.event), world_.now));
        (void)finish_step(world_.state, world_.now);
        return *world_.state.find_job(id);
    }
    void TearDown() override {
        EXPECT_LT(std::chrono::steady_clock::now() - begin_, std::chrono::seconds{5});
    }

    World world_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TEST_F(SparseArray, ItsHeadIsCheapToFind) {
    submit();
    const Queue& queue = world_.state.queues.front();
    for (int i = 0; i < 500; ++i) {
        const auto front = front_of_queue(world_.state, queue, 1, world_.now);
        ASSERT_EQ(front.size(), 1U);
        ASSERT_EQ(front[0].id.index(), 0);
    }
}

TEST_F(SparseArray, ItsFreshChildrenAreCheapToFindInAnyOrder) {
    const JobIndex array = submit();
    for (std::int32_t i = 1; i <= 500; ++i) {
        for (const std::int32_t child : {i, kSize - i}) {
            ASSERT_TRUE(transition_child(world_.state, array, child, JobEvent::DependenciesMet));
        }
        if (i == 1) ASSERT_EQ(world_.state.job(fresh_child(world_.state, array)).id.index(), 0);
        for (const std::int32_t child : {i, kSize - i}) {
            ASSERT_EQ(world_.state.job(fresh_child(world_.state, array)).id.index(), child);
        }
    }
}

}  // namespace
}  // namespace batchd::core::test
