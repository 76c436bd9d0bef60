#include "secrets/reference.hpp"

#include <gtest/gtest.h>

namespace batchd::secrets {
namespace {

using Names = std::vector<std::string>;

TEST(SecretReference, SaysWhichNamesToLookFor) {
    const std::string ssm = "arn:aws:ssm:us-east-1:123456789012:parameter/";
    const std::string secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";
    const struct {
        std::string value_from;
        Names names;
        std::string json_key;
    } cases[] = {
        {"db/password", {"db/password"}, ""},
        {"/db/password", {"/db/password"}, ""},
        {"plain_A.b-1", {"plain_A.b-1"}, ""},
        {ssm + "db/password", {"/db/password", "db/password"}, ""},
        {"arn:aws-cn:ssm:cn-north-1:1:parameter/x", {"/x", "x"}, ""},
        {secret + "db/pw-AbCd12", {"db/pw-AbCd12", "db/pw"}, ""},
        {secret + "db/pw", {"db/pw"}, ""},
        {secret + "db-AbCd1", {"db-AbCd1"}, ""},
        {secret + "db-AbCd_2", {"db-AbCd_2"}, ""},
        {secret + "db-AbCd12:user::", {"db-AbCd12", "db"}, "user"},
        {secret + "db:user:AWSCURRENT:0123", {"db"}, "user"},
        {secret + "db:::", {"db"}, ""},
    };
    for (const auto& c : cases) {
        const auto reference = parse_reference(c.value_from);
        ASSERT_TRUE(reference) << reference.error().message;
        EXPECT_EQ(reference->names, c.names) << c.value_from;
        EXPECT_EQ(reference->json_key, c.json_key) << c.value_from;
    }
}

TEST(SecretReference, SaysWhatAwsIsAskedFor) {
    using Store = ports::AwsSecretId::Store;
    const std::string secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/pw-AbCd12";
    const std::string parameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/db/pw";
    const struct {
        std::string value_from;
        ports::AwsSecretId asked;
    } cases[] = {
        {"/db/pw", {.id = "/db/pw"}},
        {parameter, {.id = parameter, .region = "eu-west-1"}},
        {secret, {.store = Store::SecretsManager, .id = secret, .region = "eu-west-1"}},
        {secret + ":key::", {.store = Store::SecretsManager, .id = secret, .region = "eu-west-1"}},
        {secret + ":key:AWSPREVIOUS:",
         {.store = Store::SecretsManager,
          .id = secret,
          .region = "eu-west-1",
          .version_stage = "AWSPREVIOUS"}},
        {secret + ":::0123",
         {.store = Store::SecretsManager,
          .id = secret,
          .region = "eu-west-1",
          .version_id = "0123"}},
    };
    for (const auto& c : cases) {
        const auto reference = parse_reference(c.value_from);
        ASSERT_TRUE(reference) << reference.error().message;
        EXPECT_EQ(reference->aws.store, c.asked.store) << c.value_from;
        EXPECT_EQ(reference->aws.id, c.asked.id);
        EXPECT_EQ(reference->aws.region, c.asked.region) << c.value_from;
        EXPECT_EQ(reference->aws.version_stage, c.asked.version_stage) << c.value_from;
        EXPECT_EQ(reference->aws.version_id, c.asked.version_id) << c.value_from;
    }
}

TEST(SecretReference, RefusesWhatIsNeitherNameNorArn) {
    using namespace std::string_literals;
    for (const auto& text : {""s, "a b"s, "a\nb"s, "a\0b"s, "$(id)"s, "-rf"s, "a/../b"s,
                             std::string(513, 'a'), "arn:aws:ssm:us-east-1:123456789012:parameter"s,
                             "arn:aws:ssm:us-east-1:123456789012:parameter/"s,
                             "arn:aws:ssm:us-east-1:123456789012:document/x"s,
                             "arn:aws:ssm:us-east-1:123456789012:parameter/x:y"s,
                             "arn:aws:secretsmanager:us-east-1:123456789012:secret"s,
                             "arn:aws:secretsmanager:us-east-1:123456789012:secret:"s,
                             "arn:aws:secretsmanager:us-east-1:123456789012:secret:a:b:c:d:e"s,
                             "arn:aws:s3:::bucket/key"s}) {
        const auto reference = parse_reference(text);
        ASSERT_FALSE(reference) << text;
        EXPECT_EQ(reference.error().kind, ErrorKind::InvalidArgument);
        EXPECT_TRUE(reference.error().message.contains("neither a name nor the ARN")) << text;
    }
}

}  // namespace
}  // namespace batchd::secrets
