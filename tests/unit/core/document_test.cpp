// Scheduling policies, consumable resources and service environments: their rows, and what a
// restart makes of them.
#include "builders.hpp"

#include <map>

namespace batchd::core::test {
namespace {

using model::ResourceKind;

/// A world that keeps the rows of its documents, as the store would.
class DocumentWorld : public World {
  public:
    Result<Reply> tell(Event event) {
        auto reply = World::tell(std::move(event));
        for (const auto& row : last.changes.resources) {
            rows[{row.kind, row.name}] = row;
            if (std::holds_alternative<std::monostate>(row.document)) {
                rows.erase({row.kind, row.name});
            }
        }
        return reply;
    }
    std::string refusal(Event event) {
        const auto reply = tell(std::move(event));
        EXPECT_TRUE(last.changes.empty()) << "an error leaves the state as it was";
        return reply ? "accepted" : reply.error().message;
    }
    std::int64_t update(const std::string& operation, std::int64_t quantity,
                        std::optional<std::string> token = {}) {
        return tell(UpdateConsumableResource{.name = "tapes",
                                             .update = {.operation = operation,
                                                        .quantity = quantity,
                                                        .client_token = std::move(token)}})
            .value()
            .total_quantity;
    }
    void create_tapes() {
        ASSERT_TRUE(tell(CreateConsumableResource{.document = {.consumable_resource_name = "tapes",
                                                               .total_quantity = 10,
                                                               .resource_type = "REPLENISHABLE"},
                                                  .tags = {}}));
    }
    void restart() {
        model::Snapshot snapshot;
        for (const auto& [key, row] : rows) snapshot.resources.push_back(row);
        state = State{};
        ASSERT_TRUE(restore(state, snapshot, now));
    }
    std::size_t count(ResourceKind kind) const {
        std::size_t n = 0;
        for (const auto& [key, row] : rows) n += key.first == kind ? 1 : 0;
        return n;
    }

    std::map<std::pair<ResourceKind, std::string>, model::ResourceRow> rows;
};

model::SchedulingPolicy a_policy() {
    model::SchedulingPolicy policy;
    policy.name = "fair";
    policy.fairshare_policy.emplace().compute_reservation = 10;
    return policy;
}

TEST(SchedulingPolicies, LiveUntilTheyAreDeleted) {
    DocumentWorld world;
    world.now = Timestamp{Seconds{7}};
    ASSERT_TRUE(world.tell(CreateSchedulingPolicy{.document = a_policy(), .tags = R"({"a":"b"})"}));
    EXPECT_EQ(world.last.changes.tags.at(0).key.name, "fair");
    EXPECT_EQ(world.refusal(CreateSchedulingPolicy{.document = a_policy(), .tags = {}}),
              "Object already exists: schedulingPolicy 'fair'");
    world.restart();
    model::SchedulingPolicyUpdate update;
    update.fairshare_policy.emplace().compute_reservation = 20;
    world.now = Timestamp{Seconds{8}};
    ASSERT_TRUE(world.tell(UpdateSchedulingPolicy{.name = "fair", .update = update}));
    const auto& row = world.rows.at({ResourceKind::SchedulingPolicy, "fair"});
    EXPECT_EQ(row.created_at, Timestamp{Seconds{7}});
    EXPECT_EQ(std::get<model::SchedulingPolicy>(row.document).fairshare_policy->compute_reservation,
              20);
    EXPECT_EQ(
        world.state.scheduling_policies.at("fair").document.fairshare_policy->compute_reservation,
        20);
    ASSERT_TRUE(world.tell(DeleteSchedulingPolicy{.name = "fair"}));
    EXPECT_TRUE(world.rows.empty());
    EXPECT_EQ(world.refusal(DeleteSchedulingPolicy{.name = "fair"}),
              "schedulingPolicy 'fair' does not exist");
}

TEST(SchedulingPolicies, ARefusedUpdateChangesNothing) {
    DocumentWorld world;
    ASSERT_TRUE(world.tell(CreateSchedulingPolicy{.document = a_policy(), .tags = {}}));
    model::SchedulingPolicyUpdate update;
    update.fairshare_policy.emplace().compute_reservation = 100;
    EXPECT_NE(world.refusal(UpdateSchedulingPolicy{.name = "fair", .update = update}), "accepted");
    EXPECT_EQ(
        world.state.scheduling_policies.at("fair").document.fairshare_policy->compute_reservation,
        10);
}

TEST(ConsumableResources, AreCountedUpAndDown) {
    DocumentWorld world;
    world.create_tapes();
    EXPECT_EQ(world.update("ADD", 5), 15);
    EXPECT_EQ(world.update("REMOVE", 1), 14);
    world.restart();
    EXPECT_EQ(world.update("ADD", 0), 14);
    EXPECT_EQ(world.update("SET", 3), 3);
    EXPECT_EQ(world.count(ResourceKind::AppliedUpdate), 0U);
    EXPECT_EQ(world.refusal(UpdateConsumableResource{
                  .name = "tapes",
                  .update = {.operation = "REMOVE", .quantity = 4, .client_token = "t"}}),
              "totalQuantity cannot be a negative number.");
    EXPECT_EQ(world.update("ADD", 1), 4);
    ASSERT_TRUE(world.tell(DeleteConsumableResource{.name = "tapes"}));
    EXPECT_EQ(world.refusal(DeleteConsumableResource{.name = "tapes"}),
              "consumableResource 'tapes' does not exist");
}

TEST(ConsumableResources, AnUpdateWithATokenHappensOnceInEightHours) {
    DocumentWorld world;
    world.create_tapes();
    EXPECT_EQ(world.update("ADD", 5, "t"), 15);
    EXPECT_EQ(world.update("ADD", 5, "t"), 15);
    EXPECT_TRUE(world.last.changes.empty()) << "nothing is written for the repetition";
    EXPECT_EQ(world.update("ADD", 6, "t"), 21) << "another payload is another request";
    EXPECT_EQ(world.update("ADD", 5, "u"), 26);
    world.now += std::chrono::hours{8} - Milliseconds{1};
    world.restart();
    EXPECT_EQ(world.update("ADD", 5, "t"), 26);
    world.now += Milliseconds{1};
    EXPECT_EQ(world.update("ADD", 5, "t"), 31);
    EXPECT_EQ(world.update("ADD", 5, "t"), 31) << "and counts from then on anew";
    EXPECT_EQ(world.count(ResourceKind::AppliedUpdate), 1U) << "old ones are forgotten";
}

TEST(ConsumableResources, ADeletedOneTakesItsTokensAlong) {
    DocumentWorld world;
    world.create_tapes();
    EXPECT_EQ(world.update("ADD", 5, "a/b"), 15);
    ASSERT_TRUE(world.tell(DeleteConsumableResource{.name = "tapes"}));
    EXPECT_TRUE(world.rows.empty());
    world.create_tapes();
    EXPECT_EQ(world.update("ADD", 5, "a/b"), 15);
}

TEST(ServiceEnvironments, AreDeletedOnlyDisabled) {
    DocumentWorld world;
    const model::ServiceEnvironment document{.service_environment_name = "s",
                                             .service_environment_type = "SAGEMAKER_TRAINING",
                                             .state = "ENABLED",
                                             .capacity_limits = {{1, "NUM_INSTANCES"}}};
    ASSERT_TRUE(world.tell(CreateServiceEnvironment{.document = document, .tags = {}}));
    EXPECT_EQ(world.refusal(CreateServiceEnvironment{.document = document, .tags = {}}),
              "Object already exists: serviceEnvironment 's'");
    world.restart();
    EXPECT_EQ(world.refusal(DeleteServiceEnvironment{.name = "s"}),
              "Cannot delete, serviceEnvironment 's' is ENABLED: its state must be DISABLED");
    const auto update = [&](model::ServiceEnvironmentUpdate change) {
        return UpdateServiceEnvironment{.name = "s", .update = std::move(change)};
    };
    EXPECT_EQ(world.refusal(
                  update({.state = {}, .capacity_limits = std::vector<model::CapacityLimit>{}})),
              "Capacitylimits are required.");
    ASSERT_TRUE(world.tell(update({.state = "disabled", .capacity_limits = {}})));
    EXPECT_EQ(world.state.service_environments.at("s").document.state, "DISABLED");
    EXPECT_EQ(world.state.service_environments.at("s").document.capacity_limits.size(), 1U);
    ASSERT_TRUE(world.tell(DeleteServiceEnvironment{.name = "s"}));
    EXPECT_TRUE(world.rows.empty());
    EXPECT_EQ(world.refusal(update({.state = "ENABLED", .capacity_limits = {}})),
              "serviceEnvironment 's' does not exist");
}

}  // namespace
}  // namespace batchd::core::test
