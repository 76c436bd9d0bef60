// Our calls against moto, which knows AWS's services but not us.
#include "batchd/aws/ec2.hpp"
#include "batchd/aws/ecr.hpp"
#include "batchd/aws/ecs.hpp"
#include "batchd/aws/logs.hpp"
#include "batchd/aws/secrets_manager.hpp"
#include "batchd/aws/ssm.hpp"
#include "batchd/aws/sts.hpp"
#include "batchd/base/json.hpp"
#include "support/aws_world.hpp"
#include "support/moto_server.hpp"

#include <gtest/gtest.h>

#include <pugixml.hpp>

namespace batchd::aws {
namespace {

class Moto : public ::testing::Test {
  protected:
    Moto() {
        world_.set_keys("AKIDMOTO", "moto-secret");
        settings_ = {.region = "us-east-1", .endpoint_url = testing::MotoServer::shared().url()};
        client_.emplace(settings_, world_.outside(transport_));
    }
    void SetUp() override {
        const auto reset =
            transport_.send({.method = "POST", .url = settings_.endpoint_url + "/moto-api/reset"});
        ASSERT_TRUE(reset);
    }
    Client& client() { return *client_; }

    /// Calls that batchd itself does not make.
    json::Json ask(const Service& service, const std::string& operation, const json::Json& body) {
        const auto answer = client().call_json(
            {.service = service, .operation = operation, .has_answer = false}, body);
        EXPECT_TRUE(answer) << answer.error().text();
        return answer ? *answer : json::Json();
    }
    Subnet subnet() {
        const auto subnets = describe_subnets(client(), {});
        EXPECT_TRUE(subnets && !subnets->empty());
        return subnets->front();
    }
    std::string security_group() {
        const auto answer =
            client().call_query({.service = kEc2, .operation = "DescribeSecurityGroups"}, {});
        EXPECT_TRUE(answer) << answer.error().text();
        return (*answer)
            ->document_element()
            .child("securityGroupInfo")
            .first_child()
            .child_value("groupId");
    }
    std::string image() {
        return get_parameter(
                   client(),
                   "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
            .value_or("none");
    }

    testing::AwsWorld world_;
    CurlTransport transport_;
    Settings settings_;
    std::optional<Client> client_;
};

TEST_F(Moto, AnInstancesLife) {
    const auto launched = run_instances(
        client(), {.client_token = "launch-1",
                   .instance = {.image_id = image(),
                                .instance_type = "m6i.large",
                                .user_data = "#!/bin/sh\n",
                                .block_devices = {{.device_name = "/dev/xvda", .size_gib = 30}},
                                .tags = {{"batchd", "a & b"}}},
                   .subnet_id = subnet().id,
                   .min_count = 3,
                   .max_count = 3});
    ASSERT_TRUE(launched) << launched.error().text();
    ASSERT_EQ(launched->size(), 3U);
    EXPECT_EQ(launched->at(0).state, InstanceState::Pending);

    const auto running =
        describe_instances(client(), {.filters = {{.name = "tag:batchd", .values = {"a & b"}}}});
    ASSERT_TRUE(running);
    ASSERT_EQ(running->size(), 3U);
    EXPECT_EQ(running->at(0).state, InstanceState::Running);
    EXPECT_EQ(running->at(0).client_token, "launch-1");
    EXPECT_FALSE(running->at(0).private_ip.empty());
    EXPECT_EQ(running->at(0).availability_zone, subnet().availability_zone);
    EXPECT_TRUE(running->at(0).launched);

    const std::string unknown = "i-0123456789abcdef0";
    ASSERT_TRUE(terminate_instances(client(), {launched->at(0).id, unknown}));
    const auto ended = describe_instances(client(), {.ids = {unknown, launched->at(0).id}});
    ASSERT_TRUE(ended) << ended.error().text();
    ASSERT_EQ(ended->size(), 1U);
    EXPECT_EQ(ended->at(0).state, InstanceState::Terminated);
}

TEST_F(Moto, AnUnknownSubnetIsConfiguration) {
    const auto refused =
        run_instances(client(), {.instance = {.image_id = image(), .instance_type = "m6i.large"},
                                 .subnet_id = "subnet-00000000"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "InvalidSubnetID.NotFound");
    EXPECT_EQ(refused.error().error_class, ErrorClass::Configuration);
}

TEST_F(Moto, AFilterThatItDoesNotKnowAnswersHtml) {
    ASSERT_TRUE(run_instances(client(), {.instance = {.image_id = image()}}));
    const auto broken =
        describe_instances(client(), {.filters = {{.name = "client-token", .values = {"x"}}}});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, "Http500");
    EXPECT_EQ(broken.error().error_class, ErrorClass::Unreachable);
    EXPECT_EQ(world_.sleeps.size(), 3U);
}

TEST_F(Moto, AFleetFromALaunchTemplate) {
    const auto id = create_launch_template(
        client(), "batchd-template",
        {.image_id = image(), .user_data = "#!/bin/sh\n", .tags = {{"from", "template"}}});
    ASSERT_TRUE(id) << id.error().text();
    const auto version =
        describe_launch_template_version(client(), {.name = "batchd-template", .version = "1"});
    ASSERT_TRUE(version) << version.error().text();
    EXPECT_EQ(version->image_id, image());
    EXPECT_EQ(version->user_data, "#!/bin/sh\n");
    const auto fleet = create_fleet(
        client(), {.client_token = "f",
                   .launch_template = {.id = *id, .version = "$Latest"},
                   .overrides = {{.instance_type = "m6i.large", .subnet_id = subnet().id},
                                 {.instance_type = "c6i.large", .subnet_id = subnet().id}},
                   .target_capacity = 2,
                   .is_spot = true,
                   .allocation_strategy = "price-capacity-optimized",
                   .tags = {{"batchd", "fleet"}}});
    ASSERT_TRUE(fleet) << fleet.error().text();
    std::vector<std::string> ids;
    for (const auto& launch : fleet->launches) {
        ids.insert(ids.end(), launch.instance_ids.begin(), launch.instance_ids.end());
    }
    EXPECT_EQ(ids.size(), 2U);
    const auto instances = describe_instances(client(), {.ids = ids});
    ASSERT_TRUE(instances);
    EXPECT_EQ(instances->at(0).tags.at("batchd"), "fleet");
    EXPECT_TRUE(delete_launch_template(client(), "batchd-template"));
}

TEST_F(Moto, TheCatalogue) {
    const auto all = describe_instance_types(client(), {});
    ASSERT_TRUE(all) << all.error().text();
    EXPECT_GT(all->size(), 500U);
    const auto some = describe_instance_types(client(), {"m6i.large", "g5.xlarge"});
    ASSERT_TRUE(some);
    ASSERT_EQ(some->size(), 2U);
    const auto& gpu = some->at(some->at(0).name == "g5.xlarge" ? 0 : 1);
    EXPECT_EQ(gpu.vcpus, 4);
    EXPECT_EQ(gpu.gpus, 1);
    EXPECT_EQ(gpu.architectures, std::vector<std::string>{"x86_64"});
    const auto unknown = describe_instance_types(client(), {"zz.large"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().error_class, ErrorClass::Configuration);
    const auto offerings = describe_instance_type_offerings(client(), {"m6i.large"});
    ASSERT_TRUE(offerings);
    EXPECT_GE(offerings->size(), 2U);
    const auto prices = describe_spot_prices(client(), {"m6i.large"});
    ASSERT_TRUE(prices);
    EXPECT_GT(prices->at(0).dollars_per_hour, 0);
    const auto images = describe_images(client(), {image()});
    EXPECT_TRUE(images) << images.error().text();
}

TEST_F(Moto, AFargateTask) {
    const auto cluster = create_cluster(client(), "batchd", {{"k", "v"}});
    ASSERT_TRUE(cluster) << cluster.error().text();
    EXPECT_TRUE(create_cluster(client(), "batchd"));
    const auto definition = register_task_definition(
        client(), *json::parse(R"({"family":"f","requiresCompatibilities":["FARGATE"],
            "networkMode":"awsvpc","cpu":"256","memory":"512","containerDefinitions":
            [{"name":"default","image":"busybox","memory":512,"essential":true}]})"));
    ASSERT_TRUE(definition) << definition.error().text();
    const auto task = run_task(client(), {.cluster = "batchd",
                                          .task_definition = *definition,
                                          .subnets = {subnet().id},
                                          .security_groups = {security_group()},
                                          .started_by = "batchd/job",
                                          .tags = {{"job", "1"}}});
    ASSERT_TRUE(task) << task.error().text();
    EXPECT_EQ(list_tasks(client(), "batchd", "batchd/job"), std::vector<std::string>{task->arn});
    ASSERT_TRUE(stop_task(client(), "batchd", task->arn, "enough"));
    const auto tasks = describe_tasks(client(), "batchd", {task->arn});
    ASSERT_TRUE(tasks);
    ASSERT_EQ(tasks->found.size(), 1U);
    EXPECT_EQ(tasks->found[0].last_status, "STOPPED");
    EXPECT_EQ(tasks->found[0].stopped_reason, "enough");
    EXPECT_TRUE(deregister_task_definition(client(), *definition));
    const auto nowhere = run_task(client(), {.cluster = "nowhere", .task_definition = "f"});
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().error_class, ErrorClass::Configuration) << nowhere.error().text();
}

TEST_F(Moto, IdentityParametersSecretsLogsAndRegistries) {
    const auto identity = get_caller_identity(client());
    ASSERT_TRUE(identity) << identity.error().text();
    EXPECT_EQ(identity->account, "123456789012");
    const auto role = assume_role(client(), {.role_arn = "arn:aws:iam::123456789012:role/r"});
    ASSERT_TRUE(role) << role.error().text();
    EXPECT_FALSE(role->keys.session_token.empty());

    const auto missing = get_parameter(client(), "/nowhere");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, "ParameterNotFound");
    EXPECT_TRUE(image().starts_with("ami-")) << image();

    ask(kSecretsManager, "CreateSecret", {{"Name", "s"}, {"SecretString", "value"}});
    EXPECT_EQ(get_secret_value(client(), {.secret_id = "s"}), "value");
    EXPECT_EQ(get_secret_value(client(), {.secret_id = "t"}).error().code,
              "ResourceNotFoundException");

    ask(kLogs, "CreateLogGroup", {{"logGroupName", "g"}});
    ask(kLogs, "CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
    json::Json event{{"timestamp", to_epoch_ms(world_.clock.now())}, {"message", "line \u00e9"}};
    ask(kLogs, "PutLogEvents",
        {{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", json::Json::array({event})}});
    const auto page = get_log_events(client(), {.group = "g", .stream = "s"});
    ASSERT_TRUE(page) << page.error().text();
    ASSERT_EQ(page->events.size(), 1U);
    EXPECT_EQ(page->events[0].message, "line \u00e9");
    const auto next =
        get_log_events(client(), {.group = "g", .stream = "s", .next_token = page->next_token});
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->events.empty());

    const auto login = get_authorization_token(client());
    ASSERT_TRUE(login) << login.error().text();
    EXPECT_EQ(login->username, "AWS");
}

TEST_F(Moto, TheInstancesRoleThroughItsMetadata) {
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    world_.variables.erase("AWS_SECRET_ACCESS_KEY");
    world_.variables.erase("AWS_EC2_METADATA_DISABLED");
    world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = settings_.endpoint_url;
    EXPECT_TRUE(client().ready());
    EXPECT_TRUE(get_caller_identity(client()));
}

}  // namespace
}  // namespace batchd::aws
