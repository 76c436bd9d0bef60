#include "batchd/base/json_text.hpp"

#include "batchd/base/json.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace batchd::json {
namespace {

TEST(JsonText, WritesMembersOfEveryKind) {
    std::string out;
    ObjectText object(out);
    object.string("a", "x").number("b", -12).boolean("c", true).raw("d", "[1]").members("\"e\":2");
    object.members("").name("f");
    out += "null";
    object.close();
    EXPECT_EQ(out, R"({"a":"x","b":-12,"c":true,"d":[1],"e":2,"f":null})");
}

TEST(JsonText, EscapesWhatMustBeEscaped) {
    for (const std::string text : {"", "plain", "a\"b\\c\n\x01", "gr\xc3\xbc\xc3\x9f"}) {
        std::string out;
        append_string(out, text);
        EXPECT_EQ(Json::parse(out).get<std::string>(), text) << out;
    }
    std::string out;
    append_string(out, "\xff");
    EXPECT_EQ(Json::parse(out).get<std::string>(), "\xef\xbf\xbd");
}

TEST(JsonText, WalksOverTheMembersOfAnObject) {
    const Json object{
        {"a", "x\"},{"},       {"b", Json::array({1, Json{{"c", "]"}}, Json::array()})},
        {"d", Json::object()}, {"e", 1.5},
        {"f", nullptr},        {"g", "end\\"}};
    Json copy = Json::object();
    const std::string text = dump(object);
    for_each_member(text, [&](std::string_view name, std::string_view value) {
        copy[std::string(name)] = Json::parse(value);
    });
    EXPECT_EQ(copy, object);
    EXPECT_EQ("{" + std::string(inside(text)) + "}", text);
}

TEST(JsonText, StopsAtWhatIsNoObject) {
    for (const std::string_view text : {"", "{", "{}", "[]", "x", "{\"a", "{\"a\"",
                                        "{\"a\":", "{\"a\":1", "{\"a\":\"", "{\"a\":{\"b\""}) {
        for_each_member(text, [&](std::string_view, std::string_view) { ADD_FAILURE() << text; });
        if (text != "{}") EXPECT_TRUE(inside(text).empty()) << text;
    }
}

}  // namespace
}  // namespace batchd::json
