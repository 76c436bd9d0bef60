// Random requests: botocore's signer and ours agree, and our verifier takes both.
#include "batchd/base/json.hpp"
#include "batchd/base/time_text.hpp"
#include "batchd/net/sigv4.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>

namespace batchd::net {
namespace {

struct Case {
    std::string method, path, query, host, body, region, service, timestamp;
    std::vector<std::vector<std::string>> headers;
    std::string access_key_id, secret, token;
    std::string authorization, unique_query, presigned_query;
    std::int64_t expires = 0;
};

std::string unhex(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

Case read_case(const json::Json& line) {
    Case c;
    const auto take = [&](const char* name, std::string& out) { out = line.at(name); };
    take("method", c.method);
    take("path", c.path);
    take("query", c.query);
    take("host", c.host);
    take("region", c.region);
    take("service", c.service);
    take("timestamp", c.timestamp);
    take("access_key_id", c.access_key_id);
    take("secret", c.secret);
    take("token", c.token);
    take("authorization", c.authorization);
    take("unique_query", c.unique_query);
    take("presigned_query", c.presigned_query);
    c.body = unhex(line.at("body"));
    c.headers = line.at("headers");
    c.expires = line.at("expires");
    return c;
}

std::vector<Case> botocore_cases(unsigned seed, int count) {
    const char* python = std::getenv("BATCHD_PYTHON");
    const std::string command =
        fmt::format("{} {}/tests/component/net/sign_with_botocore.py {} {}",
                    python != nullptr ? python : "python3", BATCHD_SOURCE_DIR, seed, count);
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string output;
    std::array<char, 65536> chunk{};
    while (const auto size = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
        output.append(chunk.data(), size);
    }
    EXPECT_EQ(::pclose(pipe), 0) << command << ": is botocore installed?";
    std::vector<Case> cases;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        cases.push_back(read_case(json::Json::parse(line)));
    }
    return cases;
}

std::string query_member(const std::string& query, const std::string& name) {
    const auto at = query.find(name + "=");
    if (at == std::string::npos) return "none";
    return query.substr(at, query.find('&', at) - at);
}

class Botocore : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        const unsigned seed = std::random_device{}();
        std::printf("seed %u\n", seed);
        cases_ = botocore_cases(seed, 500);
        ASSERT_EQ(cases_.size(), 500U);
    }
    static std::expected<Signer, SignatureError> verified(const Case& c, const std::string& query,
                                                          const HeaderList& headers,
                                                          const std::string& body,
                                                          const std::string& secret) {
        const KeyLookup lookup = [&](std::string_view) {
            return KnownKey{.secret_access_key = secret, .session_token = c.token, .expires{}};
        };
        return verify({c.method, c.path, query, headers, body}, lookup,
                      {.region = c.region, .services = {c.service}},
                      *parse_basic_iso8601(c.timestamp));
    }
    static AwsKeys keys(const Case& c) { return {c.access_key_id, c.secret, c.token}; }

    static HeaderList headers(const Case& c) {
        HeaderList list;
        for (const auto& pair : c.headers) list.emplace_back(pair[0], pair[1]);
        return list;
    }
    inline static std::vector<Case> cases_;
};

TEST_F(Botocore, SignsAsWeDo) {
    for (const auto& c : cases_) {
        HeaderList list = headers(c);
        const auto added = sign({c.method, c.path, c.query, list, c.body}, keys(c),
                                {c.region, c.service}, *parse_basic_iso8601(c.timestamp));
        ASSERT_EQ(added.back().second, c.authorization) << c.path << "?" << c.query;
        list.insert(list.end(), added.begin(), added.end());
        const auto signer = verified(c, c.query, list, c.body, c.secret);
        ASSERT_TRUE(signer) << signer.error().message << " " << c.path << "?" << c.query;
        ASSERT_FALSE(verified(c, c.query, list, c.body, c.secret + "x"));
        ASSERT_FALSE(verified(c, c.query, list, c.body + "x", c.secret));
    }
}

TEST_F(Botocore, PresignsAsWeDo) {
    for (const auto& c : cases_) {
        const HeaderList list{{"Host", c.host}};
        const std::string query =
            presign({c.method, c.path, c.unique_query, list, ""}, keys(c), {c.region, c.service},
                    *parse_basic_iso8601(c.timestamp), Seconds{c.expires});
        ASSERT_EQ(query_member(query, "X-Amz-Signature"),
                  query_member(c.presigned_query, "X-Amz-Signature"))
            << c.presigned_query;
        for (const auto& presigned : {query, c.presigned_query}) {
            const auto signer = verified(c, presigned, list, "", c.secret);
            ASSERT_TRUE(signer) << signer.error().message << " " << presigned;
            ASSERT_FALSE(verified(c, presigned, list, "", c.secret + "x"));
        }
    }
}

}  // namespace
}  // namespace batchd::net
