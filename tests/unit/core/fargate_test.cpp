// Environments on Fargate: each has a host of its own that no Docker Engine stands behind.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

constexpr const char* kHost = "fargate/f";

class OnFargate : public ::testing::Test {
  protected:
    OnFargate() {
        add_environment();
        world.add_queue("f", 1, {"f"});
    }
    void add_environment() {
        model::ComputeEnvironment document;
        document.compute_environment_name = "f";
        document.type = "MANAGED";
        document.state = "ENABLED";
        auto& resources = document.compute_resources.emplace();
        resources.type = "FARGATE";
        resources.maxv_cpus = 8;
        resources.subnets = {"subnet-1"};
        resources.security_group_ids = {"sg-1"};
        ASSERT_TRUE(world.tell(CreateEnvironment{.document = document, .uuid = "u", .tags = {}}));
    }
    model::JobId submit(std::int64_t vcpu, int attempts = 1) {
        return world.submit(
            world.a_job().in("f").fargate().needs(resources(vcpu, 1'000'000)).attempts(attempts));
    }
    std::string host_of(const model::JobId& id) {
        const auto job = world.state.find_job(id);
        const bool runs = job && world.state.job(*job).run;
        return runs ? world.state.job(*job).run->attempt.host : "";
    }
    void switch_to(bool on_aws) {
        world.state.policy.on_aws = on_aws;
        world.restart();
        world.step();
    }

    World world{{.on_aws = true}};
};

TEST_F(OnFargate, OnlyMaxvCpusBoundsWhatRuns) {
    const auto first = submit(4);
    const auto second = submit(4);
    const auto third = submit(1);
    EXPECT_EQ(host_of(first), kHost);
    EXPECT_EQ(host_of(second), kHost);
    EXPECT_EQ(world.status(third), "RUNNABLE");
    world.ran(first, 0);
    EXPECT_EQ(host_of(third), kHost);
}

TEST_F(OnFargate, TheHostIsNoDockerHost) {
    EXPECT_TRUE(own_hosts(world.state).empty());
    EXPECT_FALSE(world.tell(DrainHost{.environment = "f", .host = kHost, .deadline = {}}));
    EXPECT_FALSE(world.tell(DeleteHost{.environment = "f", .host = kHost, .force = true}));
    model::Host document;
    document.name = kHost;
    document.url = "unix:///x";
    EXPECT_FALSE(world.tell(PutHost{.environment = "local", .document = document}));
    EXPECT_EQ(world.count<ConnectHost>(), 0);
}

TEST_F(OnFargate, TheHostGoesWithItsEnvironment) {
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "f", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteQueue{"f"}));
    model::ComputeEnvironmentUpdate update;
    update.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "f", .update = update}));
    ASSERT_TRUE(world.tell(DeleteEnvironment{"f"}));
    EXPECT_FALSE(world.state.find_host(kHost));
    EXPECT_EQ(world.count<DisconnectHost>(), 0);
    add_environment();
    EXPECT_TRUE(world.state.find_host(kHost));
}

TEST_F(OnFargate, AttemptsGoOnAfterARestart) {
    const auto job = submit(4);
    world.started(job);
    world.restart();
    world.step();
    EXPECT_EQ(host_of(job), kHost);
    ASSERT_EQ(live_attempts(world.state).size(), 1U);
    EXPECT_TRUE(live_attempts(world.state).front().was_running);
    world.exited(job, 0);
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST_F(OnFargate, WithoutFargateItsAttemptsAreLostAndRetriedOnTheLocalHosts) {
    const auto once = submit(1);
    const auto twice = world.submit(world.a_job().in("f").fargate().attempts(2));
    world.started(once);
    switch_to(false);
    EXPECT_EQ(world.status(once), "FAILED");
    ASSERT_FALSE(world.attempts.empty());
    EXPECT_EQ(world.attempts.front().reason,
              "Host fargate/f: batchd does not run jobs on Fargate any more");
    EXPECT_EQ(world.status(twice), "STARTING");
    EXPECT_EQ(host_of(twice), "h0");
    EXPECT_FALSE(world.state.find_host(kHost));
}

TEST_F(OnFargate, WhatRunsOnTheLocalHostsEndsThereWhenFargateComes) {
    switch_to(false);
    const auto before = world.submit(world.a_job().in("f").fargate());
    EXPECT_EQ(host_of(before), "h0");
    switch_to(true);
    EXPECT_EQ(host_of(before), "h0");
    const auto after = world.submit(world.a_job().in("f").fargate());
    EXPECT_EQ(host_of(after), kHost);
    world.ran(before, 0);
    EXPECT_EQ(world.status(before), "SUCCEEDED");
}

}  // namespace
}  // namespace batchd::core::test
