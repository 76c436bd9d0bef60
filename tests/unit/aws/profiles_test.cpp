#include "aws/profiles.hpp"

#include "aws/endpoints.hpp"
#include "support/aws_world.hpp"

#include <gtest/gtest.h>

namespace batchd::aws {
namespace {

constexpr const char* kConfig = R"(
# a comment
[default]
region = eu-west-1
; another
Output=json
[profile ci]
region=us-west-2 # no comment
services = dev
endpoint_url = https://profile.example.com
s3 =
    max_attempts = 3
    endpoint_url = https://s3.example.com
role_arn = arn:aws:iam::1:role/x=y
[profile "two words"]
region = r
no equals sign here
[services dev]
ec2 =
  endpoint_url = https://ec2.example.com/prefix
secrets_manager=
	endpoint_url=https://secrets.example.com
[sso-session x]
region = none
[profile open
region = odd
)";

TEST(AwsProfiles, AreReadAsBotocoreDoes) {
    const Profiles profiles = parse_profiles(
        kConfig, "[ci]\naws_access_key_id = AK\r\naws_secret_access_key=s=e=c\nregion = c\n");
    EXPECT_EQ(profiles.merged("default").at("region"), "eu-west-1");
    EXPECT_EQ(profiles.merged("default").at("output"), "json");
    EXPECT_EQ(profiles.merged("two words").at("region"), "r");
    EXPECT_EQ(profiles.config.at("ci").at("region"), "us-west-2 # no comment");
    const Section ci = profiles.merged("ci");
    EXPECT_EQ(ci.at("region"), "c") << "the credentials file is above the other";
    EXPECT_EQ(ci.at("aws_access_key_id"), "AK");
    EXPECT_EQ(ci.at("aws_secret_access_key"), "s=e=c");
    EXPECT_EQ(ci.at("role_arn"), "arn:aws:iam::1:role/x=y");
    EXPECT_EQ(ci.at("s3.endpoint_url"), "https://s3.example.com");
    EXPECT_EQ(ci.at("endpoint_url"), "https://profile.example.com");
    EXPECT_EQ(profiles.services.at("dev").at("ec2.endpoint_url"), "https://ec2.example.com/prefix");
    EXPECT_FALSE(profiles.contains("x"));
    EXPECT_FALSE(profiles.contains("nobody"));
    EXPECT_TRUE(profiles.merged("nobody").empty());
}

TEST(AwsProfiles, AnyTextIsTaken) {
    for (const char* text : {"", "[", "]", "[]", "=", "[profile ]\n=x", "\n \n\t\n", "a=b",
                             "[profile x]\n  indented = 1\n", "[services]\nec2=\n  a=b"}) {
        parse_profiles(text, text);
    }
}

class AwsEndpoints : public ::testing::Test {
  protected:
    std::string url(const Service& service) {
        return endpoint_url(service, "eu-west-1", settings_, world_.outside(transport_),
                            parse_profiles(kConfig, ""));
    }
    testing::AwsWorld world_;
    testing::ScriptedTransport transport_;
    Settings settings_;
};

TEST_F(AwsEndpoints, OfAws) {
    EXPECT_EQ(url(kEc2), "https://ec2.eu-west-1.amazonaws.com");
    EXPECT_EQ(url(kEcr), "https://api.ecr.eu-west-1.amazonaws.com");
    EXPECT_EQ(url(kEcrFips), "https://ecr-fips.eu-west-1.amazonaws.com");
    EXPECT_EQ(url(kLogs), "https://logs.eu-west-1.amazonaws.com");
    EXPECT_EQ(endpoint_url(kEcs, "cn-north-1", settings_, world_.outside(transport_), {}),
              "https://ecs.cn-north-1.amazonaws.com.cn");
}

TEST_F(AwsEndpoints, TheMoreParticularSettingWins) {
    world_.variables["AWS_PROFILE"] = "ci";
    EXPECT_EQ(url(kSts), "https://profile.example.com");
    EXPECT_EQ(url(kEc2), "https://ec2.example.com/prefix");
    EXPECT_EQ(url(kSecretsManager), "https://secrets.example.com");
    world_.variables["AWS_ENDPOINT_URL"] = "http://environment";
    EXPECT_EQ(url(kEc2), "http://environment");
    world_.variables["AWS_ENDPOINT_URL_EC2"] = "http://environment-ec2";
    world_.variables["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = "http://environment-logs";
    EXPECT_EQ(url(kEc2), "http://environment-ec2");
    EXPECT_EQ(url(kLogs), "http://environment-logs");
    EXPECT_EQ(url(kSts), "http://environment");
    world_.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
    EXPECT_EQ(url(kEc2), "https://ec2.eu-west-1.amazonaws.com");
    settings_.endpoint_url = "http://set";
    EXPECT_EQ(url(kEc2), "http://set");
    settings_.endpoint_urls["ec2"] = "http://set-ec2";
    EXPECT_EQ(url(kEc2), "http://set-ec2");
    EXPECT_EQ(url(kSts), "http://set");
}

TEST_F(AwsEndpoints, AreTakenApart) {
    const struct {
        const char* url;
        const char* origin;
        const char* host;
        const char* path;
    } cases[] = {
        {"https://a.example.com", "https://a.example.com", "a.example.com", "/"},
        {"https://a:443/", "https://a:443", "a", "/"},
        {"http://a:80", "http://a:80", "a", "/"},
        {"http://127.0.0.1:5000/some/prefix", "http://127.0.0.1:5000", "127.0.0.1:5000",
         "/some/prefix/"},
        {"http://[::1]:5000", "http://[::1]:5000", "[::1]:5000", "/"},
    };
    for (const auto& c : cases) {
        const auto endpoint = parse_endpoint_url(c.url);
        ASSERT_TRUE(endpoint) << c.url;
        EXPECT_EQ(endpoint->origin, c.origin);
        EXPECT_EQ(endpoint->host, c.host);
        EXPECT_EQ(endpoint->path, c.path);
    }
    for (const char* url : {"", "ftp://x", "https://", "http:///x", "http://user:pw@host",
                            "http://host/?query", "http://ho st", "host:5000"}) {
        EXPECT_FALSE(parse_endpoint_url(url)) << url;
    }
}

}  // namespace
}  // namespace batchd::aws
