// Each kind of dependency, for each way that the other job may go, whenever the dependent was
// submitted, and across a restart.
#include "builders.hpp"

#include <functional>

namespace batchd::core::test {
namespace {

using enum model::Dependency::Kind;
using Kind = model::Dependency::Kind;
using model::JobId;

enum class Way { Succeeds, Fails, IsCancelled, IsTerminated, IsStarting, Runs, IsRetried };
constexpr std::array kWays{Way::Succeeds,   Way::Fails, Way::IsCancelled, Way::IsTerminated,
                           Way::IsStarting, Way::Runs,  Way::IsRetried};

/// A job that is waited for, and the jobs or children that must go its way.
struct Other {
    JobId id;
    std::vector<JobId> runs;
};

/// What is waited for: a job, a child of an array, or an array of two.
using Make = std::function<Other(World&, JobBuilder)>;

Other a_job(World& world, JobBuilder builder) {
    const auto id = world.submit(std::move(builder));
    return {id, {id}};
}
Other a_child(World& world, JobBuilder builder) {
    const auto id = world.submit(builder.array(2)).child(1);
    return {id, {id}};
}
Other an_array(World& world, JobBuilder builder) {
    const auto id = world.submit(builder.array(2));
    return {id, {id.child(0), id.child(1)}};
}

/// One that can go that way.
Other submit_other(World& world, const Make& make, Way way) {
    auto builder = world.a_job();
    if (way == Way::IsCancelled) builder.needs(resources(100));  // it never fits
    if (way == Way::IsRetried) builder.attempts(2);
    return make(world, builder);
}

void go(World& world, const Other& other, Way way) {
    switch (way) {
        case Way::Succeeds:
            for (const auto& id : other.runs) world.ran(id, 0);
            break;
        case Way::Fails:
            for (const auto& id : other.runs) world.ran(id, 1);
            break;
        case Way::IsCancelled:
            (void)world.tell(CancelJob{.id = other.id, .reason = "no"});
            break;
        case Way::IsTerminated:
            for (const auto& id : other.runs) world.started(id);
            (void)world.tell(TerminateJob{.id = other.id, .reason = "no"});
            for (const auto& id : other.runs) world.exited(id, 137);
            break;
        case Way::IsStarting:
            break;
        case Way::Runs:
            world.started(other.runs.front());
            break;
        case Way::IsRetried:
            world.ran(other.runs.front(), 1);
            break;
    }
}

/// With what the engine would have looked up.
JobId submit_dependent(World& world, const JobId& other, Kind kind) {
    auto builder = world.a_job().after(other, kind);
    if (!world.state.find_job(other.whole())) {
        const auto& ended = world.ended[other];
        builder.event.ended_dependencies.push_back(
            {.id = other, .status = ended.status, .status_reason = ended.status_reason});
    }
    return world.submit(builder);
}

std::string expected(Kind kind, Way way) {
    const bool has_ended = way < Way::IsStarting;
    const bool has_failed = has_ended && way != Way::Succeeds;
    switch (kind) {
        case AfterOk:
            return has_failed ? "FAILED" : has_ended ? "STARTING" : "PENDING";
        case AfterAny:
            return has_ended ? "STARTING" : "PENDING";
        case AfterNotOk:
            return has_failed ? "STARTING" : has_ended ? "FAILED" : "PENDING";
        case AfterStart:
            return way == Way::IsStarting ? "PENDING" : "STARTING";
        case NToN:
            break;
    }
    return "";
}

std::string reason(Kind kind, const JobId& other) {
    return kind == AfterOk ? "Dependent Job failed (jobId: " + to_string(other) + ")"
                           : "Dependency can not be met: job " + to_string(other) +
                                 " SUCCEEDED (type AFTERNOTOK)";
}

enum class Order { Before, After, BeforeRestart, AroundRestart, AfterRestart };
constexpr std::array kOrders{Order::Before, Order::After, Order::BeforeRestart,
                             Order::AroundRestart, Order::AfterRestart};

struct Case {
    std::string name;
    Make make;
};

class DependencyKinds : public ::testing::TestWithParam<Case> {
  protected:
    static void check(Kind kind, Way way, Order order) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", way " +
                     std::to_string(static_cast<int>(way)) + ", order " +
                     std::to_string(static_cast<int>(order)));
        World world;
        const Other other = submit_other(world, GetParam().make, way);
        JobId dependent;
        const bool is_before = order != Order::After && order != Order::AfterRestart;
        if (is_before) dependent = submit_dependent(world, other.id, kind);
        if (order == Order::BeforeRestart) world.restart();
        go(world, other, way);
        if (order == Order::AroundRestart || order == Order::AfterRestart) world.restart();
        if (!is_before) dependent = submit_dependent(world, other.id, kind);
        EXPECT_EQ(world.status(dependent), expected(kind, way));
        if (expected(kind, way) != "FAILED") return;
        EXPECT_EQ(world.state_of(dependent).status_reason, reason(kind, other.id));
        EXPECT_EQ(world.state_of(dependent).attempt, 0);
        EXPECT_TRUE(world.state_of(dependent).stopped_at);
    }
};

TEST_P(DependencyKinds, AreMetOrRuledOutByWhatBecomesOfTheOther) {
    for (const Kind kind : {AfterOk, AfterAny, AfterNotOk, AfterStart}) {
        for (const Way way : kWays) {
            for (const Order order : kOrders) check(kind, way, order);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, DependencyKinds,
                         ::testing::Values(Case{"Job", a_job}, Case{"Child", a_child},
                                           Case{"Array", an_array}),
                         [](const auto& info) { return info.param.name; });

TEST(DependencyKind, TheCulpritAndTheFirstFailureAreNamed) {
    World world;
    const auto a = world.submit();
    const auto b = world.submit(world.a_job().after(a));
    const auto c = world.submit(world.a_job().after(b));
    const auto d = world.submit(world.a_job().after(c));
    world.ran(a, 1);
    const auto by = [](const JobId& id) { return "Dependent Job failed (jobId: " + to_string(id); };
    const auto first = ", first failure: " + to_string(a) + ")";
    EXPECT_EQ(world.state_of(b).status_reason, by(a) + ")");
    EXPECT_EQ(world.state_of(c).status_reason, by(b) + first);
    EXPECT_EQ(world.state_of(d).status_reason, by(c) + first);
    const auto late = submit_dependent(world, d, AfterOk);
    EXPECT_EQ(world.state_of(late).status_reason, by(d) + first) << "from the stored history";
}

TEST(DependencyKind, WhatCanNotBeMetFailsAllBehindItAtOnce) {
    World world;
    const auto a = world.submit();
    const auto cleanup = world.submit(world.a_job().after(a, AfterNotOk));
    const auto report = world.submit(world.a_job().after(cleanup));
    const auto anyway = world.submit(world.a_job().after(report, AfterAny));
    world.ran(a, 0);
    EXPECT_EQ(world.state_of(cleanup).status_reason, reason(AfterNotOk, a));
    EXPECT_EQ(world.state_of(report).status_reason, reason(AfterOk, cleanup));
    EXPECT_EQ(world.last.changes.jobs.size(), 4U) << "all in the transaction of the end";
    EXPECT_EQ(world.status(anyway), "STARTING");
}

TEST(DependencyKind, AReasonOfAClientIsNotTakenForAnId) {
    World world;
    const auto a = world.submit(world.a_job().needs(resources(100)));
    const auto b = world.submit(world.a_job().after(a));
    ASSERT_TRUE(world.tell(CancelJob{.id = a, .reason = "Dependent Job failed (as ever)"}));
    EXPECT_EQ(world.state_of(b).status_reason, reason(AfterOk, a));
}

TEST(DependencyKind, OneJobMayBeWaitedForInSeveralWays) {
    World world;
    const auto a = world.submit();
    const auto b = world.submit(world.a_job().after(a, AfterStart).after(a, AfterNotOk));
    world.started(a);
    EXPECT_EQ(world.status(b), "PENDING");
    world.exited(a, 1);
    EXPECT_EQ(world.status(b), "STARTING");
}

TEST(DependencyKind, AStartThatWasMetStaysMetWhatever) {
    World world;
    const auto a = world.submit(world.a_job().attempts(2));
    const auto other = world.submit();
    const auto b = world.submit(world.a_job().after(a, AfterStart).after(other));
    world.ran(a, 1);
    world.restart();
    world.ran(other, 0);
    EXPECT_EQ(world.status(b), "STARTING");
    world.ran(a, 1);
    EXPECT_EQ(world.status(b), "STARTING");
}

TEST(DependencyKind, AnArrayWaitsAsAWhole) {
    World world;
    const auto a = world.submit();
    const auto array = world.submit(world.a_job().array(2).after(a, AfterNotOk));
    const auto lost = world.submit(world.a_job().array(2).after(a));
    EXPECT_EQ(world.status(array.child(1)), "PENDING");
    world.ran(a, 1);
    EXPECT_EQ(world.status(array.child(1)), "STARTING");
    EXPECT_EQ(world.status(lost), "FAILED");
    EXPECT_EQ(world.ended[lost].status_reason, reason(AfterOk, a));
}

TEST(DependencyKind, AMultiNodeJobStartsWithItsMainNode) {
    World world;
    auto gang = world.a_job();
    gang.event.traits.shape.nodes = {{.count = 2, .resources = resources(1)}};
    gang.event.traits.shape.resources = resources(2, 200);
    gang.event.traits.main_node = 1;
    const auto a = world.submit(gang);
    const auto b = world.submit(world.a_job().after(a, AfterStart));
    EXPECT_EQ(world.status(b), "PENDING");
    world.started(a.node(1));
    EXPECT_EQ(world.status(b), "STARTING");
}

TEST(DependencyKind, ManyPairsAreCountedAll) {
    World world;
    auto builder = world.a_job().array(2);
    for (int i = 0; i < 256; ++i) {
        builder.pairwise(world.submit(world.a_job().array(2).needs(resources(100))));
    }
    const auto array = world.submit(builder);
    EXPECT_EQ(world.status(array.child(0)), "PENDING");
}

TEST(SequenceOfAnyOutcome, GoesOnAfterAFailureOneByOne) {
    World world;
    const auto array =
        world.submit(world.a_job().array(4).sequential(model::Sequence::AfterAny).attempts(2));
    world.ran(array.child(0), 1);
    EXPECT_EQ(world.status(array.child(1)), "PENDING") << "the first one is retried";
    world.ran(array.child(0), 1);
    EXPECT_EQ(world.status(array.child(1)), "STARTING");
    EXPECT_EQ(world.status(array.child(2)), "PENDING");
    world.restart();
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(array.child(2)), "STARTING");
    world.ran(array.child(2), 0);
    world.ran(array.child(3), 0);
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.ended[array].status_reason, "Array Child Job failed");
}

TEST(SequenceOfAnyOutcome, ACancelledChildLetsNoneOvertakeThoseBeforeIt) {
    World world;
    const auto array = world.submit(world.a_job().array(4).sequential(model::Sequence::AfterAny));
    ASSERT_TRUE(world.tell(CancelJob{.id = array.child(2), .reason = "not this one"}));
    EXPECT_EQ(world.status(array.child(3)), "PENDING");
    world.restart();
    EXPECT_EQ(world.status(array.child(3)), "PENDING");
    world.ran(array.child(0), 0);
    EXPECT_EQ(world.status(array.child(3)), "PENDING");
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(array.child(3)), "STARTING");
}

TEST(SequenceOfAnyOutcome, WithPairsAFailedCounterpartIsPassed) {
    World world;
    const auto first = world.submit(world.a_job().array(3));
    const auto second =
        world.submit(world.a_job().array(3).pairwise(first).sequential(model::Sequence::AfterAny));
    world.ran(first.child(0), 1);
    EXPECT_EQ(world.status(second.child(0)), "FAILED");
    EXPECT_EQ(world.status(second.child(1)), "PENDING") << "its counterpart runs";
    world.ran(first.child(1), 0);
    EXPECT_EQ(world.status(second.child(1)), "STARTING");
}

}  // namespace
}  // namespace batchd::core::test
