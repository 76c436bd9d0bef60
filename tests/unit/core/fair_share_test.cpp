// Fair share: which share is served next, what is kept for new ones, and what is refused.
#include "core/decisions.hpp"
#include "unit/core/builders.hpp"

#include <chrono>

namespace batchd::core::test {
namespace {

using namespace std::chrono_literals;

class FairShare : public ::testing::Test {
  protected:
    void use(model::FairsharePolicy policy, int queues = 1) {
        model::SchedulingPolicy document{
            .name = "fair", .fairshare_policy = std::move(policy), .quota_share_policy = {}};
        ASSERT_TRUE(world.tell(CreateSchedulingPolicy{.document = document, .tags = {}}));
        for (int i = 0; i < queues; ++i) {
            world.add_queue(i == 0 ? "fair" : "fair" + std::to_string(i), 1, {"local"}, "fair");
        }
    }
    static model::FairsharePolicy weights(std::vector<std::pair<std::string, double>> list,
                                          std::optional<std::int32_t> decay = {},
                                          std::optional<std::int32_t> reservation = {}) {
        model::FairsharePolicy policy{.share_decay_seconds = decay,
                                      .compute_reservation = reservation,
                                      .share_distribution = std::nullopt};
        auto& shares = policy.share_distribution.emplace();
        for (auto& [name, weight] : list) {
            shares.push_back({.share_identifier = std::move(name), .weight_factor = weight});
        }
        return policy;
    }

    JobBuilder a_job_of(const std::string& share, int priority = 0) {
        return world.a_job().in("fair").share(share, priority);
    }
    model::JobId submit_for(const std::string& share, int priority = 0) {
        return world.submit(a_job_of(share, priority));
    }
    /// Fills the host with jobs of another queue, so that what is submitted next waits.
    void fill() {
        for (int i = 0; i < 4; ++i) blockers.push_back(world.submit());
    }
    /// Frees the host, one vCPU at a time, and tells whose jobs were started.
    std::string served(int jobs) {
        std::string names;
        for (int i = 0; i < jobs; ++i) {
            const auto before = world.actions.size();
            world.ran(blockers.back(), 0);
            blockers.pop_back();
            for (std::size_t a = before; a < world.actions.size(); ++a) {
                const auto* start = std::get_if<StartContainer>(&world.actions[a]);
                if (start) names += share_of(start->id.job);
            }
        }
        return names;
    }
    std::string share_of(const model::JobId& id) {
        return world.state.share(world.state.job(*world.state.find_job(id))).identifier;
    }
    std::string refusal(JobBuilder job) {
        const auto reply = world.tell(std::move(job.event));
        return reply ? "" : reply.error().message;
    }

    World world;
    std::vector<model::JobId> blockers;
};

TEST_F(FairShare, EqualSharesTakeTurnsHoweverManyJobsOneHas) {
    use({});
    fill();
    for (int i = 0; i < 10; ++i) submit_for("A");
    for (int i = 0; i < 2; ++i) submit_for("B");
    EXPECT_EQ(served(4), "ABAB");
}

TEST_F(FairShare, ALowerWeightGetsMore) {
    use(weights({{"A", 1}, {"B", 0.25}}));
    world.host_up("h0", resources(10, 10'000));
    for (int i = 0; i < 10; ++i) blockers.push_back(world.submit());
    for (int i = 0; i < 10; ++i) submit_for("A");
    for (int i = 0; i < 10; ++i) submit_for("B");
    const std::string order = served(10);
    EXPECT_EQ(std::ranges::count(order, 'A'), 2) << order;
    EXPECT_EQ(std::ranges::count(order, 'B'), 8) << order;
}

TEST_F(FairShare, APrefixGivesItsWeightToEachShareThatBeginsSo) {
    use(weights({{"team*", 0.5}}));
    fill();
    for (int i = 0; i < 4; ++i) submit_for("x");
    for (int i = 0; i < 4; ++i) submit_for("team1");
    EXPECT_EQ(served(4), "xteam1team1x");
}

TEST_F(FairShare, TheSmallestAndTheLargestWeight) {
    use(weights({{"light", 0.0001}, {"heavy", 999.9999}}));
    fill();
    for (int i = 0; i < 4; ++i) submit_for("heavy");
    for (int i = 0; i < 4; ++i) submit_for("light");
    EXPECT_EQ(served(4), "heavylightlightlight");
}

TEST_F(FairShare, PastUseCountsLessAndLess) {
    use(weights({}, 1000));
    const auto first = submit_for("A");
    world.now += 500s;
    world.ran(first, 0);
    fill();
    submit_for("A");
    submit_for("B");
    submit_for("B");
    EXPECT_EQ(served(2), "BA") << "A has used more, but less than one vCPU by now";
}

TEST_F(FairShare, AWindowBackAUseCountsATwentieth) {
    use(weights({}, 1000));
    const auto job = submit_for("A");
    world.now += 100'000s;
    world.ran(job, 0);
    const auto& queue = world.state.queue(*world.state.find_queue("fair"));
    const Share& share = queue.shares[0];
    EXPECT_NEAR(usage_of(world.state, queue, share, world.now), 1.0, 0.001);
    EXPECT_NEAR(usage_of(world.state, queue, share, world.now + 1000s), 0.05, 0.001);
}

TEST_F(FairShare, InsideAShareThePriorityDecidesThenTheAge) {
    use({});
    fill();
    const auto low = submit_for("A", 1);
    const auto high = submit_for("A", 9);
    const auto also_high = submit_for("A", 9);
    served(2);
    EXPECT_EQ(world.status(high), "STARTING");
    EXPECT_EQ(world.status(also_high), "STARTING");
    EXPECT_EQ(world.status(low), "RUNNABLE");
}

TEST_F(FairShare, FifoQueuesDisregardThePriorityOfTheDefinition) {
    fill();
    const auto first = world.submit();
    auto urgent = world.a_job();
    urgent.event.traits.scheduling_priority = 9;
    const auto second = world.submit(urgent);
    world.ran(blockers.back(), 0);
    EXPECT_EQ(world.status(first), "STARTING");
    EXPECT_EQ(world.status(second), "RUNNABLE");
}

TEST_F(FairShare, TheReservationShrinksWithTheNumberOfActiveShares) {
    use(weights({}, {}, 50));  // of 4 vCPUs: 2 for one share, 3 for two, 3.5 for three
    for (int i = 0; i < 4; ++i) submit_for("A");
    const auto placed = [&] { return world.count<StartContainer>(); };
    EXPECT_EQ(placed(), 2);
    submit_for("B");
    EXPECT_EQ(placed(), 3);
    submit_for("C");
    EXPECT_EQ(placed(), 3);
    for (int i = 0; i < 20; ++i) submit_for("D" + std::to_string(i));
    EXPECT_EQ(placed(), 4) << "with many active shares next to nothing is reserved";
}

TEST_F(FairShare, WithoutAReservationNothingIsKept) {
    use(weights({}, {}, 0));
    for (int i = 0; i < 4; ++i) submit_for("A");
    EXPECT_EQ(world.count<StartContainer>(), 4);
}

TEST_F(FairShare, AQueueThatHoldsNothingRunsOneJobHoweverMuchIsReserved) {
    use(weights({}, {}, 99));
    submit_for("A");
    submit_for("A");
    EXPECT_EQ(world.count<StartContainer>(), 1);
}

TEST_F(FairShare, AShareThatStaysAwayIsActiveForTheDecayWindow) {
    use(weights({}, 1000, 50));
    world.ran(submit_for("B"), 0);
    for (int i = 0; i < 4; ++i) submit_for("A");
    EXPECT_EQ(world.count<StartContainer>(), 1 + 3) << "A and B are active";
    const auto next = next_deadline(world.state);
    ASSERT_TRUE(next);
    EXPECT_LE(*next, world.now + 1000s);
    world.now += 1001s;
    world.step();
    EXPECT_FALSE(world.state.queue(*world.state.find_queue("fair")).share_index.contains("B"));
}

TEST_F(FairShare, ANewWeightCountsAtOnce) {
    use(weights({{"A", 1}}));
    fill();
    for (int i = 0; i < 4; ++i) submit_for("A");
    for (int i = 0; i < 4; ++i) submit_for("B");
    model::SchedulingPolicyUpdate update{.fairshare_policy = weights({{"A", 0.1}}),
                                         .quota_share_policy = {}};
    ASSERT_TRUE(world.tell(UpdateSchedulingPolicy{.name = "fair", .update = update}));
    EXPECT_EQ(served(4), "ABAA");
}

TEST_F(FairShare, TheFrontOfTheQueueTellsTheOrderInWhichJobsAreServed) {
    use({});
    fill();
    const auto array = world.submit(a_job_of("A").array(3));
    const auto other = submit_for("B");
    const auto& queue = world.state.queue(*world.state.find_queue("fair"));
    const auto front = front_of_queue(world.state, queue, 10, world.now);
    ASSERT_EQ(front.size(), 4U);
    EXPECT_EQ(front[0].id, array.child(0));
    EXPECT_EQ(front[1].id, other);
    EXPECT_EQ(front[2].id, array.child(1));
    EXPECT_EQ(front[3].id, array.child(2));
}

TEST_F(FairShare, WhatIsRefused) {
    use({});
    EXPECT_EQ(refusal(world.a_job().share("A")),
              "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue "
              "with fair share scheduling policy.");
    auto urgent = world.a_job();
    urgent.event.overrides_priority = true;
    EXPECT_TRUE(refusal(urgent).contains("can onlybe submitted"));
    EXPECT_TRUE(refusal(world.a_job().in("fair")).contains("shareIdentifier is required"));
    EXPECT_FALSE(world.tell(DeleteSchedulingPolicy{.name = "fair"})) << "queues use it";
}

TEST_F(FairShare, AQueueKeepsItsKind) {
    use({});
    const auto update = [&](const std::string& queue, std::string policy) {
        model::JobQueueUpdate change;
        change.scheduling_policy_arn = std::move(policy);
        const auto reply = world.tell(UpdateQueue{.name = queue, .update = change});
        return reply ? "" : reply.error().message;
    };
    EXPECT_TRUE(update("default", "fair").contains("cannot get one"));
    EXPECT_EQ(update("fair", "other"), "SchedulingPolicy other not found.");
    EXPECT_EQ(update("fair", "fair"), "");
}

TEST_F(FairShare, OneActiveShareTooMany) {
    world.state.policy.limits.active_shares = 2;
    use(weights({}, 1000));
    world.ran(submit_for("A"), 0);
    submit_for("B");
    EXPECT_EQ(refusal(a_job_of("C")),
              "shareIdentifier 'C' would be one more than the 2 active ones that a job queue may "
              "have");
    EXPECT_EQ(refusal(a_job_of("A")), "");
    world.now += 1001s;
    EXPECT_TRUE(refusal(a_job_of("C")).contains("one more")) << "A has a job again";
}

TEST_F(FairShare, ADeletedQueueLeavesNoShares) {
    use({});
    world.ran(submit_for("A"), 0);
    model::JobQueueUpdate off;
    off.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "fair", .update = off}));
    ASSERT_TRUE(world.tell(DeleteQueue{.name = "fair"}));
    ASSERT_EQ(world.last.changes.shares.size(), 1U);
    EXPECT_TRUE(world.last.changes.shares[0].is_gone);
    EXPECT_TRUE(world.tell(DeleteSchedulingPolicy{.name = "fair"}));
}

}  // namespace
}  // namespace batchd::core::test
