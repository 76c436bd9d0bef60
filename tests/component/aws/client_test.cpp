// The client against a stand-in for AWS that fails in every way.
#include "batchd/aws/client.hpp"

#include "batchd/aws/secret_reader.hpp"
#include "batchd/aws/sts.hpp"
#include "batchd/base/json.hpp"
#include "support/aws_world.hpp"
#include "support/fake_aws.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <pugixml.hpp>
#include <thread>

namespace batchd::aws {
namespace {

using testing::FakeAws;

class AwsClient : public ::testing::Test {
  protected:
    AwsClient() {
        world_.set_keys("AKIDTEST", "test-secret");
        settings_.region = "eu-west-1";
        settings_.timeout = Milliseconds{5'000};
    }
    /// Answers the n-th request, counted from 0, by `script`.
    void serve(std::function<FakeAws::Answer(const FakeAws::Request&, int)> script) {
        fake_.emplace(
            [this, script](const FakeAws::Request& request) { return script(request, served_++); });
        settings_.endpoint_url = fake_->url();
    }
    Client& client() {
        if (!client_) client_.emplace(settings_, world_.outside(transport_));
        return *client_;
    }
    /// The outcome of a call by JSON: its member "a", or "class code: message".
    std::string ask() {
        const auto answer =
            client().call_json({.service = kSsm, .operation = "GetParameter"}, {{"Name", "n"}});
        if (answer) return answer->at("a").get<std::string>();
        return std::string(to_string(answer.error().error_class)) + " " + answer.error().text();
    }
    static FakeAws::Answer good() { return FakeAws::json(R"({"a":"b"})"); }

    testing::AwsWorld world_;
    CurlTransport transport_;
    Settings settings_;
    std::atomic<int> served_ = 0;
    std::optional<FakeAws> fake_;
    std::optional<Client> client_;
};

TEST_F(AwsClient, SendsWhatAwsExpects) {
    serve([](const auto&, int) { return good(); });
    EXPECT_EQ(ask(), "b");
    const auto request = fake_->requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/");
    EXPECT_EQ(request.header("x-amz-target"), "AmazonSSM.GetParameter");
    EXPECT_EQ(request.header("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(request.header("expect"), "");
    EXPECT_EQ(request.body, R"({"Name":"n"})");
    EXPECT_EQ(request.access_key_id, "AKIDTEST");
    EXPECT_EQ(request.scope.region, "eu-west-1");
    EXPECT_EQ(request.scope.service, "ssm");
}

TEST_F(AwsClient, AnEndpointsPathIsKeptAndSigned) {
    serve([](const auto&, int) { return good(); });
    settings_.endpoint_url += "/some/prefix";
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(fake_->requests().at(0).path, "/some/prefix/");
}

TEST_F(AwsClient, ARetrySendsTheSameBody) {
    serve([](const auto&, int n) {
        return n < 3 ? FakeAws::ec2_error("RequestLimitExceeded", "slow down", 503)
                     : FakeAws::xml("<RunInstancesResponse/>");
    });
    const auto answer = client().call_query({.service = kEc2, .operation = "RunInstances"},
                                            {{"ClientToken", "token &+/"}, {"MinCount", "1"}});
    ASSERT_TRUE(answer) << answer.error().text();
    const auto requests = fake_->requests();
    ASSERT_EQ(requests.size(), 4U);
    for (const auto& request : requests) {
        EXPECT_EQ(request.body, requests[0].body);
        EXPECT_EQ(request.form("ClientToken"), "token &+/");
        EXPECT_EQ(request.form("Version"), "2016-11-15");
    }
    EXPECT_EQ(world_.sleeps, (std::vector<Milliseconds>{Milliseconds{500}, Milliseconds{1'000},
                                                        Milliseconds{2'000}}));
    EXPECT_EQ(fake_->connections(), 1);
}

TEST_F(AwsClient, GivesUpAfterItsAttempts) {
    serve([](const auto&, int) { return FakeAws::json_error("ThrottlingException", "Rate", 400); });
    settings_.max_attempts = 3;
    EXPECT_EQ(ask(), "throttling ThrottlingException: Rate");
    EXPECT_EQ(served_, 3);
}

TEST_F(AwsClient, WhatCannotHelpIsNotRepeated) {
    for (const char* code : {"InsufficientInstanceCapacity", "VcpuLimitExceeded",
                             "InvalidSubnetID.NotFound", "ParameterNotFound"}) {
        client_.reset();
        served_ = 0;
        serve([code](const auto&, int) { return FakeAws::json_error(code, "m", 400); });
        EXPECT_TRUE(ask().ends_with(code + std::string(": m")));
        EXPECT_EQ(served_, 1) << code;
    }
}

TEST_F(AwsClient, SurvivesWhatIsNoAnswer) {
    const std::vector<FakeAws::Answer> broken{
        FakeAws::html(500),
        FakeAws::html(502),
        FakeAws::html(200),
        {.status = 200, .body = ""},
        {.status = 200, .body = R"({"a":"b"})", .cut = true},
        {.status = 200, .body = "{\"a\":"},
        {.lost = true},
        {.status = 503, .body = ""},
    };
    for (std::size_t i = 0; i < broken.size(); ++i) {
        client_.reset();
        served_ = 0;
        serve([&](const auto&, int n) { return n == 0 ? broken[i] : good(); });
        EXPECT_EQ(ask(), "b") << i;
        EXPECT_EQ(served_, 2) << i;
    }
    client_.reset();
    serve([](const auto&, int) { return FakeAws::html(500); });
    EXPECT_EQ(ask(),
              "unreachable Http500: an answer with status 500 and 69 bytes that is not JSON");
}

TEST_F(AwsClient, AnEmptyAnswerIsOneIfItIsExpected) {
    serve([](const auto&, int) { return FakeAws::json(""); });
    const auto answer = client().call_json(
        {.service = kLogs, .operation = "CreateLogGroup", .has_answer = false}, {{"a", "b"}});
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_TRUE(answer->empty());
    EXPECT_EQ(served_, 1);
}

TEST_F(AwsClient, NobodyThereIsUnreachable) {
    settings_.endpoint_url = "http://127.0.0.1:1";
    EXPECT_EQ(ask(), "unreachable Unreachable: ssm: Couldn't connect to server");
    EXPECT_EQ(world_.sleeps.size(), 3U);
    client_.reset();
    settings_.endpoint_url = "http://127.0.0.1:99999/";
    EXPECT_TRUE(ask().starts_with("unreachable ")) << ask();
    client_.reset();
    settings_.endpoint_url = "ftp://x";
    EXPECT_TRUE(ask().starts_with("configuration InvalidEndpoint: 'ftp://x' is no endpoint"));
}

TEST_F(AwsClient, ASlowAnswerTimesOut) {
    settings_.timeout = Milliseconds{100};
    serve([](const auto&, int n) { return n == 0 ? FakeAws::Answer{.is_slow = true} : good(); });
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(served_, 2);
}

TEST_F(AwsClient, AHugeAnswerIsCutOff) {
    serve([](const auto&, int) {
        return FakeAws::json("{\"a\":\"" + std::string(200'000, 'x') + "\"}");
    });
    CurlTransport small({.ca_bundle{}, .max_body_bytes = 100'000});
    settings_.max_attempts = 1;
    Client client(settings_, world_.outside(small));
    const auto answer = client.call_json({.service = kSsm, .operation = "GetParameter"}, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().text(), "Unreachable: ssm: the answer is larger than 100000 bytes");
    EXPECT_EQ(ask().size(), 200'000U);
}

TEST_F(AwsClient, RedirectsAreNotFollowed) {
    serve([](const auto&, int) {
        return FakeAws::Answer{.status = 302, .headers = {{"Location", "http://127.0.0.1:1/"}}};
    });
    EXPECT_TRUE(ask().starts_with("unreachable Http302"));
    EXPECT_EQ(served_, 1);
}

TEST_F(AwsClient, AWrongClockIsCorrectedOnce) {
    serve([](const auto&, int) { return good(); });
    world_.clock.shift(std::chrono::minutes{-40});
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(served_, 1) << "the refused one is not counted";
    EXPECT_TRUE(world_.sleeps.empty());
    EXPECT_EQ(ask(), "b");
    fake_->set_clock(std::chrono::minutes{60});
    EXPECT_EQ(ask(), "b") << "corrected again by another call";
}

TEST_F(AwsClient, ARefusedSecretIsSaidAndNotShown) {
    world_.set_keys("AKIDTEST", "wrong-secret");
    serve([](const auto&, int) { return good(); });
    const std::string outcome = ask();
    EXPECT_TRUE(outcome.starts_with("credentials InvalidSignatureException: The request signature"))
        << outcome;
    EXPECT_EQ(served_, 0);
}

TEST_F(AwsClient, KeysStandInNoError) {
    world_.set_keys("AKIDTEMP", "temp-secret");
    world_.variables["AWS_SESSION_TOKEN"] = "hush-token";
    serve([](const auto&, int) {
        return FakeAws::json_error("InvalidSignatureException",
                                   "Wrong: temp-secret hush-token.\\n\\nThe Canonical String for "
                                   "this request should have been\\n'POST\\nmore'",
                                   403);
    });
    fake_->add_key({.access_key_id = "AKIDTEMP",
                    .secret_access_key = "temp-secret",
                    .session_token = "hush-token"});
    EXPECT_EQ(ask(), "credentials InvalidSignatureException: Wrong: *** ***.");
}

TEST_F(AwsClient, RefusedKeysAreLookedUpAgain) {
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    world_.variables.erase("AWS_SECRET_ACCESS_KEY");
    world_.write("credentials",
                 "[default]\naws_access_key_id=AKIDTEST\n"
                 "aws_secret_access_key=test-secret\n");
    serve([](const auto&, int n) {
        return n == 1 ? FakeAws::json_error("ExpiredTokenException", "old", 400) : good();
    });
    EXPECT_EQ(ask(), "b");
    fake_->add_key({.access_key_id = "AKIDNEW", .secret_access_key = "new", .session_token{}});
    world_.write("credentials",
                 "[default]\naws_access_key_id=AKIDNEW\naws_secret_access_key=new\n");
    world_.clock.shift(Seconds{20});
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(fake_->requests().back().access_key_id, "AKIDNEW");
    EXPECT_EQ(served_, 3);
}

TEST_F(AwsClient, ARoleIsTakenOnThroughSts) {
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    world_.write("config",
                 "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n"
                 "[profile base]\naws_access_key_id=AKIDTEST\n"
                 "aws_secret_access_key=test-secret\n");
    world_.variables.erase("AWS_SECRET_ACCESS_KEY");
    serve([](const FakeAws::Request& request, int n) {
        if (request.operation != "AssumeRole") return good();
        if (n == 0) return FakeAws::html(500);
        return FakeAws::xml(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            "<AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
            "<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token"
            "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>");
    });
    fake_->add_key({.access_key_id = "ASIAROLE",
                    .secret_access_key = "role-secret",
                    .session_token = "role-token"});
    EXPECT_EQ(ask(), "b");
    const auto requests = fake_->requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[1].access_key_id, "AKIDTEST");
    EXPECT_EQ(requests[1].form("RoleArn"), "arn:aws:iam::1:role/r");
    EXPECT_TRUE(requests[1].form("RoleSessionName").starts_with("batchd-"));
    EXPECT_EQ(requests[2].access_key_id, "ASIAROLE");
    EXPECT_EQ(requests[2].header("x-amz-security-token"), "role-token");
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(served_, 4) << "the role's keys are kept";
}

TEST_F(AwsClient, AWebIdentityIsSentUnsigned) {
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    world_.variables.erase("AWS_SECRET_ACCESS_KEY");
    world_.variables["AWS_ROLE_ARN"] = "arn:web";
    world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world_.write("token", "hush-jwt");
    serve([](const auto&, int) {
        return FakeAws::xml(
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code>"
            "<Message>not hush-jwt</Message></Error></ErrorResponse>",
            400);
    });
    EXPECT_EQ(ask(), "credentials InvalidIdentityToken: cannot take on arn:web: not ***");
    EXPECT_EQ(fake_->requests().at(0).operation, "AssumeRoleWithWebIdentity");
    EXPECT_EQ(fake_->requests().at(0).access_key_id, "");
}

TEST_F(AwsClient, RegionAndKeysAreAskedForByName) {
    settings_.region.clear();
    EXPECT_TRUE(client().ready().error().message.starts_with("no region is set"));
    world_.variables["AWS_DEFAULT_REGION"] = "us-west-1";
    EXPECT_FALSE(client().ready()) << "not looked for all the time";
    world_.clock.shift(Seconds{20});
    EXPECT_TRUE(client().ready());
    EXPECT_EQ(client().region(), "us-west-1");
    client_.reset();
    world_.variables["AWS_REGION"] = "us-west-2";
    EXPECT_EQ(client().region(), "us-west-2");
}

TEST_F(AwsClient, StopEndsCallsThatWait) {
    std::atomic<bool> is_asked = false;
    serve([&](const auto&, int) {
        is_asked = true;
        return FakeAws::Answer{.is_slow = true};
    });
    settings_.timeout = Milliseconds{600'000};
    RealOutside real(world_.clock);
    Outside outside = world_.outside(transport_);
    outside.sleep = real.outside().sleep;
    Client client(settings_, Outside{.transport = real.outside().transport,
                                     .clock = world_.clock,
                                     .variable = outside.variable,
                                     .random = outside.random,
                                     .sleep = outside.sleep,
                                     .run = outside.run});
    std::string code;
    std::jthread thread([&] {
        const auto answer = client.call_json({.service = kSsm, .operation = "GetParameter"}, {});
        code = answer ? "answered" : answer.error().code;
    });
    while (!is_asked) std::this_thread::yield();
    real.stop();
    thread.join();
    EXPECT_EQ(code, "Cancelled");
    EXPECT_FALSE(real.outside().sleep(Milliseconds{600'000}));
}

TEST_F(AwsClient, ManyThreadsShareAClient) {
    serve([](const auto&, int n) { return n % 3 == 0 ? FakeAws::html(503) : good(); });
    settings_.max_attempts = 20;
    client();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([this] {
            for (int k = 0; k < 10; ++k) EXPECT_EQ(ask(), "b");
        });
    }
    threads.clear();
    EXPECT_LE(fake_->connections(), 8);
}

class AwsSecrets : public AwsClient {
  protected:
    std::string value(const ports::AwsSecretId& id) {
        SecretReader reader(client());
        const auto found = reader.value(id);
        if (found) return *found;
        return std::string(batchd::to_string(found.error().kind)) + " " + found.error().message;
    }
    static constexpr auto kSecrets = ports::AwsSecretId::Store::SecretsManager;
};

TEST_F(AwsSecrets, AreFetched) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "GetParameter") {
            return FakeAws::json(R"({"Parameter":{"Name":"n","Value":"from SSM"}})");
        }
        return FakeAws::json(R"({"Name":"n","SecretString":"from Secrets Manager"})");
    });
    EXPECT_EQ(value({.id = "/db/pw"}), "from SSM");
    EXPECT_EQ(fake_->requests().back().body, R"({"Name":"/db/pw","WithDecryption":true})");
    EXPECT_EQ(value({.store = kSecrets,
                     .id = "arn:x",
                     .region = "us-west-2",
                     .version_stage = "AWSPREVIOUS",
                     .version_id = "v"}),
              "from Secrets Manager");
    EXPECT_EQ(fake_->requests().back().body,
              R"({"SecretId":"arn:x","VersionId":"v","VersionStage":"AWSPREVIOUS"})");
    EXPECT_EQ(fake_->requests().back().scope.region, "us-west-2");
}

TEST_F(AwsSecrets, MayBeBytes) {
    serve([](const auto&, int) { return FakeAws::json(R"({"SecretBinary":"Ynl0ZXM="})"); });
    EXPECT_EQ(value({.store = kSecrets, .id = "x"}), "bytes");
    client_.reset();
    serve([](const auto&, int) { return FakeAws::json(R"({"Name":"x"})"); });
    EXPECT_EQ(value({.store = kSecrets, .id = "x"}),
              "Unavailable Secrets Manager: MalformedAnswer: GetSecretValue answered without a "
              "value");
}

TEST_F(AwsSecrets, ErrorsSayWhy) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "GetParameter")
            return FakeAws::json_error("ParameterNotFound", "");
        return FakeAws::json_error("AccessDeniedException", "User is not authorized");
    });
    EXPECT_EQ(value({.id = "x"}), "NotFound SSM: ParameterNotFound");
    EXPECT_EQ(value({.store = kSecrets, .id = "x"}),
              "Unavailable Secrets Manager: AccessDeniedException: User is not authorized");
    client_.reset();
    settings_.region.clear();
    EXPECT_EQ(value({.id = "x"}),
              "NotFound AWS is not asked: no region is set, as by aws.region or "
              "AWS_REGION");
}

}  // namespace
}  // namespace batchd::aws
