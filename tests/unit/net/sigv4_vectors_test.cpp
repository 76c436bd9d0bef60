// The vectors of AWS's Signature Version 4 test suite.
#include "batchd/base/time_text.hpp"
#include "batchd/net/sigv4.hpp"

#include <gtest/gtest.h>

namespace batchd::net {
namespace {

const AwsKeys kKeys{.access_key_id = "AKIDEXAMPLE",
                    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                    .session_token{}};
const SigningScope kScope{.region = "us-east-1", .service = "service"};
const Timestamp kNow = *parse_basic_iso8601("20150830T123600Z");
constexpr const char* kVanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
constexpr const char* kPost = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

struct Vector {
    const char* name;
    std::string method;
    std::string path;
    std::string query;
    HeaderList headers;  ///< beside Host
    std::string body;
    std::string signed_headers;
    std::string signature;
};

const std::vector<Vector>& vectors() {
    static const std::string unreserved =
        "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const std::string date = "host;x-amz-date";
    static const std::string mine = "host;my-header1;x-amz-date";
    static const std::string two = "host;my-header1;my-header2;x-amz-date";
    static const std::string form = "application/x-www-form-urlencoded";
    static const std::vector<Vector> list{
        {"get-vanilla", "GET", "/", "", {}, "", date, kVanilla},
        {"get-vanilla-empty-query-key",
         "GET",
         "/",
         "Param1=value1",
         {},
         "",
         date,
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query", "GET", "/", "", {}, "", date, kVanilla},
        {"get-vanilla-query-order-key",
         "GET",
         "/",
         "Param1=value2&Param1=Value1",
         {},
         "",
         date,
         "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
        {"get-vanilla-query-order-key-case",
         "GET",
         "/",
         "Param2=value2&Param1=value1",
         {},
         "",
         date,
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-order-value",
         "GET",
         "/",
         "Param1=value2&Param1=value1",
         {},
         "",
         date,
         "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        {"get-vanilla-query-unreserved",
         "GET",
         "/",
         unreserved + "=" + unreserved,
         {},
         "",
         date,
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        {"get-vanilla-utf8-query",
         "GET",
         "/",
         "\u1234=bar",
         {},
         "",
         date,
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-unreserved",
         "GET",
         "/" + unreserved,
         "",
         {},
         "",
         date,
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8",
         "GET",
         "/\u1234",
         "",
         {},
         "",
         date,
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"normalize-path/get-relative", "GET", "/example/..", "", {}, "", date, kVanilla},
        {"normalize-path/get-relative-relative",
         "GET",
         "/example1/example2/../..",
         "",
         {},
         "",
         date,
         kVanilla},
        {"normalize-path/get-slash", "GET", "//", "", {}, "", date, kVanilla},
        {"normalize-path/get-slash-dot-slash", "GET", "/./", "", {}, "", date, kVanilla},
        {"normalize-path/get-slash-pointless-dot",
         "GET",
         "/./example",
         "",
         {},
         "",
         date,
         "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
        {"normalize-path/get-slashes",
         "GET",
         "//example//",
         "",
         {},
         "",
         date,
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        {"normalize-path/get-space",
         "GET",
         "/example space/",
         "",
         {},
         "",
         date,
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"get-header-key-duplicate",
         "GET",
         "/",
         "",
         {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         "",
         mine,
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-multiline",
         "GET",
         "/",
         "",
         {{"My-Header1", "value1\n  value2\n     value3"}},
         "",
         mine,
         "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
        {"get-header-value-order",
         "GET",
         "/",
         "",
         {{"My-Header1", "value4"},
          {"My-Header1", "value1"},
          {"My-Header1", "value3"},
          {"My-Header1", "value2"}},
         "",
         mine,
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        {"get-header-value-trim",
         "GET",
         "/",
         "",
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         two,
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"post-vanilla", "POST", "/", "", {}, "", date, kPost},
        {"post-header-key-case", "POST", "/", "", {}, "", date, kPost},
        {"post-header-key-sort",
         "POST",
         "/",
         "",
         {{"My-Header1", "value1"}},
         "",
         mine,
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-header-value-case",
         "POST",
         "/",
         "",
         {{"My-Header1", "VALUE1"}},
         "",
         mine,
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        {"post-vanilla-query",
         "POST",
         "/",
         "Param1=value1",
         {},
         "",
         date,
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        {"post-x-www-form-urlencoded",
         "POST",
         "/",
         "",
         {{"Content-Type", form}},
         "Param1=value1",
         "content-type;" + date,
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {"post-x-www-form-urlencoded-parameters",
         "POST",
         "/",
         "",
         {{"Content-Type", form + "; charset=utf8"}},
         "Param1=value1",
         "content-type;" + date,
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
    };
    return list;
}

TEST(SigV4Vectors, AreSignedAsPublished) {
    for (const auto& v : vectors()) {
        HeaderList headers = v.headers;
        headers.emplace_back("Host", "example.amazonaws.com");
        const auto added = sign({v.method, v.path, v.query, headers, v.body}, kKeys, kScope, kNow);
        ASSERT_EQ(added.size(), 2U) << v.name;
        EXPECT_EQ(added[0].second, "20150830T123600Z");
        EXPECT_EQ(added[1].second,
                  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
                  ", SignedHeaders=" +
                      v.signed_headers + ", Signature=" + v.signature)
            << v.name;
    }
}

TEST(SigV4Vectors, AreVerified) {
    const KeyLookup lookup = [](std::string_view) {
        return KnownKey{.secret_access_key = kKeys.secret_access_key, .session_token{}, .expires{}};
    };
    for (const auto& v : vectors()) {
        HeaderList headers = v.headers;
        headers.emplace_back("Host", "example.amazonaws.com");
        headers.emplace_back("X-Amz-Date", "20150830T123600Z");
        headers.emplace_back(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
            ", SignedHeaders=" +
                v.signed_headers + ", Signature=" + v.signature);
        const auto signer = verify({v.method, v.path, v.query, headers, v.body}, lookup,
                                   {.region = "us-east-1", .services = {"service"}}, kNow);
        EXPECT_TRUE(signer) << v.name << ": " << signer.error().message;
    }
}

/// "post-sts-header-before": the token is a header of the request and signed.
TEST(SigV4Vectors, ASessionTokenIsSigned) {
    AwsKeys keys = kKeys;
    keys.session_token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfp"
        "SPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQ"
        "DYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+s"
        "cqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
    const HeaderList headers{{"Host", "example.amazonaws.com"}};
    const auto added = sign({"POST", "/", "", headers, ""}, keys, kScope, kNow);
    ASSERT_EQ(added.size(), 3U);
    EXPECT_TRUE(added[2].second.contains("SignedHeaders=host;x-amz-date;x-amz-security-token, "));
    EXPECT_TRUE(added[2].second.ends_with(
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"))
        << added[2].second;
}

/// The one of the S3 documentation is for S3; this is the general form, checked with botocore.
TEST(SigV4Vectors, UriEncodingIsThatOfRfc3986) {
    EXPECT_EQ(uri_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(uri_encode("a b+c/d*\u00e9%"), "a%20b%2Bc%2Fd%2A%C3%A9%25");
    EXPECT_EQ(uri_encode("/a/b c", true), "/a/b%20c");
}

}  // namespace
}  // namespace batchd::net
