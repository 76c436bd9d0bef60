#include "batchd/model/names.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using Tags = std::map<std::string, std::string>;

Tags tags(int count) {
    Tags result;
    for (int i = 0; i < count; ++i) result["key" + std::to_string(i)] = "";
    return result;
}

std::string repeat(std::string_view text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
}

TEST(Tags, FollowTheRulesOfAws) {
    const std::string charset =
        "Tags can only contain letters, numbers, spaces, and the following special characters: _ "
        ". : / = + - @";
    const auto add = [](std::string key, std::string value) {
        return [key, value](Tags& t) { t[key] = value; };
    };
    testing::expect_rules<Tags>(
        {},
        {
            {"none", [](Tags&) {}, kAccepted},
            {"50 tags", [](Tags& t) { t = tags(50); }, kAccepted},
            {"51 tags", [](Tags& t) { t = tags(51); }, "tags must have at most 50 entries, got 51"},
            {"empty key", add("", "x"), "tag key '' must have 1 to 128 characters"},
            {"empty value", add("a", ""), kAccepted},
            {"key of 128", add(std::string(128, 'k'), ""), kAccepted},
            {"key of 129", add(std::string(129, 'k'), ""),
             "tag key '" + std::string(80, 'k') + "...' must have 1 to 128 characters"},
            {"key of 128 that are two bytes each", add(repeat("\xc3\xa4", 128), ""), kAccepted},
            {"value of 256", add("a", std::string(256, 'v')), kAccepted},
            {"value of 257", add("a", std::string(257, 'v')),
             "value '" + std::string(80, 'v') + "...' of tag 'a' must have at most 256 characters"},
            {"all characters", add("azAZ09 _.:/=+-@", "azAZ09 _.:/=+-@"), kAccepted},
            {"bad key", add("a,b", ""), charset},
            {"bad value", add("a", "<b>"), charset},
            {"new line", add("a", "b\n"), charset},
            {"reserved key", add("aws:cost", ""),
             "tag key 'aws:cost' must not begin with 'aws:', which is reserved"},
            {"reserved key in capitals", add("AWS:cost", ""),
             "tag key 'AWS:cost' must not begin with 'aws:', which is reserved"},
            {"neighbour of a reserved key", add("awscost", "aws:x"), kAccepted},
        },
        [](const Tags& t) { return validate_tags(t); });
}

}  // namespace
}  // namespace batchd::model
