#include "batchd/base/uuid.hpp"

#include <gtest/gtest.h>

#include <set>

namespace batchd {
namespace {

constexpr std::string_view kText = "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";

TEST(Uuid, ReadsAndWritesItsCanonicalText) {
    const auto id = parse_uuid(kText);
    ASSERT_TRUE(id);
    EXPECT_EQ(id->bytes[0], 0x01);
    EXPECT_EQ(id->bytes[15], 0x06);
    EXPECT_EQ(to_string(*id), kText);
}

TEST(Uuid, RefusesEveryOtherForm) {
    for (const std::string_view text : {
             "",
             "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50",
             "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f5060",
             "0192F3A4-5b6c-7d8e-9fa0-b1c2d3e4f506",
             "0192f3a45b6c-7d8e-9fa0-b1c2d3e4f506--",
             "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50g",
             "0192f3a4_5b6c-7d8e-9fa0-b1c2d3e4f506",
             "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506:0",
         }) {
        EXPECT_FALSE(parse_uuid(text)) << text;
    }
}

TEST(Uuid, BeginsWithTheMillisecondsOfItsTime) {
    const auto text = to_string(make_uuid(from_epoch_ms(0x0192f3a45b6c)));
    EXPECT_EQ(text.substr(0, 13), "0192f3a4-5b6c");
    EXPECT_EQ(text[14], '7') << "the version";
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << "the variant";
}

TEST(Uuid, GrowsWithTime) {
    EXPECT_LT(make_uuid(from_epoch_ms(1000)), make_uuid(from_epoch_ms(1001)));
    EXPECT_LT(to_string(make_uuid(from_epoch_ms(255))), to_string(make_uuid(from_epoch_ms(256))));
}

TEST(Uuid, DiffersWithinOneMillisecond) {
    std::set<Uuid> ids;
    for (int i = 0; i < 1000; ++i) ids.insert(make_uuid(from_epoch_ms(5)));
    EXPECT_EQ(ids.size(), 1000U);
}

}  // namespace
}  // namespace batchd
