// Environments on instances: launched by plan, on record before they are asked for, hosts once up.
#include "unit/core/builders.hpp"

namespace batchd::core::test {
namespace {

class Elastic : public ::testing::Test {
  protected:
    Elastic() : world({}, 0) {
        world.state.scaling.catalogue = model::InstanceCatalogue::embedded();
        model::ComputeEnvironment document;
        document.compute_environment_name = "cloud";
        document.type = "MANAGED";
        document.state = "ENABLED";
        auto& resources = document.compute_resources.emplace();
        resources.type = "EC2";
        resources.allocation_strategy = "BEST_FIT_PROGRESSIVE";
        resources.minv_cpus = 0;
        resources.maxv_cpus = 16;
        resources.instance_types = {"c5.large", "c5.xlarge"};
        resources.instance_role = "role";
        resources.subnets = {"subnet-1"};
        resources.security_group_ids = {"sg-1"};
        EXPECT_TRUE(
            world.tell(CreateEnvironment{.document = document, .uuid = "uuid", .tags = {}}));
        world.add_queue("cloud", 1, {"cloud"});
        pass(Seconds{1});
    }

    void pass(Milliseconds time) {
        world.now += time;
        world.step();
    }
    model::JobId submit(std::int64_t vcpu = 2) {
        return world.submit(world.a_job().needs(resources(vcpu, 1000)).in("cloud"));
    }
    /// The last one.
    template <class Action>
    const Action* last() const {
        const Action* found = nullptr;
        for (const auto& action : world.actions) {
            if (const auto* one = std::get_if<Action>(&action)) found = one;
        }
        return found;
    }
    void news(Event event) { EXPECT_TRUE(world.tell(std::move(event))); }
    void launched(const std::vector<std::string>& ids) {
        const auto& asked = *last<LaunchInstances>();
        InstancesLaunched event{.decision = asked.decision, .instances = {}, .failure = {}};
        for (const auto& id : ids) {
            event.instances.push_back({.id = id, .type = asked.type, .zone = asked.zone});
        }
        news(std::move(event));
    }
    void refused(std::optional<OfferError> offer, bool is_configuration = false) {
        news(InstancesLaunched{
            .decision = last<LaunchInstances>()->decision,
            .instances = {},
            .failure = InstancesLaunched::Failure{
                .offer = offer, .is_configuration = is_configuration, .message = "Code: text"}});
    }
    void up(const std::string& id, std::int64_t vcpu = 2) {
        model::Host host;
        host.name = id;
        host.url = "unix:///docker.sock";
        news(InstanceReady{.id = id, .host = std::move(host)});
        world.host_up(id, resources(vcpu, 3000));
    }
    /// A job of two attempts whose first one runs on an instance that came for it.
    model::JobId run_on(const std::string& id) {
        const auto job =
            world.submit(world.a_job().needs(resources(2, 1000)).in("cloud").attempts(2));
        pass(Seconds{1});
        launched({id});
        up(id);
        world.started(job);
        return job;
    }
    const model::EnvironmentRow& row() const { return world.state.environments.back().row; }

    World world;
};

TEST_F(Elastic, JobsBringTheirInstances) {
    const auto job = submit();
    EXPECT_EQ(world.status(job), "RUNNABLE");
    pass(Seconds{1});
    const auto* launch = last<LaunchInstances>();
    ASSERT_TRUE(launch);
    EXPECT_EQ(launch->environment, "cloud");
    EXPECT_EQ(launch->type, "c5.large");
    EXPECT_EQ(launch->count, 1);
    EXPECT_EQ(launch->token, "uuid-1");
    EXPECT_EQ(row().document.compute_resources->desiredv_cpus, 2);
    launched({"i-1"});
    EXPECT_EQ(world.count<ConnectHost>(), 0);
    up("i-1");
    EXPECT_EQ(world.count<ConnectHost>(), 1);
    EXPECT_EQ(world.status(job), "STARTING");
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 1) << "what boots counts as room";
}

TEST_F(Elastic, TheIntentIsOnRecordFirstAndARestartAsksAgainWithTheSameToken) {
    submit();
    pass(Seconds{1});
    ASSERT_EQ(world.last.changes.decisions.size(), 1U);
    EXPECT_TRUE(world.last.changes.decisions[0].is_open);
    EXPECT_FALSE(world.last.changes.decisions[0].document.why.empty());
    world.restart();
    const auto open = open_launches(world.state);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].token, "uuid-1");
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 1) << "it is under way";
}

TEST_F(Elastic, AnIdleInstanceGoesAfterItsTime) {
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");
    world.ran(job, 0);
    pass(Seconds{1});
    EXPECT_EQ(world.count<TerminateInstances>(), 0);
    pass(Seconds{300});
    ASSERT_EQ(world.count<TerminateInstances>(), 1);
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
    EXPECT_EQ(world.count<DisconnectHost>(), 1);
    EXPECT_FALSE(world.state.find_host("i-1"));
    news(InstanceGone{.id = "i-1", .reason = "x"});
    EXPECT_TRUE(world.state.scaling.instances.empty());
    EXPECT_EQ(row().document.compute_resources->desiredv_cpus, 0);
}

TEST_F(Elastic, JobsOfAnInstanceThatIsTakenAwayAreRetriedElsewhere) {
    const auto job = run_on("i-1");
    news(InstanceGone{.id = "i-1", .reason = "Server.SpotInstanceTermination"});
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.attempts.back().status_reason, "Host EC2 (instance i-1) terminated.");
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 2);
}

TEST_F(Elastic, AnInstanceThatWillLeaveTakesNoMoreJobs) {
    submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1", 4);
    news(InstanceLeaving{.id = "i-1", .at = world.now + Seconds{120}});
    const auto next = submit();
    EXPECT_EQ(world.status(next), "RUNNABLE");
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 2);
}

TEST_F(Elastic, ATypeWithoutCapacityIsNotAskedForAgainAtOnce) {
    submit();
    pass(Seconds{1});
    refused(OfferError::Capacity);
    pass(Seconds{1});
    ASSERT_EQ(world.count<LaunchInstances>(), 2);
    EXPECT_EQ(last<LaunchInstances>()->type, "c5.xlarge");
}

TEST_F(Elastic, AWrongConfigurationInvalidatesTheEnvironmentUntilItIsUpdated) {
    submit();
    pass(Seconds{1});
    refused(std::nullopt, true);
    EXPECT_EQ(row().status, "INVALID");
    EXPECT_EQ(row().status_reason, "CLIENT_ERROR - Code: text");
    model::JobQueueUpdate update;
    update.state = "DISABLED";
    EXPECT_TRUE(world.tell(UpdateQueue{.name = "cloud", .update = update}));
    update.state = "ENABLED";
    EXPECT_TRUE(world.tell(UpdateQueue{.name = "cloud", .update = update}));
    pass(Seconds{10});
    EXPECT_EQ(world.count<LaunchInstances>(), 1);
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = {}}));
    EXPECT_EQ(row().status, "VALID");
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 2);
}

TEST_F(Elastic, InstancesThatDoNotComeUpAreReplacedAndAfterThreeTheEnvironmentSaysSo) {
    submit();
    for (const char* id : {"i-1", "i-2", "i-3"}) {
        pass(Seconds{1});
        launched({id});
        EXPECT_EQ(row().status, "VALID");
        pass(Seconds{600});
        EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{id});
        news(InstanceGone{.id = id, .reason = "terminated"});
    }
    EXPECT_EQ(row().status, "INVALID");
    EXPECT_NE(row().status_reason.find("did not answer within 600 s"), std::string::npos);
}

TEST_F(Elastic, AnInfrastructureUpdateDrainsWhatWasLaunchedBefore) {
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");
    world.started(job);
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().instance_types = {"m5.large"};
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    EXPECT_EQ(row().status, "UPDATING");
    const auto next = submit();
    EXPECT_EQ(world.status(next), "RUNNABLE") << "the old instance takes no more";
    pass(Seconds{1});
    EXPECT_EQ(last<LaunchInstances>()->type, "m5.large");
    launched({"i-2"});
    up("i-2");
    EXPECT_EQ(world.status(next), "STARTING");
    world.ran(job, 0);
    pass(Seconds{1});
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
    EXPECT_EQ(row().status, "UPDATING");
    news(InstanceGone{.id = "i-1", .reason = "terminated"});
    EXPECT_EQ(row().status, "VALID");
}

TEST_F(Elastic, AJobThatOutlastsTheUpdateIsStoppedAtItsTimeAndRetried) {
    const auto job = run_on("i-1");
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().ec2_key_pair = "ops";
    update.update_policy =
        model::UpdatePolicy{.terminate_jobs_on_update = false, .job_execution_timeout_minutes = 5};
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    world.restart();
    pass(Seconds{299});
    EXPECT_EQ(world.count<StopContainer>(), 0);
    pass(Seconds{1});
    EXPECT_EQ(world.count<StopContainer>(), 1);
    world.ran(job, 143);
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.attempts.back().status_reason, "Host EC2 (instance i-1) terminated.");
}

TEST_F(Elastic, AnUpdateThatEndsJobsEndsTheirInstancesAtOnce) {
    const auto job = run_on("i-1");
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().image_id = "ami-1";
    update.update_policy.emplace().terminate_jobs_on_update = true;
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.attempts.back().status_reason, "Host EC2 (instance i-1) terminated.");
}

TEST_F(Elastic, LimitsAndStateAreChangedInPlace) {
    submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().maxv_cpus = 64;
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    EXPECT_EQ(row().status, "VALID");
    EXPECT_EQ(world.count<TerminateInstances>(), 0);
}

TEST_F(Elastic, AnInstanceFromBeforeTheUpdateThatComesLateIsEnded) {
    submit();
    pass(Seconds{1});
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().image_id = "ami-1";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    EXPECT_EQ(row().status, "UPDATING");
    launched({"i-1"});
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
    news(InstanceGone{.id = "i-1", .reason = "terminated"});
    EXPECT_EQ(row().status, "VALID");
}

TEST_F(Elastic, ASpotInstanceIsLaunchedWhereItIsCheapAndNotAboveTheBid) {
    model::ComputeEnvironmentUpdate update;
    auto& resources = update.compute_resources.emplace();
    resources.type = "SPOT";
    resources.allocation_strategy = "SPOT_PRICE_CAPACITY_OPTIMIZED";
    resources.subnets = {"subnet-1", "subnet-2"};
    resources.bid_percentage = 50;
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    news(OffersRefreshed{.types = {},
                         .spot_prices = {{{"c5.large", "subnet-1", model::MicroUsd{84'000}},
                                          {"c5.large", "subnet-2", model::MicroUsd{30'000}},
                                          {"c5.xlarge", "subnet-1", model::MicroUsd{84'000}},
                                          {"c5.xlarge", "subnet-2", model::MicroUsd{84'000}}}}});
    submit();
    pass(Seconds{1});
    ASSERT_TRUE(last<LaunchInstances>());
    EXPECT_EQ(last<LaunchInstances>()->type, "c5.large");
    EXPECT_EQ(last<LaunchInstances>()->zone, "subnet-2");
    EXPECT_EQ(world.last.changes.decisions.at(0).document.price_per_hour, 0.03);
}

TEST_F(Elastic, AFleetMayLaunchOtherTypesOfAsManyVcpus) {
    model::ComputeEnvironmentUpdate update;
    auto& resources = update.compute_resources.emplace();
    resources.type = "SPOT";
    resources.allocation_strategy = "SPOT_CAPACITY_OPTIMIZED";
    resources.instance_types = {"c5.large", "m5.large", "r5.large", "c5.xlarge", "g4dn.xlarge"};
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    news(OffersRefreshed{.types = {},
                         .spot_prices = {{{"m5.large", "subnet-1", model::MicroUsd{40'000}}}}});
    submit();
    pass(Seconds{1});
    const auto asked = *last<LaunchInstances>();
    EXPECT_EQ(asked.type, "m5.large") << "the cheapest that is known";
    EXPECT_EQ(asked.other_types, std::vector<std::string>{"r5.large"}) << "no less memory";
    world.restart();
    EXPECT_EQ(open_launches(world.state).at(0).other_types, asked.other_types);
    news(InstancesLaunched{.decision = asked.decision,
                           .instances = {},
                           .failure = InstancesLaunched::Failure{
                               .offer = OfferError::Capacity,
                               .pools = {{"m5.large", "subnet-1"}, {"r5.large", "subnet-1"}},
                               .message = "InsufficientInstanceCapacity: none"}});
    pass(Seconds{1});
    EXPECT_EQ(last<LaunchInstances>()->type, "c5.large") << "both pools are left alone for now";
}

TEST_F(Elastic, AJobLargerThanMaxvCpusDoesNotRunOnAnInstanceThatHappensToBeLargeEnough) {
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1", 32);
    world.ran(job, 0);
    const auto large = submit(17);
    pass(Seconds{1});
    EXPECT_EQ(world.status(large), "RUNNABLE");
}

TEST_F(Elastic, WhatAnInstanceHasDoneAndForHowLongItIdlesSurvivesARestart) {
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");
    world.ran(job, 0);
    pass(Seconds{200});
    world.restart();
    world.host_up("i-1", resources(2, 3000));
    EXPECT_TRUE(world.state.scaling.instances.at("i-1").row.has_run_job);
    pass(Seconds{99});
    EXPECT_EQ(world.count<TerminateInstances>(), 0);
    pass(Seconds{2});
    EXPECT_EQ(world.count<TerminateInstances>(), 1);
}

TEST_F(Elastic, DesiredvCpusThatAClientRaisedSurviveARestart) {
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().desiredv_cpus = 4;
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    world.restart();
    pass(Seconds{1});
    ASSERT_TRUE(last<LaunchInstances>());
    EXPECT_EQ(last<LaunchInstances>()->type, "c5.xlarge");
}

TEST_F(Elastic, NothingIsGivenUpWhileAwsCannotBeAsked) {
    world.state.policy.on_aws = true;
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    news(ProviderReachable{.trouble = "EC2 does not tell: no route"});
    EXPECT_EQ(row().status, "VALID");
    EXPECT_NE(row().status_reason.find("no route"), std::string::npos);
    pass(Seconds{3600});
    EXPECT_EQ(world.count<TerminateInstances>(), 0);
    news(ProviderReachable{.trouble = {}});
    EXPECT_EQ(row().status_reason, "ComputeEnvironment Healthy");
    pass(Seconds{599});
    EXPECT_EQ(world.count<TerminateInstances>(), 0) << "its time begins anew";
    pass(Seconds{2});
    EXPECT_EQ(world.count<TerminateInstances>(), 1);
    EXPECT_EQ(world.status(job), "RUNNABLE");
}

TEST_F(Elastic, ATypeThatAppearsLaterCanBeUsed) {
    model::InstanceType fresh{.name = "zz9.large", .vcpus = 2, .memory = MiB{4096}};
    fresh.price = model::MicroUsd{1000};
    news(OffersRefreshed{.types = {fresh}, .spot_prices = std::nullopt});
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().instance_types = {"zz9.large"};
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    submit();
    pass(Seconds{1});
    EXPECT_EQ(last<LaunchInstances>()->type, "zz9.large");
}

TEST_F(Elastic, TheMemoryThatAnInstanceReportsIsThatOfItsType) {
    world.state.policy.on_aws = true;
    submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");  // reports 3000 MiB
    EXPECT_EQ(world.state.scaling.catalogue.find("c5.large")->measured_memory, MiB{3000});
}

TEST_F(Elastic, AnInstanceWhoseEngineDiesIsReplacedAndItsJobsRetried) {
    const auto job = run_on("i-1");
    news(HostDown{.host = "i-1", .reason = "connection refused"});
    const auto next = submit();
    pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), 2) << "a host that is down is no room";
    pass(Seconds{600});
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.status(next), "RUNNABLE");
}

TEST_F(Elastic, AnInstanceThatBootedWhileTheDaemonWasAwayHasItsTimeAnew) {
    submit();
    pass(Seconds{1});
    launched({"i-1"});
    world.now += Seconds{3600};
    world.restart();
    pass(Seconds{1});
    EXPECT_EQ(world.count<TerminateInstances>(), 0);
    up("i-1");
    EXPECT_EQ(row().status, "VALID");
}

TEST_F(Elastic, InstancesThatAreTakenBackWhileTheyBootAreNoFaultOfTheEnvironment) {
    submit();
    for (const char* id : {"i-1", "i-2", "i-3", "i-4"}) {
        pass(Seconds{1});
        if (world.count<LaunchInstances>() == 0) break;
        launched({id});
        news(InstanceGone{.id = id, .reason = "Server.SpotInstanceTermination"});
    }
    EXPECT_EQ(row().status, "VALID");
}

TEST_F(Elastic, AnInvalidEnvironmentLaunchesNotEvenItsMinimum) {
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().minv_cpus = 2;
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    pass(Seconds{1});
    refused(std::nullopt, true);
    EXPECT_EQ(row().status, "INVALID");
    const auto launches = world.count<LaunchInstances>();
    for (int i = 0; i < 5; ++i) pass(Seconds{1});
    EXPECT_EQ(world.count<LaunchInstances>(), launches);
}

TEST_F(Elastic, AnAnswerFromBeforeTheRepairDoesNotInvalidateAgain) {
    submit();
    pass(Seconds{1});
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().subnets = {"subnet-2"};
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    refused(std::nullopt, true);
    EXPECT_EQ(row().status, "VALID");
}

TEST_F(Elastic, ALaunchOfADeletedEnvironmentIsAskedForAgainWithItsTokenAndEnded) {
    const auto job = submit();
    pass(Seconds{1});
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "no more"}));
    model::JobQueueUpdate queue;
    queue.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "cloud", .update = queue}));
    ASSERT_TRUE(world.tell(DeleteQueue{.name = "cloud"}));
    model::ComputeEnvironmentUpdate update;
    update.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = update}));
    ASSERT_TRUE(world.tell(DeleteEnvironment{.name = "cloud"}));
    world.restart();
    const auto open = open_launches(world.state);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].token, "uuid-1");
    launched({"i-1"});
    EXPECT_EQ(last<TerminateInstances>()->ids, std::vector<std::string>{"i-1"});
}

TEST_F(Elastic, TypesThatNobodyKnowsAreRefused) {
    model::ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().instance_types = {"c5.large", "zz.huge"};
    const auto reply = world.tell(UpdateEnvironment{.name = "cloud", .update = update});
    ASSERT_FALSE(reply);
    EXPECT_NE(reply.error().message.find("zz.huge"), std::string::npos);
}

TEST_F(Elastic, AnEnvironmentThatIsDeletedLeavesNothing) {
    const auto job = submit();
    pass(Seconds{1});
    launched({"i-1"});
    up("i-1");
    world.ran(job, 0);
    model::JobQueueUpdate off;
    off.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "cloud", .update = off}));
    ASSERT_TRUE(world.tell(DeleteQueue{.name = "cloud"}));
    model::ComputeEnvironmentUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateEnvironment{.name = "cloud", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteEnvironment{.name = "cloud"}));
    EXPECT_EQ(world.count<TerminateInstances>(), 1);
    news(InstanceGone{.id = "i-1", .reason = "x"});
    EXPECT_TRUE(world.state.scaling.instances.empty());
}

TEST_F(Elastic, NewsThatComeLateOrTwiceChangeNothing) {
    submit();
    pass(Seconds{1});
    launched({"i-1"});
    launched({"i-2"});
    EXPECT_EQ(world.state.scaling.instances.size(), 1U);
    up("i-1");
    up("i-1");
    EXPECT_EQ(world.count<ConnectHost>(), 1);
    news(InstanceGone{.id = "i-9", .reason = "x"});
    news(InstanceReady{.id = "i-9", .host = {}});
    news(InstanceLeaving{.id = "i-9", .at = {}});
    EXPECT_EQ(world.state.scaling.instances.size(), 1U);
}

}  // namespace
}  // namespace batchd::core::test
