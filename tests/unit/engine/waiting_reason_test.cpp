#include "batchd/engine/view.hpp"
#include "unit/core/builders.hpp"

namespace batchd::engine {
namespace {

using core::test::resources;
using core::test::World;

std::string reason(const core::State& state, const model::Resources& asked,
                   const std::string& queue = "default") {
    const View view = view_of(state, Timestamp{});
    return view.waiting_reason(*view.find_queue(queue), core::Shape{.resources = asked});
}

TEST(WaitingReason, IsNeverEmptyAndUsesAwsCodes) {
    World world;
    EXPECT_TRUE(reason(world.state, resources(64))
                    .starts_with("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"));
    world.submit(world.a_job().needs(resources(4)));
    EXPECT_EQ(reason(world.state, resources(2)),
              "CAPACITY:WAITING_FOR_RESOURCES - The job asks for 2 vCPU, 100 MiB; host h0 has 0 "
              "vCPU, 900 MiB free of 4 vCPU, 1000 MiB.");
    (void)world.tell(core::HostDown{.host = "h0", .reason = "connection refused"});
    EXPECT_EQ(reason(world.state, resources(2)),
              "CAPACITY:HOST_UNAVAILABLE - Host h0 is unavailable: connection refused.");
    model::ComputeEnvironmentUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(core::UpdateEnvironment{.name = "local", .update = disable}));
    EXPECT_TRUE(
        reason(world.state, resources(2)).starts_with("ACTION_REQUIRED - CE(s) associated"));
}

TEST(WaitingReason, AHostThatWasNeverReachedIsNoMisconfiguration) {
    World world;
    core::add_host(world.state, "h1");
    world.add_environment("later");  // on both hosts
    world.add_queue("later", 1, {"later"});
    (void)world.tell(core::HostDown{.host = "h0", .reason = "gone"});
    EXPECT_TRUE(
        reason(world.state, resources(64), "later").starts_with("CAPACITY:HOST_UNAVAILABLE"));
}

TEST(WaitingReason, AHostThatDrainsIsNamedIfItWouldBeLargeEnough) {
    World world;
    world.add_environment("pool");
    world.add_queue("pool", 1, {"pool"});
    model::Host x;
    x.name = "x";
    x.url = "unix:///x";
    ASSERT_TRUE(world.tell(core::PutHost{.environment = "pool", .document = x}));
    world.host_up("x", resources(4));
    ASSERT_TRUE(world.tell(core::DrainHost{.environment = "pool", .host = "x", .deadline = {}}));
    EXPECT_EQ(reason(world.state, resources(2), "pool"),
              "CAPACITY:HOST_UNAVAILABLE - Host x drains: it takes no new jobs.");
    EXPECT_TRUE(reason(world.state, resources(5), "pool")
                    .starts_with("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"));
}

/// Hosts that were removed are not in the view: those behind them keep their environments.
TEST(View, AnEnvironmentFindsItsHostsBehindARemovedOne) {
    World world;
    world.add_environment("pool");
    world.add_queue("pool", 1, {"pool"});
    model::Host host;
    host.url = "unix:///x";
    for (const char* name : {"x", "y"}) {
        host.name = name;
        ASSERT_TRUE(world.tell(core::PutHost{.environment = "pool", .document = host}));
    }
    ASSERT_TRUE(world.tell(core::DeleteHost{.environment = "pool", .host = "x"}));
    const View view = view_of(world.state, world.now);
    const auto* pool = view.find_environment("pool");
    ASSERT_TRUE(pool && pool->has_own_hosts && pool->hosts.size() == 1);
    EXPECT_EQ(view.hosts[pool->hosts[0]].name, "y");
    const auto* local = view.find_environment("local");
    ASSERT_TRUE(local && !local->has_own_hosts);
    EXPECT_EQ(view.hosts[local->hosts.at(0)].name, "h0");
}

TEST(WaitingReason, ALimitBelowTheJobIsNamed) {
    World world;
    world.add_environment("managed", 2);
    world.add_queue("bounded", 1, {"managed"});
    const View view = view_of(world.state, world.now);
    const core::Shape shape{.resources = resources(3), .fargate = true};
    EXPECT_TRUE(view.waiting_reason(*view.find_queue("bounded"), shape)
                    .starts_with("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"));
}

TEST(WaitingReason, OnFargateOnlyMaxvCpusIsInTheWay) {
    World world{{.on_aws = true}};
    world.add_environment("f", 4);
    world.add_queue("f", 1, {"f"});
    world.submit(world.a_job().in("f").fargate().needs(resources(4)));
    const View view = view_of(world.state, world.now);
    const core::Shape shape{.resources = resources(1), .fargate = true};
    EXPECT_EQ(view.waiting_reason(*view.find_queue("f"), shape),
              "CAPACITY:WAITING_FOR_RESOURCES - The job asks for 1 vCPU, 100 MiB; environment f "
              "uses 4 vCPU of maxvCpus 4.");
}

/// Environments that were deleted are not in the view: those behind them keep their queues.
TEST(View, AQueueFindsItsEnvironmentsBehindADeletedOne) {
    World world;
    world.add_environment("first");
    world.add_environment("managed", 2);
    world.add_queue("bounded", 1, {"managed"});
    model::ComputeEnvironmentUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(core::UpdateEnvironment{.name = "first", .update = disable}));
    ASSERT_TRUE(world.tell(core::DeleteEnvironment{.name = "first"}));
    const View view = view_of(world.state, Timestamp{});
    const auto& queue = *view.find_queue("bounded");
    ASSERT_EQ(queue.environments.size(), 1U);
    EXPECT_EQ(view.environments[queue.environments[0]].name, "managed");
}

}  // namespace
}  // namespace batchd::engine
