#include "batchd/aws/ecr_logins.hpp"

#include "component/aws/calls_fixture.hpp"

#include <fmt/format.h>

namespace batchd::aws {
namespace {

using testing::FakeAws;

constexpr const char* kRegistry = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
constexpr const char* kToken = "QVdTOnB3OjE=";      // AWS:pw:1
constexpr const char* kNextToken = "QVdTOnB3OjI=";  // AWS:pw:2
constexpr std::chrono::hours kLifetime{12};

class EcrLoginsTest : public Calls {
  protected:
    FakeAws::Answer token(const char* value) {
        return FakeAws::json(
            fmt::format(R"({{"authorizationData":[{{"authorizationToken":"{}","expiresAt":{}}}]}})",
                        value, to_epoch_ms(world_.clock.now() + kLifetime) / 1000));
    }
    std::string password(const std::string& registry = kRegistry) {
        const auto login = logins().login(registry);
        return login ? login->password : login.error().message;
    }
    EcrLogins& logins() {
        if (!logins_) logins_.emplace(client());
        return *logins_;
    }

    std::optional<EcrLogins> logins_;
};

TEST(EcrHost, IsRead) {
    const auto read = [](std::string_view host) -> std::string {
        const auto registry = parse_ecr_host(host);
        return registry ? registry->region + (registry->is_fips ? " fips" : "") : "none";
    };
    EXPECT_EQ(read("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), "eu-west-1");
    EXPECT_EQ(read("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com"), "us-gov-west-1 fips");
    EXPECT_EQ(read("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), "cn-north-1");
    for (const char* other :
         {"", "docker.io", "public.ecr.aws", "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
          "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", "123456789012.dkr.ecr..amazonaws.com",
          "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
          "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
          "123456789012.dkr.ecr.cn-north-1.amazonaws.com", "123456789012.dkr.ecr.a.b.amazonaws.com",
          "x123456789012.dkr.ecr.a.amazonaws.com"}) {
        EXPECT_EQ(read(other), "none") << other;
    }
}

TEST_F(EcrLoginsTest, KnowOnlyEcr) {
    EXPECT_TRUE(logins().knows(kRegistry));
    EXPECT_FALSE(logins().knows("docker.io"));
}

TEST_F(EcrLoginsTest, OneTokenServesAllAccountsOfARegionUntilAnHourBeforeItsEnd) {
    serve([this](const auto&, int n) { return token(n == 0 ? kToken : kNextToken); });
    const auto login = logins().login(kRegistry);
    ASSERT_TRUE(login) << login.error().message;
    EXPECT_EQ(login->username, "AWS");
    EXPECT_EQ(login->password, "pw:1");
    EXPECT_EQ(requests().front().scope.region, "us-west-2") << "not the configured one";
    world_.clock.shift(kLifetime - std::chrono::minutes{61});
    EXPECT_EQ(password("999999999999.dkr.ecr.us-west-2.amazonaws.com"), "pw:1");
    EXPECT_EQ(requests().size(), 1U);
    world_.clock.shift(std::chrono::minutes{2});
    EXPECT_EQ(password(), "pw:2");
    EXPECT_EQ(password(), "pw:2");
    EXPECT_EQ(requests().size(), 2U);
}

TEST_F(EcrLoginsTest, EachRegionHasItsOwn) {
    serve([this](const FakeAws::Request& request, int) {
        return token(request.scope.region == "us-west-2" ? kToken : kNextToken);
    });
    EXPECT_EQ(password(), "pw:1");
    EXPECT_EQ(password("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), "pw:2");
    EXPECT_EQ(password(), "pw:1");
    EXPECT_EQ(requests().size(), 2U);
}

TEST_F(EcrLoginsTest, OneThatCannotBeRenewedServesToItsEnd) {
    serve([this](const auto&, int n) {
        return n == 0 ? token(kToken) : FakeAws::json_error("AccessDeniedException", "not you");
    });
    EXPECT_EQ(password(), "pw:1");
    world_.clock.shift(kLifetime - std::chrono::minutes{1});
    EXPECT_EQ(password(), "pw:1");
    world_.clock.shift(std::chrono::minutes{2});
    const auto login = logins().login(kRegistry);
    ASSERT_FALSE(login);
    EXPECT_EQ(login.error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(login.error().message,
              "ECR gives no login for us-west-2: AccessDeniedException: not you");
}

TEST_F(EcrLoginsTest, WithoutKeysThereIsNone) {
    serve([this](const auto&, int) { return token(kToken); });
    world_.variables.erase("AWS_ACCESS_KEY_ID");
    world_.variables.erase("AWS_SECRET_ACCESS_KEY");
    const auto login = logins().login(kRegistry);
    ASSERT_FALSE(login);
    EXPECT_EQ(login.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(login.error().message,
              "AWS is not asked: no keys in the environment, the profile 'default' or a role");
    EXPECT_TRUE(requests().empty());
}

}  // namespace
}  // namespace batchd::aws
