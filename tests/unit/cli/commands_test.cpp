#include "batchd/cli/commands.hpp"

#include "cli/run_body.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

/// Whether the command line is understood.
bool parses(std::vector<std::string> arguments) {
    CLI::App app{"test"};
    app.require_subcommand(1);
    std::move_only_function<int()> chosen;
    add_commands(app, {}, chosen);
    std::ranges::reverse(arguments);  // as CLI11 takes them
    try {
        app.parse(arguments);
    } catch (const CLI::ParseError&) {
        return false;
    }
    return static_cast<bool>(chosen);
}

TEST(Commands, TakeWhatTheirManualSays) {
    for (const auto& line : std::vector<std::vector<std::string>>{
             {"run", "--image", "alpine"},
             {"run", "-q",        "q",   "-i",      "alpine", "-e",       "A=1", "-e",
              "B",   "--tag",     "x=y", "--vcpus", "2",      "--memory", "64",  "--attempts",
              "3",   "--timeout", "9",   "--key",   "k",      "--detach"},
             {"run", "-i", "a", "--detach-on-signal", "--retry-for", "0.5", "-o", "json"},
             {"wait", "a", "b", "--any", "--until", "running", "--timeout", "3"},
             {"logs", "-f", "--attempt", "2", "--tail", "10", "a"},
             {"jobs", "--queue", "q", "--status", "FAILED", "--limit", "10"},
             {"explain", "a", "--url", "http://host:1"},
             {"cancel", "a", "--reason", "why"},
             {"terminate", "a", "b"},
             {"hold", "a"},
             {"release", "a"},
             {"rerun", "a"},
             {"pause", "q"},
             {"resume", "q"},
             {"completion", "zsh"},
             {"help", "run"}}) {
        EXPECT_TRUE(parses(line)) << Json(line);
    }
}

TEST(Commands, RefuseWhatMakesNoSense) {
    for (const auto& line :
         std::vector<std::vector<std::string>>{{},
                                               {"runn"},
                                               {"run"},
                                               {"run", "--image", "a", "--vcpus", "0"},
                                               {"run", "--image", "a", "--vcpus", "many"},
                                               {"run", "--image", "a", "--no-such"},
                                               {"run", "--image", "a", "--output", "xml"},
                                               {"run", "--image", "a", "--url", "host:8080"},
                                               {"wait"},
                                               {"wait", "a", "--until", "never"},
                                               {"wait", "a", "--timeout", "-1"},
                                               {"logs"},
                                               {"logs", "a", "--attempt", "0"},
                                               {"cancel"},
                                               {"completion", "fish"}}) {
        EXPECT_FALSE(parses(line)) << Json(line);
    }
}

TEST(Commands, LeaveWhatFollowsTheDashesToTheJob) {
    const std::array line{"batchd", "run", "-i", "a", "--", "sh", "-c", "x", "--", "y"};
    EXPECT_EQ(own_arguments(line.size(), line.data()), 4);
    const std::array without{"batchd", "run", "-i", "a"};
    EXPECT_EQ(own_arguments(without.size(), without.data()), 4);
    const std::array other{"batchd", "logs", "--", "id"};
    EXPECT_EQ(own_arguments(other.size(), other.data()), 4);
}

TEST(RunBody, HoldsOnlyWhatWasGiven) {
    EXPECT_EQ(run_body({.image = "alpine"}), (Json{{"image", "alpine"}}));
}

TEST(RunBody, HasTheNamesOfTheApi) {
    const auto body = run_body({.image = "alpine",
                                .queue = "q",
                                .name = "n",
                                .vcpus = 2,
                                .memory = 64,
                                .gpus = 1,
                                .attempts = 3,
                                .timeout = 9,
                                .array_size = 4,
                                .environment = {"A=1=2", "EMPTY="},
                                .tags = {"team=x"},
                                .depends_on = {"id"},
                                .command = {"echo", "-n", "hi"}});
    EXPECT_EQ(body, (Json{{"image", "alpine"},
                          {"queue", "q"},
                          {"name", "n"},
                          {"vcpus", 2},
                          {"memory", 64},
                          {"gpus", 1},
                          {"attempts", 3},
                          {"timeoutSeconds", 9},
                          {"arraySize", 4},
                          {"environment", {{"A", "1=2"}, {"EMPTY", ""}}},
                          {"tags", {{"team", "x"}}},
                          {"dependsOn", {"id"}},
                          {"command", {"echo", "-n", "hi"}}}));
}

TEST(RunBody, TakesOverAVariableOfOurs) {
    ::setenv("BATCHD_TEST_VARIABLE", "ours", 1);
    const auto body = run_body({.image = "a", .environment = {"BATCHD_TEST_VARIABLE"}});
    ASSERT_TRUE(body);
    EXPECT_EQ((*body)["environment"]["BATCHD_TEST_VARIABLE"], "ours");
    ::unsetenv("BATCHD_TEST_VARIABLE");
    EXPECT_FALSE(run_body({.image = "a", .environment = {"BATCHD_TEST_VARIABLE"}}));
}

TEST(RunBody, RefusesHalfAPair) {
    EXPECT_FALSE(run_body({.image = "a", .environment = {"=1"}}));
    EXPECT_FALSE(run_body({.image = "a", .tags = {"x"}}));
    EXPECT_FALSE(run_body({.image = "a", .tags = {"=x"}}));
}

}  // namespace
}  // namespace batchd::cli
