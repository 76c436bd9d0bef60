// Jobs that take units of consumable resources.
#include "unit/core/builders.hpp"

namespace batchd::core::test {
namespace {

class Consumables : public ::testing::Test {
  protected:
    void have(const std::string& name, std::int64_t total,
              const std::string& type = "REPLENISHABLE") {
        model::ConsumableResource document{
            .consumable_resource_name = name, .total_quantity = total, .resource_type = type};
        ASSERT_TRUE(world.tell(CreateConsumableResource{.document = document, .tags = {}}));
    }
    void update(const std::string& name, const std::string& operation, std::int64_t quantity) {
        ASSERT_TRUE(world.tell(UpdateConsumableResource{
            .name = name,
            .update = {.operation = operation, .quantity = quantity, .client_token = {}}}));
    }
    model::JobId submit(std::int64_t licences) {
        return world.submit(world.a_job().takes("licence", licences));
    }
    std::int64_t in_use() const {
        const auto found = world.state.consumables_in_use.find("licence");
        return found == world.state.consumables_in_use.end() ? 0 : found->second;
    }
    std::int64_t total() { return world.state.consumables["licence"].document.total_quantity; }

    World world;
};

TEST_F(Consumables, AreHeldFromStartingToTheEnd) {
    have("licence", 3);
    const auto first = submit(2);
    const auto second = submit(2);
    EXPECT_EQ(world.status(first), "STARTING");
    EXPECT_EQ(world.status(second), "RUNNABLE");
    EXPECT_EQ(in_use(), 2);
    world.ran(first, 0);
    EXPECT_EQ(world.status(second), "STARTING");
    world.ran(second, 0);
    EXPECT_EQ(in_use(), 0);
    EXPECT_EQ(total(), 3);
}

TEST_F(Consumables, ShapesThatAskForNoneOrFewerGoOn) {
    have("licence", 1);
    const auto large = submit(2);
    const auto small = submit(1);
    const auto none = world.submit();
    EXPECT_EQ(world.status(large), "RUNNABLE");
    EXPECT_EQ(world.status(small), "STARTING");
    EXPECT_EQ(world.status(none), "STARTING");
}

TEST_F(Consumables, InStrictOrderTheHeadBlocksTheQueue) {
    world.state.policy.strict_order = true;
    submit(1);
    EXPECT_EQ(world.status(world.submit()), "RUNNABLE");
}

TEST_F(Consumables, AllOrNone) {
    have("licence", 1);
    have("tape", 0);
    const auto both = world.submit(world.a_job().takes("licence", 1).takes("tape", 1));
    EXPECT_EQ(world.status(both), "RUNNABLE");
    EXPECT_EQ(in_use(), 0);
    update("tape", "ADD", 1);
    EXPECT_EQ(world.status(both), "STARTING");
}

TEST_F(Consumables, NonReplenishableOnesAreUsedUpAndMoreCanBeAdded) {
    have("licence", 2, "NON_REPLENISHABLE");
    world.ran(submit(2), 1);
    EXPECT_EQ(total(), 0);
    EXPECT_EQ(in_use(), 0);
    const auto next = submit(1);
    EXPECT_EQ(world.status(next), "RUNNABLE");
    update("licence", "ADD", 1);
    EXPECT_EQ(world.status(next), "STARTING");
}

TEST_F(Consumables, ARetryTakesThemAgain) {
    have("licence", 1, "NON_REPLENISHABLE");
    const auto job = world.submit(world.a_job().takes("licence", 1).attempts(2));
    world.ran(job, 1);
    EXPECT_EQ(world.status(job), "RUNNABLE") << "the one unit is gone";
    update("licence", "SET", 1);
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST_F(Consumables, EachChildOfAnArrayTakesItsOwn) {
    have("licence", 3);
    const auto array = world.submit(world.a_job().takes("licence", 1).array(4));
    EXPECT_EQ(in_use(), 3);
    world.ran(array.child(0), 0);
    EXPECT_EQ(world.status(array.child(3)), "STARTING");
}

TEST_F(Consumables, JobsGoOnWithoutTheirResourceAndFindItAgain) {
    have("licence", 1);
    const auto running = submit(1);
    ASSERT_TRUE(world.tell(DeleteConsumableResource{.name = "licence"}));
    const auto waiting = submit(1);
    world.started(running);
    EXPECT_EQ(world.status(running), "RUNNING");
    EXPECT_EQ(world.status(waiting), "RUNNABLE");
    have("licence", 2);
    EXPECT_EQ(world.status(waiting), "STARTING") << "one of two is held by the running job";
    EXPECT_EQ(in_use(), 2);
    world.exited(running, 0);
    EXPECT_EQ(in_use(), 1);
}

TEST_F(Consumables, ALowerTotalThanIsHeldGivesNothingUntilEnoughCameBack) {
    have("licence", 4);
    const auto first = submit(2);
    const auto second = submit(2);
    update("licence", "SET", 2);
    const auto third = submit(1);
    EXPECT_EQ(world.status(third), "RUNNABLE");
    world.ran(first, 0);
    EXPECT_EQ(world.status(third), "RUNNABLE");
    world.ran(second, 0);
    EXPECT_EQ(world.status(third), "STARTING");
}

TEST_F(Consumables, NoHostIsKeptFreeForAHeadThatLacksThem) {
    world.state.policy.reserve_after = Seconds{1};
    submit(1);
    world.now += Seconds{5};
    world.step();
    EXPECT_FALSE(world.state.queue(*world.state.find_queue("default")).reservation);
}

}  // namespace
}  // namespace batchd::core::test
