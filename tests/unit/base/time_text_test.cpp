#include "batchd/base/time_text.hpp"

#include <gtest/gtest.h>

namespace batchd {
namespace {

std::string text(const std::optional<Timestamp>& time) {
    return time ? to_basic_iso8601(*time) : "none";
}

TEST(TimeText, HttpDates) {
    EXPECT_EQ(text(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")), "19941106T084937Z");
    for (const char* wrong : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                              "Sun, 31 Feb 2021 08:49:37 GMT", "yesterday"}) {
        EXPECT_FALSE(parse_http_date(wrong)) << wrong;
    }
}

TEST(TimeText, Iso8601) {
    EXPECT_EQ(text(parse_iso8601("2026-01-01T00:00:00Z")), "20260101T000000Z");
    EXPECT_EQ(text(parse_iso8601("2026-01-01T00:00:00.123456Z")), "20260101T000000Z");
    EXPECT_EQ(text(parse_iso8601("2026-01-01T01:30:00+01:30")), "20260101T000000Z");
    EXPECT_EQ(text(parse_iso8601("2025-12-31T22:00:00-0200")), "20260101T000000Z");
    for (const char* wrong : {"", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
                              "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Zx"}) {
        EXPECT_FALSE(parse_iso8601(wrong)) << wrong;
    }
}

TEST(TimeText, BasicIso8601IsStrict) {
    EXPECT_EQ(text(parse_basic_iso8601("20150830T123600Z")), "20150830T123600Z");
    for (const char* wrong : {"", "20150830T12360Z", "20150830T123600", "20150830T246000Z",
                              " 20150830T123600Z", "20150830t123600z", "2015083T1236000Z"}) {
        EXPECT_FALSE(parse_basic_iso8601(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace batchd
