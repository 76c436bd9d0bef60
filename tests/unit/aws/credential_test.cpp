// Where keys come from, in which order, and what is said when they do not.
#include "aws/credential_cache.hpp"
#include "aws/credential_chain.hpp"
#include "aws/metadata.hpp"
#include "support/aws_world.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace batchd::aws {
namespace {

using testing::AwsWorld;
using testing::ScriptedTransport;

Result<HttpResponse> ok(const std::string& body) {
    return HttpResponse{.status = 200, .headers{}, .body = body};
}

std::string document(const std::string& id, const char* token_name = "Token") {
    return R"({"AccessKeyId":")" + id + R"(","SecretAccessKey":"s",")" + token_name +
           R"(":"t","Expiration":"2099-01-01T00:00:00Z"})";
}

class CredentialChain : public ::testing::Test {
  protected:
    /// "id/secret/token from source", or the error.
    std::string load() {
        const AssumeRole assume_role = [this](const RoleRequest& request,
                                              const net::AwsKeys& keys) -> Outcome<Credentials> {
            roles_.push_back(request);
            return Credentials{.keys = {.access_key_id = "role(" + keys.access_key_id + ")",
                                        .secret_access_key = "s",
                                        .session_token = "t"},
                               .expires{},
                               .source = request.role_arn};
        };
        const auto found = load_credentials(settings_, world_.outside(transport_), assume_role);
        if (!found) {
            EXPECT_EQ(found.error().error_class, ErrorClass::Credentials);
            return "error: " + found.error().message;
        }
        return found->keys.access_key_id + "/" + found->keys.secret_access_key + "/" +
               found->keys.session_token + " from " + found->source;
    }
    void serve(std::map<std::string, std::string> pages) {
        transport_ = ScriptedTransport([pages](const HttpRequest& request) {
            const auto page = pages.find(request.url);
            if (page != pages.end()) return ok(page->second);
            return Result<HttpResponse>(HttpResponse{.status = 404, .headers{}, .body{}});
        });
    }
    void serve_instance_metadata() {
        world_.variables.erase("AWS_EC2_METADATA_DISABLED");
        const std::string base = "http://169.254.169.254/latest/";
        serve({{base + "api/token", "imds-token"},
               {base + "meta-data/iam/security-credentials/", "my-role"},
               {base + "meta-data/iam/security-credentials/my-role", document("IMDS")},
               {base + "meta-data/placement/region", "ap-south-1"}});
    }
    void config(const std::string& text) { world_.write("config", text); }
    void credentials(const std::string& text) { world_.write("credentials", text); }

    AwsWorld world_;
    ScriptedTransport transport_;
    Settings settings_;
    std::vector<RoleRequest> roles_;
};

constexpr const char* kFileKeys = "[default]\naws_access_key_id=FILE\naws_secret_access_key=fs\n";
constexpr const char* kConfigKeys =
    "[default]\naws_access_key_id=CONFIG\naws_secret_access_key=cs\naws_session_token=ct\n";

TEST_F(CredentialChain, AsksInBotocoresOrder) {
    EXPECT_EQ(load(), "error: no keys in the environment, the profile 'default' or a role");
    serve_instance_metadata();
    EXPECT_EQ(load(), "IMDS/s/t from the instance's role my-role");
    world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:81/creds";
    serve({{"http://127.0.0.1:81/creds", document("CONTAINER")}});
    EXPECT_EQ(load(), "CONTAINER/s/t from the container's credential service");
    config(kConfigKeys);
    EXPECT_EQ(load(), "CONFIG/cs/ct from the config file's profile 'default'");
    config(kConfigKeys + std::string("credential_process = get keys\n"));
    world_.command_output = R"({"Version":1,"AccessKeyId":"PROC","SecretAccessKey":"ps"})";
    EXPECT_EQ(load(), "PROC/ps/ from credential_process");
    credentials(kFileKeys);
    EXPECT_EQ(load(), "FILE/fs/ from the credentials file's profile 'default'");
    world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world_.write("token", "jwt");
    world_.variables["AWS_ROLE_ARN"] = "arn:web";
    EXPECT_EQ(load(), "role()/s/t from arn:web");
    EXPECT_EQ(roles_.back().web_identity_token, "jwt");
    config(kConfigKeys + std::string("role_arn = arn:assumed\nsource_profile = default\n"));
    EXPECT_EQ(load(), "role(FILE)/s/t from arn:assumed");
    world_.set_keys("ENV", "es");
    EXPECT_EQ(load(), "ENV/es/ from the environment");
    world_.variables["AWS_SESSION_TOKEN"] = "et";
    EXPECT_EQ(load(), "ENV/es/et from the environment");
}

TEST_F(CredentialChain, AProfileOfTheSettingsStandsAboveTheEnvironment) {
    world_.set_keys("ENV", "es");
    world_.variables["AWS_PROFILE"] = "ci";
    credentials("[ci]\naws_access_key_id=CI\naws_secret_access_key=s\n");
    EXPECT_EQ(load(), "ENV/es/ from the environment");
    settings_.profile = "ci";
    EXPECT_EQ(load(), "CI/s/ from the credentials file's profile 'ci'");
    settings_.profile = "other";
    EXPECT_EQ(load(), "error: there is no profile 'other'");
}

TEST_F(CredentialChain, HalfAPairIsAnError) {
    world_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    EXPECT_EQ(load(), "error: the environment has an access key id, but not a secret access key");
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    credentials("[default]\naws_secret_access_key=hidden\n");
    EXPECT_EQ(load(),
              "error: the credentials file's profile 'default' has a secret access key, but not an "
              "access key id");
}

TEST_F(CredentialChain, RolesAreTakenOnOneAfterTheOther) {
    world_.variables["AWS_PROFILE"] = "a";
    config(
        "[profile a]\nrole_arn=arn:a\nsource_profile=b\nexternal_id=x\nrole_session_name=n\n"
        "duration_seconds=1800\n[profile b]\nrole_arn=arn:b\nsource_profile=c\n"
        "[profile c]\naws_access_key_id=C\naws_secret_access_key=s\n");
    EXPECT_EQ(load(), "role(role(C))/s/t from arn:a");
    ASSERT_EQ(roles_.size(), 2U);
    EXPECT_EQ(roles_[1].external_id, "x");
    EXPECT_EQ(roles_[1].session_name, "n");
    EXPECT_EQ(roles_[1].duration, Seconds{1800});
    EXPECT_FALSE(roles_[0].duration);
}

TEST_F(CredentialChain, ARoleMayHaveTheKeysOfItsOwnProfile) {
    config(
        "[default]\nrole_arn=arn:a\nsource_profile=default\naws_access_key_id=C\n"
        "aws_secret_access_key=s\n");
    EXPECT_EQ(load(), "role(C)/s/t from arn:a");
}

TEST_F(CredentialChain, ARolesKeysMayComeFromAnotherSource) {
    config("[default]\nrole_arn=arn:a\ncredential_source=Ec2InstanceMetadata\n");
    serve_instance_metadata();
    EXPECT_EQ(load(), "role(IMDS)/s/t from arn:a");
    config("[default]\nrole_arn=arn:a\ncredential_source=EcsContainer\n");
    EXPECT_EQ(load(),
              "error: the credential_source 'EcsContainer' of the profile 'default' has no "
              "keys");
    world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
    serve({{"http://169.254.170.2/v2/x", document("ECS")}});
    EXPECT_EQ(load(), "role(ECS)/s/t from arn:a");
    settings_.profile = "default";  // else the environment's keys would be taken themselves
    world_.set_keys("ENV", "es");
    config("[default]\nrole_arn=arn:a\ncredential_source=Environment\n");
    EXPECT_EQ(load(), "role(ENV)/s/t from arn:a");
}

TEST_F(CredentialChain, ARoleThatCannotBeTakenOnSaysWhy) {
    const struct {
        const char* config;
        const char* error;
    } cases[] = {
        {"",
         "the profile 'default' has a role_arn: it needs source_profile or credential_source, "
         "and not both"},
        {"source_profile=x\ncredential_source=Environment\n",
         "the profile 'default' has a role_arn: it needs source_profile or credential_source, and "
         "not both"},
        {"source_profile=x\n",
         "the profile 'default' has a source_profile 'x' that does not exist"},
        {"credential_source=Cloud\n",
         "the profile 'default' has a credential_source 'Cloud'; there are Environment, "
         "EcsContainer and Ec2InstanceMetadata"},
        {"source_profile=b\n[profile b]\nrole_arn=arn:b\nsource_profile=default\n",
         "the source_profiles of 'default' go round in a circle"},
        {"source_profile=default\n", "the source_profiles of 'default' go round in a circle"},
        {"source_profile=b\n[profile b]\nregion=x\n", "the source_profile 'b' has no keys"},
        {"source_profile=b\nmfa_serial=arn:mfa\n[profile b]\n",
         "the profile 'default' needs a code of an MFA device"},
    };
    for (const auto& c : cases) {
        config(std::string("[default]\nrole_arn=arn:a\n") + c.config);
        EXPECT_EQ(load(), std::string("error: ") + c.error);
    }
}

TEST_F(CredentialChain, AWebIdentityOfAProfile) {
    config("[default]\nrole_arn=arn:web\nrole_session_name=n\nweb_identity_token_file=" +
           world_.write("token", "jwt") + "\n");
    EXPECT_EQ(load(), "role()/s/t from arn:web");
    EXPECT_EQ(roles_.back().session_name, "n");
    config("[default]\nrole_arn=arn:web\nweb_identity_token_file=/nowhere/token\n");
    EXPECT_EQ(load(), "error: the web identity token file cannot be read");
}

TEST_F(CredentialChain, TheProcessIsRunWithoutAShell) {
    config("[default]\ncredential_process = /opt/get 'a b' \"c \\\"d\" e\\ f $HOME ''\n");
    world_.command_output = document("PROC", "SessionToken");
    EXPECT_EQ(load(), "PROC/s/t from credential_process");
    EXPECT_EQ(world_.commands.back(),
              (std::vector<std::string>{"/opt/get", "a b", "c \"d", "e f", "$HOME", ""}));
    world_.command_output = fail(ErrorKind::NotFound, "failed with exit code 1: no");
    EXPECT_EQ(load(), "error: credential_process failed with exit code 1: no");
    for (const char* output : {"hidden", "[]", "", R"({"AccessKeyId":"hidden"})"}) {
        world_.command_output = output;
        EXPECT_TRUE(load().starts_with("error: credential_process gave no ")) << load();
        EXPECT_FALSE(load().contains("hidden"));
    }
}

TEST_F(CredentialChain, TheContainersServiceIsAskedWithItsToken) {
    world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://[::1]:81/creds?x=1";
    world_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from the variable";
    serve({{"http://[::1]:81/creds?x=1", document("EKS")}});
    EXPECT_EQ(load(), "EKS/s/t from the container's credential service");
    EXPECT_EQ(transport_.requests.back().headers.back().second, "from the variable");
    EXPECT_FALSE(transport_.requests.back().through_proxy);
    world_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world_.write("token", "file");
    load();
    EXPECT_EQ(transport_.requests.back().headers.back().second, "file");
    world_.write("token", "a\r\nX-Injected: 1");
    EXPECT_EQ(load(), "error: the container's authorization token is no legal header value");
}

TEST_F(CredentialChain, TheContainersServiceThatFailsIsAskedThreeTimes) {
    world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
    serve({});
    EXPECT_EQ(load(), "error: the container's credential service answered 404");
    EXPECT_EQ(transport_.requests.size(), 3U);
    EXPECT_EQ(world_.sleeps.size(), 2U);
}

TEST_F(CredentialChain, KeysGoToNoForeignHostInPlainText) {
    for (const char* url : {"http://example.com/", "http://10.0.0.1/", "http://localhost.evil/",
                            "http://user@127.0.0.1/", "ftp://127.0.0.1/"}) {
        world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
        EXPECT_TRUE(load().contains("must be https")) << url;
    }
    EXPECT_TRUE(transport_.requests.empty());
    for (const char* url :
         {"https://example.com/", "http://169.254.170.23/v1", "http://localhost"}) {
        world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
        EXPECT_FALSE(load().contains("must be https")) << url;
    }
}

TEST_F(CredentialChain, TheInstanceIsAskedByImdsV2Alone) {
    serve_instance_metadata();
    load();
    ASSERT_EQ(transport_.requests.size(), 3U);
    EXPECT_EQ(transport_.requests[0].method, "PUT");
    EXPECT_EQ(transport_.requests[2].headers.back().second, "imds-token");
    EXPECT_EQ(transport_.requests[0].timeout, Milliseconds{1'000});
    EXPECT_EQ(instance_region(world_.outside(transport_)), "ap-south-1");
    world_.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    EXPECT_EQ(instance_region(world_.outside(transport_)), "");
}

TEST_F(CredentialChain, AnInstanceWithoutARoleHasNone) {
    world_.variables.erase("AWS_EC2_METADATA_DISABLED");
    serve({{"http://169.254.169.254/latest/api/token", "t"}});
    EXPECT_TRUE(load().starts_with("error: no keys in the environment"));
}

class CredentialCacheTest : public ::testing::Test {
  protected:
    /// Keys named `id` that live for `life` from now.
    void next(const std::string& id, std::optional<Seconds> life) {
        loaded_ = Credentials{.keys = {.access_key_id = id, .secret_access_key = "s"},
                              .expires{},
                              .source = "a test"};
        if (life) loaded_->expires = clock_.now() + *life;
    }
    std::string get() {
        const auto found = cache_.get();
        return found ? found->keys.access_key_id : found.error().message;
    }

    testing::ShiftedClock clock_;
    std::atomic<int> loads_ = 0;
    Outcome<Credentials> loaded_;
    CredentialCache cache_{[this] {
                               ++loads_;
                               return loaded_;
                           },
                           clock_};
};

TEST_F(CredentialCacheTest, KeysAreRenewedTenMinutesAhead) {
    next("one", Seconds{3600});
    EXPECT_EQ(get(), "one");
    next("two", Seconds{7200});
    clock_.shift(Seconds{2990});
    EXPECT_EQ(get(), "one");
    clock_.shift(Seconds{20});
    EXPECT_EQ(get(), "two");
    EXPECT_EQ(loads_, 2);
}

TEST_F(CredentialCacheTest, KeysWithoutAnEndStay) {
    next("one", {});
    EXPECT_EQ(get(), "one");
    clock_.shift(std::chrono::hours{24 * 365});
    EXPECT_EQ(get(), "one");
    EXPECT_EQ(loads_, 1);
}

TEST_F(CredentialCacheTest, OldKeysServeUntilTheyExpireIfRenewalFails) {
    next("one", Seconds{3600});
    EXPECT_EQ(get(), "one");
    loaded_ = no_credentials("broken");
    clock_.shift(Seconds{3100});
    EXPECT_EQ(get(), "one");
    EXPECT_EQ(get(), "one");
    EXPECT_EQ(loads_, 2) << "tried again after a minute only";
    clock_.shift(Seconds{61});
    EXPECT_EQ(get(), "one");
    EXPECT_EQ(loads_, 3);
    clock_.shift(Seconds{600});
    EXPECT_EQ(get(), "broken");
    next("two", Seconds{3600});
    clock_.shift(Seconds{16});
    EXPECT_EQ(get(), "two");
}

TEST_F(CredentialCacheTest, AFailureIsRememberedForAWhile) {
    loaded_ = no_credentials("none");
    EXPECT_EQ(get(), "none");
    EXPECT_EQ(get(), "none");
    EXPECT_EQ(loads_, 1);
    clock_.shift(Seconds{16});
    next("one", {});
    EXPECT_EQ(get(), "one");
}

TEST_F(CredentialCacheTest, ExpiredKeysAreNoKeys) {
    next("one", Seconds{-1});
    EXPECT_EQ(get(), "the keys of a test have expired");
}

TEST_F(CredentialCacheTest, RefusedKeysAreLookedUpAgain) {
    next("one", {});
    EXPECT_EQ(get(), "one");
    next("two", {});
    const net::AwsKeys refused{.access_key_id = "one", .secret_access_key = "s"};
    EXPECT_FALSE(cache_.forget(refused)) << "just loaded";
    clock_.shift(Seconds{20});
    EXPECT_TRUE(cache_.forget(refused));
    EXPECT_EQ(get(), "two");
    EXPECT_TRUE(cache_.forget(refused)) << "somebody else was quicker";
    EXPECT_EQ(get(), "two");
}

TEST_F(CredentialCacheTest, OneThreadLoadsForAll) {
    next("one", {});
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([this] { EXPECT_EQ(get(), "one"); });
    }
    threads.clear();
    EXPECT_EQ(loads_, 1);
}

}  // namespace
}  // namespace batchd::aws
