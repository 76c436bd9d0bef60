#include "batchd/http/message.hpp"

#include "http/response_head.hpp"

#include <gtest/gtest.h>

namespace batchd::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(PercentDecode, decodes_once_and_leaves_plus) {
    EXPECT_EQ(percent_decode("a%20b%2Fc+d"), "a b/c+d");
    EXPECT_EQ(percent_decode("%2541"), "%41");
    EXPECT_EQ(percent_decode("%c3%A9"), "\xc3\xa9");
    EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecode, refuses_malformed_escapes) {
    for (const auto* text : {"%", "%4", "a%", "%zz", "%4g", "%%41", "% 41"}) {
        EXPECT_FALSE(percent_decode(text)) << text;
    }
}

TEST(Query, keeps_order_and_repeated_keys) {
    EXPECT_EQ(parse_query("a=1&b=x%26y&a=2"), (Pairs{{"a", "1"}, {"b", "x&y"}, {"a", "2"}}));
}

TEST(Query, plus_is_a_space_and_an_escaped_plus_is_a_plus) {
    EXPECT_EQ(parse_query("q=a+b%2Bc"), (Pairs{{"q", "a b+c"}}));
}

TEST(Query, knows_empty_values_and_skips_empty_pairs) {
    EXPECT_EQ(parse_query("&a&&b=&=c&d=e=f&"),
              (Pairs{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f"}}));
    EXPECT_EQ(parse_query(""), Pairs{});
}

TEST(Query, refuses_malformed_escapes_in_keys_and_values) {
    EXPECT_FALSE(parse_query("a=1&b=%zz"));
    EXPECT_FALSE(parse_query("a%=1"));
}

TEST(Headers, finds_the_first_without_regard_to_case) {
    Headers headers;
    headers.add("X-Amz-Target", "one");
    headers.add("x-amz-target", "two");
    EXPECT_EQ(headers.find("x-AMZ-target"), "one");
    EXPECT_EQ(headers.find("x-amz"), std::nullopt);
}

TEST(Request, gives_the_first_value_of_a_query_key) {
    Request request;
    request.query = {{"a", "1"}, {"a", "2"}};
    EXPECT_EQ(request.query_value("a"), "1");
    EXPECT_EQ(request.query_value("b"), std::nullopt);
}

TEST(ResponseHead, text_of_a_client_cannot_start_a_header) {
    Response response;
    response.headers.add("X-Job", "a\r\nSet-Cookie: b");
    std::string head;
    write_head(head, response, {.keep_alive = true});
    EXPECT_NE(head.find("X-Job: a  Set-Cookie: b\r\n"), std::string::npos) << head;
}

}  // namespace
}  // namespace batchd::http
