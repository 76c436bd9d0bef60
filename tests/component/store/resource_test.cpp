// The resources that are documents, written, read back and listed.
#include "fixtures.hpp"

namespace batchd::store {
namespace {

using ports::ResourceKind;

ports::ResourceRow a_resource(const std::string& name, std::int64_t total = 1) {
    return {.kind = ResourceKind::ConsumableResource,
            .name = name,
            .document = model::ConsumableResource{.consumable_resource_name = name,
                                                  .total_quantity = total,
                                                  .resource_type = "REPLENISHABLE"},
            .created_at = at(total)};
}

class ResourceTest : public StoreTest {
  protected:
    void put(std::vector<ports::ResourceRow> rows) {
        ports::Changes changes;
        changes.resources = std::move(rows);
        commit(changes);
    }

    /// The names of each page, with a bar between pages.
    std::string list(const ResourceFilter& filter, std::size_t limit) {
        const auto readable = reader();
        std::string names;
        std::optional<std::string> after;
        do {
            const auto page = readable->resources(filter, after, limit);
            EXPECT_TRUE(page) << page.error().message;
            for (const auto& item : page->items) names += item.row.name + " ";
            names += "| ";
            after = page->next;
        } while (after);
        return names;
    }
};

TEST_F(ResourceTest, EveryKindComesBackAsItWas) {
    model::SchedulingPolicy policy;
    policy.name = "same";
    policy.fairshare_policy.emplace().share_distribution =
        std::vector<model::ShareAttributes>{{"red*", 0.125}, {"blue", {}}};
    model::SchedulingPolicy quota;
    quota.name = "quota";
    quota.quota_share_policy = {"FIFO"};
    const model::ServiceEnvironment environment{.service_environment_name = "same",
                                                .service_environment_type = "SAGEMAKER_TRAINING",
                                                .state = "ENABLED",
                                                .capacity_limits = {{3, "ml.m5.large"}}};
    put({{ResourceKind::SchedulingPolicy, "same", policy, at(1)},
         {ResourceKind::SchedulingPolicy, "quota", quota, at(2)},
         {ResourceKind::ServiceEnvironment, "same", environment, at(3)},
         {ResourceKind::AppliedUpdate, "same/ADD/1/t", model::AppliedUpdate{}, at(4)},
         a_resource("same", 5)});
    reopen();
    std::map<std::pair<ResourceKind, std::string>, ports::ResourceRow> rows;
    for (const auto& row : load().resources) rows[{row.kind, row.name}] = row;
    ASSERT_EQ(rows.size(), 5U);
    const auto& fair = std::get<model::SchedulingPolicy>(
        rows.at({ResourceKind::SchedulingPolicy, "same"}).document);
    EXPECT_EQ(fair.name, "same");
    const auto& shares = fair.fairshare_policy->share_distribution.value();
    EXPECT_EQ(shares.at(0).weight_factor, 0.125);
    EXPECT_EQ(shares.at(1).share_identifier, "blue");
    EXPECT_FALSE(shares.at(1).weight_factor);
    EXPECT_FALSE(fair.quota_share_policy);
    EXPECT_EQ(std::get<model::SchedulingPolicy>(
                  rows.at({ResourceKind::SchedulingPolicy, "quota"}).document)
                  .quota_share_policy->idle_resource_assignment_strategy,
              "FIFO");
    const auto& service = std::get<model::ServiceEnvironment>(
        rows.at({ResourceKind::ServiceEnvironment, "same"}).document);
    EXPECT_EQ(service.capacity_limits.at(0).capacity_unit, "ml.m5.large");
    const auto& consumable = rows.at({ResourceKind::ConsumableResource, "same"});
    EXPECT_EQ(std::get<model::ConsumableResource>(consumable.document).total_quantity, 5);
    EXPECT_EQ(consumable.created_at, at(5));
    EXPECT_EQ(rows.at({ResourceKind::AppliedUpdate, "same/ADD/1/t"}).created_at, at(4));
}

TEST_F(ResourceTest, AServiceJobComesBackUntilItHasEnded) {
    ports::Changes changes;
    changes.queues = {a_queue(2, "q")};
    ports::ServiceJobRow row{.seq = 7,
                             .id = {.uuid = make_uuid(at(1))},
                             .queue_id = 2,
                             .document = {},
                             .status_reason = "no SageMaker",
                             .created_at = at(3),
                             .stopped_at = std::nullopt};
    row.document.job_name = "train";
    row.document.service_request_payload = "{}";
    row.document.client_token = "t";
    row.document.quota_share_name = "blue";
    const ports::ResourceKey key{.kind = ResourceKind::ServiceJob, .name = {}, .job = row.id};
    changes.service_jobs = {row};
    changes.tags = {a_patch(key, R"({"a":"1"})")};
    commit(changes);
    reopen();
    const auto live = load();
    ASSERT_EQ(live.service_jobs.size(), 1U);
    EXPECT_EQ(live.service_jobs[0].id, row.id);
    EXPECT_EQ(live.service_jobs[0].status_reason, "no SageMaker");
    EXPECT_EQ(live.service_jobs[0].created_at, at(3));
    EXPECT_EQ(live.service_jobs[0].document.client_token, "t");
    EXPECT_EQ(live.next_service_seq, 8);

    row.stopped_at = at(9);
    row.document.scheduling_priority = 4;
    changes = {};
    changes.service_jobs = {row};
    commit(changes);
    EXPECT_TRUE(load().service_jobs.empty());
    EXPECT_EQ(load().next_service_seq, 8);
    EXPECT_TRUE(store_->knows_token("t").value());
    EXPECT_FALSE(store_->knows_token("u").value());
    const auto found = reader()->service_job(row.id).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->queue, "q");
    EXPECT_EQ(found->tags, R"({"a":"1"})");
    EXPECT_EQ(found->row.stopped_at, at(9));
    EXPECT_EQ(found->row.document.scheduling_priority, 4);
    const auto count = [&](auto set) {
        ServiceJobFilter filter;
        set(filter);
        return reader()->service_jobs(2, filter, {}, 10).value().items.size();
    };
    EXPECT_EQ(count([](auto& f) { f.quota_share_name = "blue"; }), 1U);
    EXPECT_EQ(count([](auto& f) { f.quota_share_name = "red"; }), 0U);
    EXPECT_EQ(count([](auto& f) { f.has_ended = false; }), 0U);
    EXPECT_EQ(count([](auto& f) { f.name = {.text = "TR", .is_prefix = true}; }), 1U);
}

TEST_F(ResourceTest, TagsStayWithTheResourceAndGoWithIt) {
    const ports::ResourceKey key{
        .kind = ResourceKind::ConsumableResource, .name = "tapes", .revision = 0, .job = {}};
    ports::Changes changes;
    changes.resources = {a_resource("tapes")};
    changes.tags = {a_patch(key, R"({"a":"1","b":"2"})")};
    commit(changes);
    changes.resources = {a_resource("tapes", 9)};
    changes.tags = {a_patch(key, R"({"b":null})")};
    commit(changes);
    EXPECT_EQ(reader()->tags(key).value(), R"({"a":"1"})");
    const auto page = reader()->resources(
        {.kind = ResourceKind::ConsumableResource, .names = {"tapes"}, .patterns = {}}, {}, 10);
    EXPECT_EQ(page->items.at(0).tags, R"({"a":"1"})");
    EXPECT_EQ(std::get<model::ConsumableResource>(page->items.at(0).row.document).total_quantity,
              9);
    put({{ResourceKind::ConsumableResource, "tapes", std::monostate{}, {}}});
    EXPECT_EQ(reader()->tags(key).value(), std::nullopt);
    EXPECT_TRUE(load().resources.empty());
    put({a_resource("tapes")});
    EXPECT_EQ(reader()->tags(key).value(), "{}");
}

TEST_F(ResourceTest, AreListedByKindNameAndPattern) {
    put({a_resource("disk"), a_resource("Tape-a"), a_resource("tape_b"), a_resource("tapexc")});
    put({{ResourceKind::AppliedUpdate, "disk/ADD/1/t", model::AppliedUpdate{}, at(1)}});
    constexpr auto kKind = ResourceKind::ConsumableResource;
    EXPECT_EQ(list({.kind = kKind, .names = {}, .patterns = {}}, 3),
              "Tape-a disk tape_b | tapexc | ");
    EXPECT_EQ(list({.kind = kKind, .names = {"disk", "none"}, .patterns = {}}, 3), "disk | ");
    EXPECT_EQ(list({.kind = kKind, .names = {}, .patterns = {"TAPE*"}}, 2),
              "Tape-a tape_b | tapexc | ");
    EXPECT_EQ(list({.kind = kKind, .names = {}, .patterns = {"tape_*", "DISK"}}, 9),
              "disk tape_b | ");
    EXPECT_EQ(list({.kind = kKind, .names = {}, .patterns = {"tape", "%", "\\", "t*b"}}, 9), "| ");
    EXPECT_EQ(list({.kind = ResourceKind::SchedulingPolicy, .names = {}, .patterns = {}}, 9), "| ");
}

}  // namespace
}  // namespace batchd::store
