#include "cli/exit_code.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

Json failed(const char* members) {
    Json job = Json::parse(members);
    job["status"] = "FAILED";
    return job;
}

Json attempt(const Json& container, const char* reason = "Essential container in task exited") {
    return {{"attempts", Json::array({{{"container", container}, {"statusReason", reason}}})}};
}

Json failed(Json job) {
    job["status"] = "FAILED";
    return job;
}

TEST(ExitCode, OfAJobThatSucceededIsZero) {
    EXPECT_EQ(exit_code_of(Json{{"status", "SUCCEEDED"}}), 0);
    // It was too late to end it.
    EXPECT_EQ(exit_code_of(Json{{"status", "SUCCEEDED"}, {"isTerminated", true}}), 0);
}

TEST(ExitCode, IsTheContainersOwn) {
    for (const int code : {1, 3, 100, 125, 137, 255}) {
        EXPECT_EQ(exit_code_of(failed(attempt({{"exitCode", code}}))), code);
    }
}

TEST(ExitCode, IsTheNewestAttempts) {
    Json job = failed(attempt({{"exitCode", 3}}));
    job["attempts"].push_back({{"container", {{"exitCode", 4}}}});
    EXPECT_EQ(exit_code_of(job), 4);
}

TEST(ExitCode, TellsWhatKeptTheContainerFromRunning) {
    EXPECT_EQ(exit_code_of(failed(R"({"attempts": []})")), kNotStarted);
    EXPECT_EQ(exit_code_of(failed(attempt({{"reason", "CannotPullContainerError: no"}}))),
              kNotStarted);
    EXPECT_EQ(exit_code_of(failed(attempt(
                  {{"exitCode", 127}, {"reason", "CannotStartContainerError: no such file"}}))),
              kNotStarted);
}

TEST(ExitCode, TellsWhoEndedIt) {
    EXPECT_EQ(exit_code_of(failed(R"({"isCancelled": true, "attempts": []})")), kEnded);
    Json terminated = failed(attempt({{"exitCode", 143}}));
    terminated["isTerminated"] = true;
    EXPECT_EQ(exit_code_of(terminated), kEnded);
}

TEST(ExitCode, TellsThatATimeWasOver) {
    for (const auto* reason : {"Job attempt duration exceeded timeout",
                               "Job deadline exceeded: it was 1 (ms since 1970)",
                               "Job was RUNNABLE for longer than maxQueueSeconds (5)"}) {
        Json job = failed(attempt({{"exitCode", 137}}));
        job["statusReason"] = reason;
        EXPECT_EQ(exit_code_of(job), kTimedOut) << reason;
        job["attempts"] = Json::array();
        EXPECT_EQ(exit_code_of(job), kTimedOut) << reason;
    }
}

TEST(ExitCode, OfSeveralContainersIsThatOfOneThatFailed) {
    const Json task{{"containers", Json::array({{{"exitCode", 0}}, {{"exitCode", 9}}})}};
    EXPECT_EQ(exit_code_of(
                  failed({{"attempts", Json::array({{{"taskProperties", Json::array({task})}}})}})),
              9);
}

TEST(ExitCode, OfSeveralJobsSaysOnlyWhetherOneFailed) {
    const Json good{{"status", "SUCCEEDED"}};
    const Json bad = failed(attempt({{"exitCode", 3}}));
    EXPECT_EQ(exit_code_of(std::vector{good, good}), 0);
    EXPECT_EQ(exit_code_of(std::vector{good, bad}), kSomeFailed);
    EXPECT_EQ(exit_code_of(std::vector{bad}), 3);
    EXPECT_EQ(exit_code_of(failed(R"({"arrayProperties": {"size": 2}, "attempts": []})")),
              kSomeFailed);
}

TEST(ExitCode, OfAFailureWithoutAnExitCodeIsNeverZero) {
    EXPECT_NE(exit_code_of(failed(attempt({{"exitCode", 0}}))), 0);
}

TEST(ExitCode, OfAnHttpStatus) {
    EXPECT_EQ(exit_code_of_status(400), kWrongUse);
    EXPECT_EQ(exit_code_of_status(401), kUnauthorized);
    EXPECT_EQ(exit_code_of_status(403), kUnauthorized);
    EXPECT_EQ(exit_code_of_status(404), kNotFound);
    EXPECT_EQ(exit_code_of_status(409), kConflict);
    EXPECT_EQ(exit_code_of_status(500), kUnreachable);
}

}  // namespace
}  // namespace batchd::cli
