#include "batchd/base/json_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace batchd::json {
namespace {

struct Inner {
    std::string name;
    std::optional<bool> read_only;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, read_only))

struct Outer {
    std::string job_name;
    std::int32_t count = 7;
    std::int64_t created_at = 0;
    double ratio = 0;
    std::optional<std::int32_t> limit;
    std::vector<Inner> mount_points;
    std::map<std::string, std::string> tags;
    std::optional<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Outer, (),
                      (job_name, count, created_at, ratio, limit, mount_points, tags, inner))

enum class Color { Red };
std::string_view to_string(Color) { return "RED"; }
std::optional<Color> from_string(std::string_view text, Color*) {
    return text == "RED" ? std::optional(Color::Red) : std::nullopt;
}

struct Painted {
    Color color = Color::Red;
};
BOOST_DESCRIBE_STRUCT(Painted, (), (color))

template <class T>
std::string error_of(std::string_view text) {
    const auto result = parse_as<T>(text);
    if (result) return "(accepted)";
    EXPECT_EQ(result.error().kind, ErrorKind::InvalidArgument);
    return result.error().message;
}

TEST(CamelCase, MakesWireNames) {
    EXPECT_EQ(camel_case("job_name"), "jobName");
    EXPECT_EQ(camel_case("minv_cpus"), "minvCpus");
    EXPECT_EQ(camel_case("size_in_gi_b"), "sizeInGiB");
    EXPECT_EQ(camel_case("ec2_key_pair"), "ec2KeyPair");
    EXPECT_EQ(camel_case("image"), "image");
}

TEST(Decode, TellsOfUnknownMembersIfItIsAsked) {
    const auto body = parse(R"({"jobName": "a", "colour": 1, "nothing": null, "": 2,
        "tags": {"any": "name"}, "inner": {"name": "x", "shape": {}},
        "mountPoints": [{"name": "x"}, {"name": "y", "size": 3}]})");
    ASSERT_TRUE(body);
    std::vector<std::string> unknown;
    const auto outer = decode<Outer>(*body, unknown);
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(outer->inner->name, "x");
    std::ranges::sort(unknown);
    EXPECT_EQ(unknown,
              (std::vector<std::string>{"", "colour", "inner.shape", "mountPoints[1].size"}));

    Json many = Json::object();
    for (int i = 0; i < 100; ++i) many["m" + std::to_string(i)] = i;
    unknown.clear();
    ASSERT_TRUE(decode<Outer>(many, unknown));
    EXPECT_EQ(unknown.size(), kMostUnknown);
}

TEST(Decode, ReadsNestedMembersByTheirWireNames) {
    const auto outer = parse_as<Outer>(R"({
        "jobName": "a", "count": -2147483648, "createdAt": 9223372036854775807, "ratio": 2,
        "limit": 2147483647, "mountPoints": [{"name": "x", "readOnly": true}, {"name": "y"}],
        "tags": {"team": "blue"}, "inner": {"name": "z"}})");
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(outer->job_name, "a");
    EXPECT_EQ(outer->count, std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(outer->created_at, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(outer->ratio, 2.0);
    EXPECT_EQ(outer->limit, std::numeric_limits<std::int32_t>::max());
    ASSERT_EQ(outer->mount_points.size(), 2U);
    EXPECT_EQ(outer->mount_points[0].read_only, true);
    EXPECT_EQ(outer->mount_points[1].name, "y");
    EXPECT_EQ(outer->mount_points[1].read_only, std::nullopt);
    EXPECT_EQ(outer->tags.at("team"), "blue");
    EXPECT_EQ(outer->inner->name, "z");
}

TEST(Decode, KeepsDefaultsOfAbsentAndNullMembers) {
    const auto outer = parse_as<Outer>(R"({"jobName": null, "limit": null, "inner": null})");
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(outer->job_name, "");
    EXPECT_EQ(outer->count, 7);
    EXPECT_FALSE(outer->limit);
    EXPECT_FALSE(outer->inner);
}

TEST(Decode, IgnoresUnknownMembers) {
    const auto outer = parse_as<Outer>(R"({"jobName": "a", "fromTheFuture": [{}], "": 1})");
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(outer->job_name, "a");
}

TEST(Decode, NamesPathRuleAndValueOfAWrongType) {
    const struct {
        std::string_view text;
        std::string_view error;
    } cases[] = {
        {"[]", "the request body must be an object, got []"},
        {R"({"jobName": 1})", "jobName must be a string, got 1"},
        {R"({"count": "3"})", R"(count must be an integer, got "3")"},
        {R"({"count": 1.5})", "count must be an integer, got 1.5"},
        {R"({"count": true})", "count must be an integer, got true"},
        {R"({"ratio": "x"})", R"(ratio must be a number, got "x")"},
        {R"({"limit": {}})", "limit must be an integer, got {}"},
        {R"({"tags": []})", "tags must be an object, got []"},
        {R"({"tags": {"a": 1}})", "tags.a must be a string, got 1"},
        {R"({"tags": {"a": null}})", "tags.a must be a value, got null"},
        {R"({"mountPoints": {}})", "mountPoints must be a list, got {}"},
        {R"({"mountPoints": [null]})", "mountPoints[0] must be a value, got null"},
        {R"({"mountPoints": [{}, {"readOnly": "yes"}]})",
         R"(mountPoints[1].readOnly must be true or false, got "yes")"},
        {R"({"inner": {"name": []}})", "inner.name must be a string, got []"},
    };
    for (const auto& c : cases) EXPECT_EQ(error_of<Outer>(c.text), c.error) << c.text;
}

TEST(Decode, RefusesIntegersThatDoNotFit) {
    EXPECT_EQ(error_of<Outer>(R"({"count": 2147483648})"),
              "count must be an integer of at most 2147483647, got 2147483648");
    EXPECT_EQ(error_of<Outer>(R"({"count": -2147483649})"),
              "count must be an integer of at least -2147483648, got -2147483649");
    EXPECT_EQ(error_of<Outer>(R"({"createdAt": 9223372036854775808})"),
              "createdAt must be an integer of at most 9223372036854775807, got "
              "9223372036854775808");
    EXPECT_EQ(error_of<Outer>(R"({"createdAt": 18446744073709551616})"),
              "createdAt must be an integer, got 1.8446744073709552e+19");
}

TEST(Decode, CutsLongValuesInMessages) {
    const std::string value(1000, 'x');
    EXPECT_EQ(error_of<Outer>(R"({"count": ")" + value + R"("})"),
              "count must be an integer, got \"" + value.substr(0, 56) + "...");
}

TEST(Decode, ReadsEnumsByTheirNames) {
    EXPECT_TRUE(parse_as<Painted>(R"({"color": "RED"})"));
    EXPECT_EQ(error_of<Painted>(R"({"color": "BLUE"})"),
              R"(color must be one of its known values, got "BLUE")");
    EXPECT_EQ(error_of<Painted>(R"({"color": 1})"), "color must be a string, got 1");
}

TEST(Parse, SaysWhereTextIsNotJson) {
    EXPECT_TRUE(error_of<Outer>("{\"a\": }")
                    .starts_with("the text is not valid JSON: parse error at line 1, column 7"));
    EXPECT_TRUE(error_of<Outer>("").starts_with("the text is not valid JSON: "));
    EXPECT_TRUE(
        error_of<Outer>("{\"jobName\": \"\xff\"}").starts_with("the text is not valid JSON: "))
        << "invalid UTF-8";
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Parse, RefusesTextThatIsTooDeep) {
    EXPECT_TRUE(parse(nested(64)));
    const auto deep = parse(nested(65));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(deep.error().message, "the JSON text is nested more than 64 levels deep");
    EXPECT_FALSE(parse(std::string(1'000'000, '[')));
}

TEST(Parse, DoesNotCountBracketsInsideOfStrings) {
    EXPECT_TRUE(parse("\"" + std::string(100, '[') + "\""));
    EXPECT_TRUE(parse("\"\\\"" + std::string(100, '[') + "\""));
    EXPECT_TRUE(parse("[" + std::string("[],") + nested(62) + "]"));
}

TEST(Encode, OmitsEmptyOptionalsAndWritesEmptyLists) {
    EXPECT_EQ(Json::parse(to_text(Outer{})),
              Json::parse(R"({"count":7,"createdAt":0,"jobName":"","mountPoints":[],"ratio":0.0,)"
                          R"("tags":{}})"));
}

TEST(Encode, WritesWhatDecodeReads) {
    const std::string text =
        R"({"count":1,"createdAt":2,"inner":{"name":"i","readOnly":false},"jobName":"j","limit":3,)"
        R"("mountPoints":[{"name":"m"}],"ratio":0.5,"tags":{"k":"v"}})";
    const auto outer = parse_as<Outer>(text);
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(encode(*outer), Json::parse(text));
    const auto again = parse_as<Outer>(to_text(*outer));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_text(*again), to_text(*outer));
    EXPECT_EQ(to_text(Painted{}), R"({"color":"RED"})");
}

TEST(Write, EscapesWhatJsonWantsEscapedAsTheLibraryDoes) {
    for (const std::string text :
         {"", "plain ~ text", "a\"b", "a\\b", "line\nbreak\t", "\x01", "\x7f", "gr\xc3\xbc\xc3\x9f",
          "\xf0\x9f\x9a\x80", "cut off \xe2\x82", "\xff"}) {
        EXPECT_EQ(to_text(text), dump(Json(text))) << text;
    }
    EXPECT_EQ(to_text(std::string("a\0b", 3)), R"("a\u0000b")");
    EXPECT_EQ(to_text(std::map<std::string, std::string>{{"a\"", "1"}, {"b", "2"}}),
              R"({"a\"":"1","b":"2"})");
    EXPECT_EQ(to_text(std::vector<double>{0.1, 2, -1e300}), "[0.1,2.0,-1e+300]");
    EXPECT_EQ(to_text(std::vector<std::int64_t>{}), "[]");
}

TEST(ParseEach, VisitsTheElementsOfOneListAndReturnsTheRest) {
    std::vector<std::string> seen;
    const auto visit = [&](Json& element) { seen.push_back(element.dump()); };
    const auto rest =
        parse_each(R"({"a":{"jobs":[1]},"jobs":[{"n":[1,{"x":2}]},3,[4,[5]],"s",null],"b":[7]})",
                   "jobs", visit);
    ASSERT_TRUE(rest) << rest.error().message;
    EXPECT_EQ(*rest, Json::parse(R"({"a":{"jobs":[1]},"jobs":[],"b":[7]})"));
    EXPECT_EQ(seen,
              (std::vector<std::string>{R"({"n":[1,{"x":2}]})", "3", "[4,[5]]", "\"s\"", "null"}));
}

TEST(ParseEach, VisitsNothingWhereThereIsNoSuchList) {
    int visits = 0;
    for (const char* text : {"{}", "[1,2]", R"({"jobs":{"a":[1]}})", R"([{"jobs":[1]}])", "3"}) {
        EXPECT_TRUE(parse_each(text, "jobs", [&](Json&) { ++visits; })) << text;
    }
    EXPECT_EQ(visits, 0);
    const auto twice = parse_each(R"({"jobs":[],"jobs":[1]})", "jobs", [](Json&) {});
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().message, "the member 'jobs' is given more than once");
    const auto cut_off = parse_each(R"({"jobs":[1,2)", "jobs", [&](Json&) { ++visits; });
    ASSERT_FALSE(cut_off);
    EXPECT_EQ(cut_off.error().kind, ErrorKind::InvalidArgument);
}

TEST(Dump, ReplacesInvalidUtf8) { EXPECT_EQ(dump(Json("a\xff")), "\"a\xef\xbf\xbd\""); }

}  // namespace
}  // namespace batchd::json
