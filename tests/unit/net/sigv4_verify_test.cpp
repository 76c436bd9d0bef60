// What the verifier takes and refuses, in AWS's words.
#include "batchd/base/time_text.hpp"
#include "batchd/net/sigv4.hpp"

#include <gtest/gtest.h>

namespace batchd::net {
namespace {

const SigningScope kScope{.region = "eu-west-1", .service = "batch"};
const ExpectedScope kExpected{.region = "eu-west-1", .services = {"batch", "logs"}};
const Timestamp kNow = *parse_basic_iso8601("20260102T000100Z");
constexpr const char* kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";
constexpr const char* kUnknown = "The security token included in the request is invalid.";

/// A request that a test may spoil after it was signed.
struct Sent {
    std::string method = "POST";
    std::string path = "/v1/submitjob";
    std::string query{};
    HeaderList headers{{"Host", "batch.example.com:8443"}, {"Content-Type", "application/json"}};
    std::string body = "{}";
    AwsKeys keys{.access_key_id = "AKID", .secret_access_key = "secret/key+", .session_token{}};
    SigningScope scope = kScope;

    RawRequest raw() const { return {method, path, query, headers, body}; }
    Sent& sign_at(Timestamp time) {
        const auto added = net::sign(raw(), keys, scope, time);
        headers.insert(headers.end(), added.begin(), added.end());
        return *this;
    }
    Sent& presign_at(Timestamp time, Seconds valid_for) {
        body.clear();
        query = presign(raw(), keys, scope, time, valid_for);
        return *this;
    }
    std::string& header(std::string_view name) {
        for (auto& [key, value] : headers) {
            if (key == name) return value;
        }
        return headers.emplace_back(name, "").second;
    }
    Sent& replace(std::string_view name, const std::string& from, const std::string& to) {
        std::string& text = header(name);
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from << " in " << text;
        text.replace(at, from.size(), to);
        return *this;
    }
};

std::optional<KnownKey> known(std::string_view id) {
    if (id == "AKID")
        return KnownKey{.secret_access_key = "secret/key+", .session_token{}, .expires{}};
    if (id == "ASIA") {
        return KnownKey{.secret_access_key = "secret/key+",
                        .session_token = "token",
                        .expires = kNow + Seconds{60}};
    }
    return std::nullopt;
}

std::string outcome(const Sent& sent, Timestamp now = kNow,
                    const ExpectedScope& expected = kExpected) {
    const auto signer = verify(sent.raw(), known, expected, now);
    if (signer) return "signed by " + signer->access_key_id + " for " + signer->scope.service;
    return signer.error().code + ": " + signer.error().message;
}

std::string invalid(const std::string& message) { return "InvalidSignatureException: " + message; }
std::string incomplete(const std::string& message) {
    return "IncompleteSignatureException: " + message;
}
const std::string kTaken = "signed by AKID for batch";

TEST(SigV4Verify, TakesWhatIsSigned) {
    EXPECT_EQ(outcome(Sent().sign_at(kNow)), kTaken);
    Sent tags{.method = "GET", .path = "/v1/tags/arn%3Aaws%3Abatch%3A%2Fx%20y", .body{}};
    tags.query = "tagKeys=b&tagKeys=a&plus=%2B&utf8=%C3%A9&list";
    EXPECT_EQ(outcome(tags.sign_at(kNow)), kTaken);
    EXPECT_EQ(outcome(Sent{.path = ""}.sign_at(kNow)), kTaken);
    for (const char* host : {"[::1]:8080", "LOCALHOST", "10.0.0.1"}) {
        EXPECT_EQ(outcome(Sent{.headers = {{"Host", host}}}.sign_at(kNow)), kTaken) << host;
    }
}

TEST(SigV4Verify, TakesAPathThatCurlDidNotEncodeAgain) {
    // curl 7.88 --aws-sigv4 signs the path as it sends it.
    Sent sent{.method = "GET", .path = "/v1/tags/arn%3Aaws", .headers = {{"Host", "h"}}, .body{}};
    Sent as_curl = sent;
    as_curl.path = "/v1/tags/arn:aws";  // whose second encoding is the first one of the other
    as_curl.sign_at(kNow);
    sent.headers = as_curl.headers;
    EXPECT_EQ(outcome(sent), kTaken);
}

TEST(SigV4Verify, RefusesAWrongSecret) {
    Sent sent;
    sent.keys.secret_access_key = "another";
    EXPECT_EQ(outcome(sent.sign_at(kNow)), invalid(kMismatch));
}

TEST(SigV4Verify, RefusesWhatWasChangedAfterwards) {
    const auto changed = [](auto change) {
        Sent sent{.query = "a=1"};
        sent.sign_at(kNow);
        change(sent);
        return outcome(sent);
    };
    EXPECT_EQ(changed([](Sent& s) { s.body = "{ }"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.method = "PUT"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.path += "x"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.query = "a=2"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.query += "&b=1"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.header("Host") = "other"; }), invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.headers.emplace_back("Content-Type", "x"); }),
              invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.header("X-Amz-Date") = "20260102T000101Z"; }),
              invalid(kMismatch));
    EXPECT_EQ(changed([](Sent& s) { s.headers.emplace_back("User-Agent", "free"); }), kTaken);
}

TEST(SigV4Verify, TimeMayDifferByFiveMinutes) {
    for (const int seconds : {300, -300, 0}) {
        EXPECT_EQ(outcome(Sent().sign_at(kNow + Seconds{seconds})), kTaken) << seconds;
    }
    EXPECT_EQ(outcome(Sent().sign_at(kNow - Seconds{301})),
              invalid("Signature expired: 20260101T235559Z is now earlier than 20260101T235600Z "
                      "(20260102T000100Z - 5 min.)"));
    EXPECT_EQ(outcome(Sent().sign_at(kNow + Seconds{301})),
              invalid("Signature not yet current: 20260102T000601Z is still later than "
                      "20260102T000600Z (20260102T000100Z + 5 min.)"));
    // The half second of the server's clock is no difference.
    EXPECT_EQ(outcome(Sent().sign_at(kNow - Seconds{300}), kNow + Milliseconds{500}), kTaken);
}

TEST(SigV4Verify, TheDateHeaderStandsInForXAmzDate) {
    Sent sent;
    sent.headers.emplace_back("Date", "Fri, 02 Jan 2026 00:01:00 GMT");
    sent.sign_at(kNow);
    std::erase_if(sent.headers, [](const auto& header) { return header.first == "X-Amz-Date"; });
    EXPECT_EQ(outcome(sent), invalid(kMismatch)) << "it was signed";
    std::erase_if(sent.headers, [](const auto& header) { return header.first == "Date"; });
    EXPECT_EQ(outcome(sent), incomplete("Authorization header requires existence of either a "
                                        "'X-Amz-Date' or a 'Date' header."));
    sent.headers.emplace_back("Date", "yesterday");
    EXPECT_EQ(outcome(sent),
              incomplete("Date must be in ISO-8601 'basic format'. Got 'yesterday'."));
}

TEST(SigV4Verify, TheScopeIsChecked) {
    Sent sent;
    sent.scope = {.region = "us-east-1", .service = "batch"};
    sent.sign_at(kNow);
    EXPECT_EQ(outcome(sent), invalid("Credential should be scoped to a valid region, not "
                                     "'us-east-1'. "));
    EXPECT_EQ(outcome(sent, kNow, {.region = "", .services = {"batch"}}), kTaken);
    sent = {.scope = {.region = "eu-west-1", .service = "s3"}};
    EXPECT_EQ(outcome(sent.sign_at(kNow)),
              invalid("Credential should be scoped to correct service: 'batch' or 'logs'. "));
    sent = Sent().sign_at(kNow).replace("Authorization", "/aws4_request", "/aws5_request");
    EXPECT_EQ(outcome(sent), invalid("Credential should be scoped with a valid terminator: "
                                     "'aws4_request', not 'aws5_request'. "));
}

TEST(SigV4Verify, TheCredentialsDateIsThatOfTheTimestamp) {
    // Signed just before midnight, sent just after it.
    const Timestamp before = kNow - Seconds{120};
    EXPECT_EQ(outcome(Sent().sign_at(before)), kTaken);
    EXPECT_EQ(outcome(Sent().sign_at(before).replace("Authorization", "20260101", "20260102")),
              invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                      "date from HTTP: '20260102' != '20260101', from '20260101T235900Z'."));
}

TEST(SigV4Verify, KeysAndTokens) {
    Sent sent;
    sent.keys.access_key_id = "AKIDUNKNOWN";
    const std::string unrecognized = std::string("UnrecognizedClientException: ") + kUnknown;
    EXPECT_EQ(outcome(sent.sign_at(kNow)), unrecognized);

    const AwsKeys temporary{
        .access_key_id = "ASIA", .secret_access_key = "secret/key+", .session_token = "token"};
    EXPECT_EQ(outcome(Sent{.keys = temporary}.sign_at(kNow)), "signed by ASIA for batch");
    EXPECT_EQ(outcome(Sent{.keys = temporary}.sign_at(kNow + Seconds{60}), kNow + Seconds{60}),
              "ExpiredTokenException: The security token included in the request is expired");
    AwsKeys without = temporary;
    without.session_token.clear();
    EXPECT_EQ(outcome(Sent{.keys = without}.sign_at(kNow)), unrecognized);
    AwsKeys permanent = Sent().keys;
    permanent.session_token = "token";
    EXPECT_EQ(outcome(Sent{.keys = permanent}.sign_at(kNow)), unrecognized);

    sent = {.keys = without};
    sent.sign_at(kNow);
    sent.headers.emplace_back("X-Amz-Security-Token", "token");
    EXPECT_EQ(outcome(sent), invalid("'x-amz-security-token' must be a 'SignedHeader' in the AWS "
                                     "Authorization."));
}

TEST(SigV4Verify, TheAuthorizationHeadersForm) {
    const auto sent_with = [](const std::string& authorization) {
        Sent sent;
        sent.sign_at(kNow).header("Authorization") = authorization;
        return sent;
    };
    EXPECT_EQ(outcome(Sent()), "MissingAuthenticationTokenException: Missing Authentication Token");
    EXPECT_EQ(outcome(sent_with("AWS4-HMAC-SHA256 ")),
              incomplete("Authorization header requires 'Credential' parameter. Authorization "
                         "header requires 'Signature' parameter. Authorization header requires "
                         "'SignedHeaders' parameter."));
    EXPECT_EQ(outcome(sent_with("AWS4-HMAC-SHA256 Credential=a/b, x, Signature=y")),
              incomplete("'x' not a valid key=value pair (missing equal-sign) in Authorization "
                         "header: 'AWS4-HMAC-SHA256 Credential=a/b, x, Signature=y'."));
    EXPECT_EQ(outcome(sent_with("AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=y")),
              incomplete("Credential must have exactly 5 slash-delimited elements, e.g. "
                         "keyid/date/region/service/term, got 'a/b'"));
    for (const char* algorithm : {"AWS4-ECDSA-P256-SHA256", "aws4-hmac-sha256", "Bearer", ""}) {
        EXPECT_EQ(outcome(sent_with(algorithm + std::string(" Credential=x"))),
                  incomplete("Unsupported AWS 'algorithm': '" + std::string(algorithm) + "'."));
    }
    EXPECT_TRUE(
        outcome(sent_with("AWS4-HMAC-SHA256 " + std::string(20'000, 'x'))).contains("too long"));

    Sent sent = Sent().sign_at(kNow);
    sent.replace("Authorization", ", SignedHeaders", ",SignedHeaders");
    sent.replace("Authorization", ", Signature", " ,   Signature");
    EXPECT_EQ(outcome(sent), kTaken) << "blanks around commas do not matter";
    sent.headers.emplace_back("authorization", "x");
    EXPECT_TRUE(outcome(sent).contains("more than once"));
    sent = Sent().sign_at(kNow);
    sent.headers.emplace_back("x-amz-date", "20260102T000100Z");
    EXPECT_TRUE(outcome(sent).contains("more than once"));
}

TEST(SigV4Verify, SignedHeadersAreSortedThereAndComplete) {
    const auto sent_with = [](const std::string& names) {
        return outcome(
            Sent().sign_at(kNow).replace("Authorization", "content-type;host;x-amz-date", names));
    };
    EXPECT_EQ(sent_with("host;content-type;x-amz-date"), invalid(kMismatch));
    EXPECT_EQ(sent_with("content-type;host;host;x-amz-date"), invalid(kMismatch));
    EXPECT_EQ(sent_with("content-type;expect;host;x-amz-date"), invalid(kMismatch));
    EXPECT_EQ(sent_with("content-type;x-amz-date"),
              invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    EXPECT_EQ(sent_with("content-type;host"),
              invalid("'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."));
    // Else a signed request could be turned to another operation.
    Sent sent = Sent().sign_at(kNow);
    sent.headers.emplace_back("X-Amz-Target", "Logs_20140328.DeleteLogGroup");
    EXPECT_EQ(outcome(sent), invalid("'x-amz-target' must be a 'SignedHeader' in the AWS "
                                     "Authorization."));
    sent = Sent().sign_at(kNow);
    std::erase_if(sent.headers, [](const auto& header) { return header.first == "Host"; });
    EXPECT_EQ(outcome(sent), invalid(kMismatch)) << "HTTP/1.0";
}

TEST(SigV4Verify, AClaimedHashIsThatOfTheBody) {
    const auto outcome_with = [](const std::string& hash) {
        Sent sent;
        sent.headers.emplace_back("X-Amz-Content-Sha256", hash);
        return outcome(sent.sign_at(kNow));
    };
    EXPECT_EQ(outcome_with("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
              kTaken);
    for (const char* hash : {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
        EXPECT_EQ(outcome_with(hash), invalid("The provided 'x-amz-content-sha256' header does not "
                                              "match what was computed."));
    }
}

class SigV4Presigned : public ::testing::Test {
  protected:
    /// Whatever was signed at kNow for ten minutes, with the query changed afterwards.
    static std::string outcome_with(const std::string& from, const std::string& to) {
        Sent sent{.query = "jobName=x", .headers = {{"Host", "h"}}};
        sent.presign_at(kNow, Seconds{600});
        const auto at = sent.query.find(from);
        EXPECT_NE(at, std::string::npos) << sent.query;
        sent.query.replace(at, from.size(), to);
        return outcome(sent);
    }
};

TEST_F(SigV4Presigned, IsTakenWhileItIsValid) {
    Sent sent{.query = "jobName=x%20y&z", .headers = {{"Host", "h"}}};
    sent.presign_at(kNow, Seconds{600});
    EXPECT_EQ(outcome(sent), kTaken);
    EXPECT_EQ(outcome(sent, kNow + Seconds{600}), kTaken);
    EXPECT_EQ(outcome(sent, kNow - Seconds{300}), kTaken);
    EXPECT_EQ(outcome(sent, kNow + Seconds{601}),
              invalid("Signature expired: 20260102T000100Z is now earlier than 20260102T000101Z "
                      "(20260102T001101Z - 600 sec.)"));
    EXPECT_TRUE(outcome(sent, kNow - Seconds{301}).contains("Signature not yet current"));
    // The signature need not be the last member.
    const auto at = sent.query.find("&X-Amz-Signature");
    sent.query = sent.query.substr(at + 1) + "&" + sent.query.substr(0, at);
    EXPECT_EQ(outcome(sent), kTaken);
    sent.query += "&more=1";
    EXPECT_EQ(outcome(sent), invalid(kMismatch));
}

TEST_F(SigV4Presigned, ItsMembersAreChecked) {
    EXPECT_EQ(outcome_with("X-Amz-Expires=600", "X-Amz-Expires=0"),
              incomplete("X-Amz-Expires must be between 1 and 604800 seconds, a week, got 0"));
    EXPECT_EQ(outcome_with("X-Amz-Expires=600", "X-Amz-Expires=604801"),
              incomplete("X-Amz-Expires must be between 1 and 604800 seconds, a week, got 604801"));
    EXPECT_EQ(outcome_with("X-Amz-Expires=600", "X-Amz-Expires=ten"),
              incomplete("X-Amz-Expires should be a number"));
    EXPECT_EQ(outcome_with("X-Amz-Expires=600", "X-Amz-Expires=604800"), invalid(kMismatch));
    EXPECT_EQ(outcome_with("&X-Amz-Date=", "&Y="),
              incomplete("AWS query-string parameters must include 'X-Amz-Date'."));
    EXPECT_EQ(outcome_with("&X-Amz-Date=", "&X-Amz-Date=x&X-Amz-Date="),
              incomplete("'X-Amz-Date' is in the query string twice."));
    EXPECT_EQ(outcome_with("=AWS4-HMAC-SHA256", "=AWS4-ECDSA-P256-SHA256"),
              incomplete("Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."));
    EXPECT_EQ(outcome_with("AKID%2F", "AKIDX%2F"),
              std::string("UnrecognizedClientException: ") + kUnknown);
}

TEST_F(SigV4Presigned, ATokenIsInTheSignedQuery) {
    Sent sent{
        .headers = {{"Host", "h"}},
        .keys = {
            .access_key_id = "ASIA", .secret_access_key = "secret/key+", .session_token = "token"}};
    EXPECT_EQ(outcome(sent.presign_at(kNow, Seconds{60})), "signed by ASIA for batch");
}

TEST_F(SigV4Presigned, TwoWaysAtOnceAreRefused) {
    Sent sent{.headers = {{"Host", "h"}}};
    sent.presign_at(kNow, Seconds{60}).sign_at(kNow);
    EXPECT_TRUE(outcome(sent).starts_with(incomplete("Only one auth mechanism allowed")));
}

}  // namespace
}  // namespace batchd::net
