#include "cli/output.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

TEST(ToText, IndentsWhatIsInside) {
    const Json document{
        {"a", 1}, {"b", {{"c", "text"}, {"d", Json::array()}}}, {"e", {{{"x", 1}, {"y", 2}}, "z"}}};
    EXPECT_EQ(to_text(document),
              "a: 1\n"
              "b:\n"
              "  c: text\n"
              "  d: []\n"
              "e:\n"
              "  - x: 1\n"
              "    y: 2\n"
              "  - z\n");
}

TEST(ToText, OfASingleValueIsTheValue) { EXPECT_EQ(to_text(Json("x")), "x\n"); }

TEST(Summary, TellsStatusCodeAndReasons) {
    EXPECT_EQ(summary_of({{"status", "RUNNING"}}), "RUNNING");
    EXPECT_EQ(
        summary_of({{"status", "FAILED"},
                    {"statusReason", "Essential container in task exited"},
                    {"container", {{"exitCode", 137}, {"reason", "OutOfMemoryError: killed"}}}}),
        "FAILED, exit code 137: Essential container in task exited (OutOfMemoryError: killed)");
}

}  // namespace
}  // namespace batchd::cli
