// GPUs are whole devices: each belongs to one attempt from its placement to its end.
#include "unit/core/builders.hpp"

#include <map>

namespace batchd::core::test {
namespace {

using Ids = std::vector<std::string>;

class Gpus : public ::testing::Test {
  protected:
    Gpus() { host_has({"a", "b", "c"}); }

    void host_has(Ids ids) { world.host_up("h0", resources(8, 1000), std::move(ids)); }
    model::JobId submit(int gpus, int attempts = 1) {
        return world.submit(world.a_job().needs(resources(1, 10, gpus)).attempts(attempts));
    }
    const model::Attempt& attempt(const model::JobId& id) {
        return world.state.job(*world.state.find_job(id)).run->attempt;
    }
    Ids of(const model::JobId& id) { return attempt(id).gpus; }
    Ids last_start() const {
        Ids ids{"none"};
        for (const auto& action : world.actions) {
            if (const auto* start = std::get_if<StartContainer>(&action)) ids = start->gpus;
        }
        return ids;
    }
    /// The daemon restarts with one job, which is stored as it is now.
    static State restored(World& world, const model::JobId& id) {
        model::Snapshot stored;
        stored.environments.push_back(world.state.environments[0].row);
        stored.queues.push_back(world.state.queues[0].row);
        const Job& job = world.state.job(*world.state.find_job(id));
        model::JobRow row;
        row.seq = job.seq;
        row.id = id;
        row.queue_id = stored.queues[0].id;
        row.traits.shape = world.state.shape(job.shape);
        row.state = job.state;
        stored.jobs.push_back(row);
        stored.attempts.push_back(job.run->attempt);
        stored.next_seq = job.seq + 1;
        State state;
        add_host(state, "h0");
        EXPECT_TRUE(restore(state, stored, world.now));
        return state;
    }

    World world;
};

TEST_F(Gpus, TheFirstFreeOnesAreGivenAndStored) {
    const auto first = submit(1);
    EXPECT_EQ(of(first), Ids{"a"});
    EXPECT_EQ(last_start(), Ids{"a"});
    const auto second = submit(2);
    EXPECT_EQ(of(second), (Ids{"b", "c"}));
    ASSERT_EQ(world.last.changes.attempts.size(), 1U);
    EXPECT_EQ(world.last.changes.attempts[0].attempt.gpus, (Ids{"b", "c"}));
    EXPECT_EQ(of(submit(0)), Ids{});
}

TEST_F(Gpus, WhoFindsNoneFreeWaitsForThem) {
    const auto first = submit(1);
    const auto second = submit(2);
    const auto third = submit(1);
    EXPECT_EQ(world.status(third), "RUNNABLE");
    world.ran(first, 0);
    EXPECT_EQ(of(third), Ids{"a"});
    world.ran(second, 0);
    EXPECT_EQ(of(submit(2)), (Ids{"b", "c"}));
    EXPECT_EQ(world.attempts[0].gpus, Ids{"a"}) << "an ended attempt tells what it had";
}

TEST_F(Gpus, ARetryTakesWhatIsFreeThen) {
    const auto first = submit(1);
    const auto retried = submit(1, 2);
    EXPECT_EQ(of(retried), Ids{"b"});
    world.ran(first, 0);
    world.ran(retried, 1);
    EXPECT_EQ(attempt(retried).id.number, 2);
    EXPECT_EQ(of(retried), Ids{"a"});
}

TEST_F(Gpus, ChildrenAndNodesHoldTheirOwn) {
    const auto array = world.submit(world.a_job().needs(resources(1, 10, 1)).array(2));
    EXPECT_EQ(of(array.child(0)), Ids{"a"});
    EXPECT_EQ(of(array.child(1)), Ids{"b"});
    world.ran(array.child(0), 0);
    world.ran(array.child(1), 0);
    auto gang = world.a_job();
    gang.event.traits.shape.nodes = {{.count = 1, .resources = resources(1, 10, 2)},
                                     {.count = 1, .resources = resources(1, 10, 1)}};
    gang.event.traits.shape.resources = resources(2, 20, 3);
    const auto whole = world.submit(gang);
    EXPECT_EQ(of(whole.node(0)), (Ids{"a", "b"}));
    EXPECT_EQ(of(whole.node(1)), Ids{"c"});
    world.started(whole.node(0));
    EXPECT_EQ(last_start(), Ids{"c"});
    world.exited(whole.node(0), 0);
    EXPECT_EQ(of(submit(1)), Ids{"a"}) << "the other node still runs";
}

TEST_F(Gpus, ANewOrderOrALossOnTheHostChangesNothingForThoseThatRun) {
    const auto first = submit(1);
    const auto second = submit(1);
    host_has({"c", "b"});
    EXPECT_EQ(of(first), Ids{"a"});
    EXPECT_EQ(world.status(submit(0)), "STARTING");
    world.ran(first, 0);
    const auto third = submit(1);
    EXPECT_EQ(of(third), Ids{"c"}) << "b is held, and a is gone";
    EXPECT_EQ(of(second), Ids{"b"});
}

TEST_F(Gpus, AHostThatLostThemAllStillTakesOthers) {
    const auto first = submit(3);
    host_has({});
    EXPECT_EQ(world.status(submit(0)), "STARTING");
    EXPECT_EQ(world.status(submit(1)), "RUNNABLE");
    world.ran(first, 0);
    EXPECT_TRUE(world.state.hosts[0].gpus_in_use.empty());
}

TEST_F(Gpus, ARestartKeepsThemWithTheirAttempt) {
    const auto first = submit(1);
    const auto second = submit(1);
    world.ran(first, 0);
    World later;
    later.state = restored(world, second);
    ASSERT_EQ(live_attempts(later.state).size(), 1U);
    EXPECT_EQ(live_attempts(later.state)[0].start.gpus, Ids{"b"});
    later.host_up("h0", resources(8, 1000), {"b", "a"});
    const auto held = [&](const model::JobId& id) {
        return later.state.job(*later.state.find_job(id)).run->attempt.gpus;
    };
    auto job = later.a_job().needs(resources(1, 10, 1));
    job.event.id = job_id(77);
    EXPECT_EQ(held(later.submit(job)), Ids{"a"}) << "the first of the list is held";
    later.ran(second, 0);
    job.event.id = job_id(78);
    EXPECT_EQ(held(later.submit(job)), Ids{"b"});
}

TEST_F(Gpus, TheInvariantsSeeASharedOne) {
    const auto first = submit(1);
    const auto second = submit(1);
    const auto gpus_of = [&](const model::JobId& id) -> Ids& {
        return world.state.job(*world.state.find_job(id)).run->attempt.gpus;
    };
    gpus_of(second) = of(first);
    EXPECT_EQ(broken_invariant(world.state), "GPU a is held twice");
    gpus_of(second).clear();
    EXPECT_TRUE(broken_invariant(world.state));
    gpus_of(second) = {"b"};
    EXPECT_FALSE(broken_invariant(world.state));
}

}  // namespace
}  // namespace batchd::core::test
