// Instances, the decisions about them, and what attempts on them cost.
#include "fixtures.hpp"

#include <algorithm>

namespace batchd::store {
namespace {

class ElasticStore : public StoreTest {
  protected:
    ElasticStore() {
        ports::Changes changes;
        changes.environments = {an_environment(1, "cloud")};
        changes.environments[0].generation = 3;
        changes.environments[0].raised_vcpus = 8;
        commit(changes);
    }
};

model::DecisionRow a_launch(std::int64_t id, bool is_open) {
    model::DecisionRow row{
        .id = id, .environment_id = 1, .at = at(id), .is_open = is_open, .document = {}};
    row.document.action = "LAUNCH";
    row.document.token = "uuid-" + std::to_string(id);
    row.document.alternatives = {{.instance_type = "m5.large",
                                  .subnet = "subnet-2",
                                  .price_per_hour = 0.1,
                                  .cost_per_hour = std::nullopt,
                                  .why_not = "dearer"}};
    return row;
}

TEST_F(ElasticStore, AnInstanceComesBackAndGoes) {
    model::InstanceRow row{.id = "i-1",
                           .environment_id = 1,
                           .type = "c5.large",
                           .zone = "subnet-1",
                           .is_spot = true,
                           .price = model::MicroUsd{85'000},
                           .status = model::InstanceStatus::Terminating,
                           .launched_at = at(7),
                           .generation = 2,
                           .has_run_job = true,
                           .idle_since = at(8),
                           .ended_at = std::nullopt};
    ports::Changes changes;
    changes.instances = {row};
    commit(changes);
    reopen();
    const auto snapshot = load();
    EXPECT_EQ(snapshot.environments.at(0).generation, 3);
    EXPECT_EQ(snapshot.environments.at(0).raised_vcpus, 8);
    ASSERT_EQ(snapshot.instances.size(), 1U);
    const auto& found = snapshot.instances[0];
    EXPECT_EQ(found.id, row.id);
    EXPECT_EQ(found.type, row.type);
    EXPECT_EQ(found.zone, row.zone);
    EXPECT_TRUE(found.is_spot);
    EXPECT_EQ(found.price, row.price);
    EXPECT_EQ(found.status, row.status);
    EXPECT_EQ(found.launched_at, row.launched_at);
    EXPECT_EQ(found.generation, 2);
    EXPECT_TRUE(found.has_run_job);
    EXPECT_EQ(found.idle_since, at(8));
    row.ended_at = at(9);
    changes.instances = {row};
    commit(changes);
    reopen();
    EXPECT_TRUE(load().instances.empty());
}

TEST_F(ElasticStore, OpenLaunchesComeBackWithTheirToken) {
    ports::Changes changes;
    changes.decisions = {a_launch(1, false), a_launch(2, true)};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.open_launches.size(), 1U);
    EXPECT_EQ(snapshot.open_launches[0].document.token, "uuid-2");
    EXPECT_EQ(snapshot.next_decision, 3);
    const auto page = reader()->decisions("cloud", std::nullopt, 1);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0].id, 2) << "the newest first";
    EXPECT_EQ(page->items[0].document.alternatives.at(0).why_not, "dearer");
    EXPECT_EQ(page->next, 2);
}

TEST_F(ElasticStore, OldDecisionsGoButNotOpenOnes) {
    ports::Changes changes;
    changes.decisions.push_back(a_launch(1, true));
    for (std::int64_t id = 2; id <= 10'240; ++id) changes.decisions.push_back(a_launch(id, false));
    commit(changes);
    const auto page = reader()->decisions("cloud", std::nullopt, 20'000);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->items.size(), 10'001U);
    EXPECT_EQ(page->items.back().id, 1);
}

TEST_F(ElasticStore, AttemptsCostForTheTimeThatIsAskedFor) {
    ports::Changes changes;
    for (const char* id : {"i-1", "i-2"}) {
        auto& instance = changes.instances.emplace_back();
        instance.id = id;
        instance.environment_id = 1;
        instance.price = model::MicroUsd{100'000};
        instance.launched_at = at(0);
    }
    changes.instances[1].ended_at = at(3'600'000);
    changes.queues = {a_queue(1, "default"), a_queue(2, "other")};
    changes.new_jobs = {a_job(1), a_job(2), a_job(3, 2)};
    changes.new_jobs[0].tags = R"({"team":"genomics"})";
    changes.new_jobs[1].tags = R"({"team":"physics"})";
    constexpr std::int64_t kHour = 3'600'000;
    for (std::int64_t seq = 1; seq <= 3; ++seq) {
        auto put = an_attempt(seq, 1);
        put.attempt.started_at = at(0);
        if (seq != 2) put.attempt.stopped_at = at(kHour);  // the second still runs
        put.attempt.price = model::MicroUsd{seq * 100'000};
        changes.attempts.push_back(put);
    }
    commit(changes);
    const auto usage = [&](UsageQuery query) {
        query.limit = 10;
        const auto found = reader()->usage(query);
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    };
    const auto environments = usage({.by = UsageQuery::By::ComputeEnvironment,
                                     .tag = {},
                                     .queue = {},
                                     .since = at(0),
                                     .until = at(2 * kHour)});
    const auto cloud = std::find_if(environments.begin(), environments.end(),
                                    [](const Usage& usage) { return usage.key == "cloud"; });
    ASSERT_NE(cloud, environments.end());
    EXPECT_DOUBLE_EQ(cloud->instance_hours.value_or(0), 3) << "one of them has ended";
    EXPECT_DOUBLE_EQ(cloud->instance_cost_usd.value_or(0), 0.3);
    const auto queues = usage({.by = UsageQuery::By::Queue,
                               .tag = {},
                               .queue = {},
                               .since = at(0),
                               .until = at(2 * kHour)});
    ASSERT_EQ(queues.size(), 2U);
    EXPECT_EQ(queues[0].key, "default");
    EXPECT_EQ(queues[0].attempts, 2);
    EXPECT_DOUBLE_EQ(queues[0].hours, 3);
    EXPECT_DOUBLE_EQ(queues[0].cost_usd, 0.1 + 2 * 0.2);
    EXPECT_DOUBLE_EQ(queues[1].cost_usd, 0.3);
    const auto tags = usage({.by = UsageQuery::By::Tag,
                             .tag = "team",
                             .queue = "default",
                             .since = at(kHour / 2),
                             .until = at(kHour)});
    ASSERT_EQ(tags.size(), 2U);
    EXPECT_EQ(tags[0].key, "physics");
    EXPECT_DOUBLE_EQ(tags[0].cost_usd, 0.1);
    EXPECT_EQ(tags[1].key, "genomics");
    EXPECT_DOUBLE_EQ(tags[1].cost_usd, 0.05);
}

}  // namespace
}  // namespace batchd::store
