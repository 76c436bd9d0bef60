// What there may be too many of, and jobs that cannot be dispatched.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

JobBuilder a_flawed_job(World& world) {
    JobBuilder builder = world.a_job().attempts(3);
    builder.event.traits.flaw = model::DispatchFlaw::OverridesTooLong;
    return builder;
}

Policy with_limits_of_aws() {
    Policy policy;
    policy.limits = model::kAwsLimits;
    return policy;
}

void expect_refused(const Result<Reply>& reply, const std::string& message) {
    ASSERT_FALSE(reply) << message;
    EXPECT_EQ(reply.error().kind, ErrorKind::Capacity);
    EXPECT_EQ(reply.error().message, message);
}

TEST(Limits, ResourcesAreCounted) {
    Policy policy;
    policy.limits.job_queues = 2;
    policy.limits.compute_environments = 2;
    policy.limits.service_environments = 1;
    policy.limits.consumable_resources = 1;
    World world(policy);
    world.add_environment("second");
    world.add_queue("second", 1, {"local"});
    model::ComputeEnvironment environment;
    environment.compute_environment_name = "third";
    expect_refused(
        world.tell(CreateEnvironment{.document = environment, .uuid = "u", .tags = {}}),
        "computeEnvironmentName 'third' would be number 3, but limits.compute_environments is 2");
    model::JobQueue queue;
    queue.job_queue_name = "third";
    expect_refused(world.tell(CreateQueue{.document = queue, .tags = {}}),
                   "jobQueueName 'third' would be number 3, but limits.job_queues is 2");
    model::ServiceEnvironment service;
    service.service_environment_name = "s1";
    ASSERT_TRUE(world.tell(CreateServiceEnvironment{.document = service, .tags = {}}));
    service.service_environment_name = "s2";
    expect_refused(
        world.tell(CreateServiceEnvironment{.document = service, .tags = {}}),
        "serviceEnvironmentName 's2' would be number 2, but limits.service_environments is 1");
    model::ConsumableResource consumable;
    consumable.consumable_resource_name = "c1";
    ASSERT_TRUE(world.tell(CreateConsumableResource{.document = consumable, .tags = {}}));
    consumable.consumable_resource_name = "c2";
    expect_refused(
        world.tell(CreateConsumableResource{.document = consumable, .tags = {}}),
        "consumableResourceName 'c2' would be number 2, but limits.consumable_resources is 1");
}

TEST(Limits, ADeletedQueueMakesRoom) {
    Policy policy;
    policy.limits.job_queues = 2;
    World world(policy);
    world.add_queue("q", 1, {"local"});
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "q", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteQueue{"q"}));
    world.add_queue("r", 1, {"local"});
}

TEST(Flaws, AJobFailsWhenItIsDispatchedWithoutAnAttempt) {
    World world(with_limits_of_aws());
    const auto holder = world.submit(world.a_job().needs(resources(4)));
    const auto flawed = world.submit(a_flawed_job(world));
    const auto dependent = world.submit(world.a_job().after(flawed));
    EXPECT_EQ(world.status(flawed), "RUNNABLE") << "it waits for room as others do";
    world.ran(holder, 0);
    EXPECT_EQ(world.status(flawed), "FAILED");
    EXPECT_EQ(world.state_of(flawed).status_reason,
              "Container Overrides length must be at most 8192");
    EXPECT_EQ(world.state_of(flawed).attempt, 0);
    EXPECT_FALSE(world.state_of(flawed).is_cancelled);
    EXPECT_EQ(world.status(dependent), "FAILED");
    EXPECT_EQ(world.count<StartContainer>(), 1);
}

TEST(Flaws, OthersRunInItsPlace) {
    World world;
    world.submit(a_flawed_job(world).needs(resources(4)));
    const auto next = world.submit(world.a_job().needs(resources(4)));
    EXPECT_EQ(world.status(next), "STARTING");
}

TEST(Flaws, AllChildrenOfAnArrayFail) {
    World world;
    const auto array = world.submit(a_flawed_job(world).array(3));
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.state_of(array).status_reason, "Array Child Job failed");
    EXPECT_EQ(world.count<StartContainer>(), 0);
    EXPECT_FALSE(world.state.find_job(array)) << "nothing of it is left";
}

TEST(Flaws, OfASequentialArrayToo) {
    World world;
    EXPECT_EQ(world.status(world.submit(a_flawed_job(world).array(3).sequential())), "FAILED");
}

}  // namespace
}  // namespace batchd::core::test
