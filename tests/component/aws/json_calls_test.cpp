// Calls by the JSON protocol, and STS.
#include "batchd/aws/ecr.hpp"
#include "batchd/aws/ecs.hpp"
#include "batchd/aws/logs.hpp"
#include "batchd/aws/pricing.hpp"
#include "batchd/aws/sts.hpp"
#include "batchd/base/json.hpp"
#include "component/aws/calls_fixture.hpp"

namespace batchd::aws {
namespace {

using testing::FakeAws;

class Ecs : public Calls {
  protected:
    json::Json body() const { return *json::parse(requests().back().body); }
};

TEST_F(Ecs, RunTask) {
    answer({FakeAws::json(R"({"tasks":[{"taskArn":"arn:t","lastStatus":"PROVISIONING",
        "createdAt":1767323045.25,"containers":[{"name":"default","lastStatus":"PENDING"}]}],
        "failures":[]})")});
    RunTask request{.cluster = "c",
                    .task_definition = "d:1",
                    .subnets = {"subnet-1"},
                    .security_groups = {"sg-1"},
                    .client_token = "token",
                    .started_by = "batchd/x",
                    .overrides = R"({"cpu":"256"})",
                    .tags = {{"k", "v"}}};
    const auto task = run_task(client(), request);
    ASSERT_TRUE(task) << task.error().text();
    EXPECT_EQ(task->arn, "arn:t");
    EXPECT_EQ(to_iso8601(*task->created), "2026-01-02T03:04:05.250Z");
    EXPECT_FALSE(task->containers.at(0).exit_code);
    EXPECT_EQ(body()["launchType"], "FARGATE");
    EXPECT_EQ(body()["overrides"]["cpu"], "256");
    EXPECT_EQ(body()["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"], "DISABLED");
    request.is_spot = true;
    ASSERT_TRUE(run_task(client(), request));
    EXPECT_FALSE(body().contains("launchType"));
    EXPECT_EQ(body()["capacityProviderStrategy"].dump(),
              R"([{"capacityProvider":"FARGATE_SPOT","weight":1}])");
}

TEST_F(Ecs, ATaskThatWasNotStartedIsAnError) {
    const auto outcome_of = [this](const std::string& text) {
        client_.reset();
        answer({FakeAws::json(text)});
        settings_.max_attempts = 1;
        const auto task = run_task(client(), {.cluster = "c", .task_definition = "d"});
        EXPECT_FALSE(task);
        return std::string(to_string(task.error().error_class)) + " " + task.error().text();
    };
    EXPECT_EQ(outcome_of(R"({"tasks":[],"failures":[{"arn":"a","reason":"RESOURCE:ENI"}]})"),
              "capacity RESOURCE:ENI");
    EXPECT_EQ(outcome_of(R"({"tasks":[],"failures":[{"reason":"Capacity is unavailable at this )"
                         R"(time. Please try again later or in a different availability zone"}]})"),
              "capacity Capacity is unavailable at this time. Please try again later or in a "
              "different availability zone");
    EXPECT_EQ(outcome_of(R"({"failures":[{"reason":"ATTRIBUTE","detail":"none has it"}]})"),
              "other ATTRIBUTE: none has it");
    EXPECT_EQ(outcome_of("{}"),
              "unreachable MalformedAnswer: RunTask answered without a task or a failure");
}

TEST_F(Ecs, TasksAreDescribedByTheHundred) {
    std::vector<std::string> arns;
    for (int i = 0; i < 201; ++i) arns.push_back("t" + std::to_string(i));
    serve([](const FakeAws::Request& request, int) {
        const auto body = *json::parse(request.body);
        return FakeAws::json(R"({"tasks":[{"taskArn":)" + body["tasks"][0].dump() +
                             R"(,"lastStatus":"STOPPED","stopCode":"SpotInterruption",
"containers":[{"name":"default","exitCode":137,"reason":"OutOfMemoryError"}],
"attachments":[{"details":[{"name":"subnetId","value":"s"},{"name":"privateIPv4Address",
"value":"10.0.0.7"}]}],"tags":[{"key":"k","value":"v"}],"stoppedAt":1767323045}],
"failures":[{"arn":"gone","reason":"MISSING"}]})");
    });
    const auto tasks = describe_tasks(client(), "c", arns);
    ASSERT_TRUE(tasks) << tasks.error().text();
    ASSERT_EQ(tasks->found.size(), 3U);
    EXPECT_EQ(tasks->found[2].arn, "t200");
    EXPECT_EQ(tasks->found[0].stop_code, "SpotInterruption");
    EXPECT_EQ(tasks->found[0].containers.at(0).exit_code, 137);
    EXPECT_EQ(tasks->found[0].private_ip, "10.0.0.7");
    EXPECT_EQ(tasks->found[0].tags.at("k"), "v");
    EXPECT_TRUE(tasks->found[0].stopped);
    EXPECT_FALSE(tasks->found[0].started);
    EXPECT_EQ(tasks->failures.at(0).reason, "MISSING");
    EXPECT_TRUE(describe_tasks(client(), "c", {})->found.empty());
}

TEST_F(Ecs, TasksAreListedInPages) {
    answer({FakeAws::json(R"({"taskArns":["a"],"nextToken":"n"})"),
            FakeAws::json(R"({"taskArns":[],"nextToken":"m"})"),
            FakeAws::json(R"({"taskArns":["b","c"]})")});
    EXPECT_EQ(list_tasks(client(), "c", "batchd", "STOPPED"),
              (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(body()["nextToken"], "m");
    EXPECT_EQ(body()["desiredStatus"], "STOPPED");
}

TEST_F(Ecs, ClustersDefinitionsAndStops) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "CreateCluster") {
            return FakeAws::json(R"({"cluster":{"clusterArn":"arn:c"}})");
        }
        if (request.operation == "RegisterTaskDefinition") {
            return FakeAws::json(R"({"taskDefinition":{"taskDefinitionArn":"arn:d:1"}})");
        }
        if (request.operation == "StopTask") {
            return FakeAws::json_error("InvalidParameterException",
                                       "The referenced task was not found.");
        }
        return FakeAws::json("{}");
    });
    EXPECT_EQ(create_cluster(client(), "c", {{"k", "v"}}), "arn:c");
    EXPECT_EQ(body()["capacityProviders"].dump(), R"(["FARGATE","FARGATE_SPOT"])");
    EXPECT_EQ(register_task_definition(client(),
                                       *json::parse(R"({"family":"f","containerDefinitions":[]})")),
              "arn:d:1");
    EXPECT_TRUE(deregister_task_definition(client(), "arn:d:1"));
    EXPECT_TRUE(stop_task(client(), "c", "arn:t", "why")) << "it is gone";
}

class OtherCalls : public Calls {};

TEST_F(OtherCalls, Logs) {
    answer({FakeAws::json(R"({"events":[{"timestamp":1767323045250,"message":"a","ingestionTime":1},
        {"timestamp":1767323045251,"message":"b"}],"nextForwardToken":"f/1"})")});
    const auto page =
        get_log_events(client(), {.group = "/aws/batch/job", .stream = "s", .next_token = "f/0"});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->next_token, "f/1");
    ASSERT_EQ(page->events.size(), 2U);
    EXPECT_EQ(to_epoch_ms(page->events[0].time), 1767323045250);
    EXPECT_EQ(requests().back().scope.service, "logs");
    ASSERT_TRUE(get_log_events(client(), {.group = "g", .stream = "s"}));
    EXPECT_FALSE(requests().back().body.contains("nextToken"));
}

TEST_F(OtherCalls, EcrsToken) {
    answer({FakeAws::json(R"({"authorizationData":[{"authorizationToken":"QVdTOnB3OjE=",
        "expiresAt":1767323045.5,"proxyEndpoint":"https://1.dkr.ecr.eu-west-1.amazonaws.com"}]})"),
            FakeAws::json(R"({"authorizationData":[]})"),
            FakeAws::json(R"({"authorizationData":[{"authorizationToken":"hush!"}]})")});
    const auto login = get_authorization_token(client());
    ASSERT_TRUE(login);
    EXPECT_EQ(login->username, "AWS");
    EXPECT_EQ(login->password, "pw:1");
    EXPECT_EQ(login->registry, "https://1.dkr.ecr.eu-west-1.amazonaws.com");
    EXPECT_TRUE(login->expires);
    for (int i = 0; i < 2; ++i) {
        const auto broken = get_authorization_token(client(), "us-west-2");
        ASSERT_FALSE(broken);
        EXPECT_EQ(broken.error().text(),
                  "MalformedAnswer: GetAuthorizationToken answered without a token");
    }
    EXPECT_EQ(requests().back().scope.region, "us-west-2");
}

TEST_F(OtherCalls, PricesAreJsonInStrings) {
    const std::string product =
        R"({\"product\":{\"attributes\":{\"instanceType\":\"m6i.large\"}},\"terms\":{\"OnDemand\":)"
        R"({\"x\":{\"priceDimensions\":{\"y\":{\"unit\":\"Hrs\",\"pricePerUnit\":{\"USD\":)"
        R"(\"0.1070000000\"}}}}}}})";
    answer(
        {FakeAws::json(R"({"PriceList":[")" + product + R"(","not JSON","{}"],"NextToken":"n"})"),
         FakeAws::json(R"({"PriceList":[")" + product + R"("]})")});
    const auto prices = get_on_demand_prices(client(), "eu-west-1", "m6i.large");
    ASSERT_TRUE(prices);
    ASSERT_EQ(prices->size(), 2U);
    EXPECT_EQ(prices->at(0).instance_type, "m6i.large");
    EXPECT_DOUBLE_EQ(prices->at(0).dollars_per_hour, 0.107);
    EXPECT_EQ(requests().back().scope.region, "us-east-1") << "the price list is there alone";
}

TEST_F(OtherCalls, Sts) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "GetCallerIdentity") {
            return FakeAws::xml(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:u"
                "</Arn><UserId>U</UserId><Account>123456789012</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>");
        }
        return FakeAws::xml(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A"
            "</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T"
            "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>");
    });
    const auto identity = get_caller_identity(client());
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->account, "123456789012");
    EXPECT_EQ(identity->arn, "arn:u");
    const auto role = assume_role(client(), {.role_arn = "arn:aws:iam::123456789012:role/r",
                                             .session_name = "n1",
                                             .external_id = "x1",
                                             .duration = Seconds{900}});
    ASSERT_TRUE(role);
    EXPECT_EQ(role->keys.session_token, "T");
    EXPECT_EQ(sent("DurationSeconds"), "900");
    EXPECT_EQ(sent("Version"), "2011-06-15");
}

}  // namespace
}  // namespace batchd::aws
