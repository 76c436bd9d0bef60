// How tasks end, in AWS Batch's words.
#include "runtime/fargate/task_outcome.hpp"

#include <gtest/gtest.h>

namespace batchd::runtime {
namespace {

constexpr Timestamp kNow{Milliseconds{5'000}};

ports::StartAttempt an_attempt(std::vector<std::string> names = {"default"}) {
    ports::StartAttempt start;
    for (auto& name : names) {
        auto& container = start.task.containers.emplace_back();
        container.name = name;
        start.logs.push_back({.group = "g", .stream = name});
    }
    return start;
}

aws::Task a_task(std::string stop_code, std::string reason,
                 std::vector<aws::TaskContainer> containers) {
    aws::Task task;
    task.last_status = "STOPPED";
    task.stop_code = std::move(stop_code);
    task.stopped_reason = std::move(reason);
    task.containers = std::move(containers);
    task.stopped = Timestamp{Milliseconds{4'000}};
    return task;
}

TEST(TaskOutcome, AnExitIsTheContainers) {
    const auto outcome =
        outcome_of(a_task("EssentialContainerExited", "Essential container in task exited",
                          {{.name = "default", .exit_code = 3}}),
                   an_attempt(), kNow);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.reason, "");
    EXPECT_EQ(outcome.status_reason, "Essential container in task exited");
    EXPECT_EQ(outcome.stopped_at, Timestamp{Milliseconds{4'000}});
    EXPECT_TRUE(outcome.containers.empty());
}

TEST(TaskOutcome, AContainersReasonIsKept) {
    const std::string reason = "OutOfMemoryError: container killed due to memory usage";
    const auto outcome =
        outcome_of(a_task("EssentialContainerExited", "Essential container in task exited",
                          {{.name = "default", .exit_code = 137, .reason = reason}}),
                   an_attempt(), kNow);
    EXPECT_EQ(outcome.reason, reason);
}

TEST(TaskOutcome, WithoutAnExitCodeThereIsNone) {
    const auto task = a_task("TaskFailedToStart", "CannotPullContainerError: no such image",
                             {{.name = "default"}});
    const auto outcome = outcome_of(task, an_attempt(), kNow);
    EXPECT_EQ(outcome.exit_code, std::nullopt);
    EXPECT_EQ(outcome.status_reason, "CannotPullContainerError: no such image");
    EXPECT_FALSE(has_run(task));
}

TEST(TaskOutcome, ASpotInterruptionSaysSo) {
    auto task = a_task("SpotInterruption", "Your Spot Task was interrupted.",
                       {{.name = "default", .exit_code = 137}});
    EXPECT_EQ(outcome_of(task, an_attempt(), kNow).status_reason,
              "Your Spot Task was interrupted.");
    task.stopped_reason.clear();
    EXPECT_EQ(outcome_of(task, an_attempt(), kNow).status_reason,
              "Your Spot Task was interrupted.");
    task.containers[0].exit_code = 0;  // AWS: a job that ends in its grace has succeeded
    EXPECT_EQ(outcome_of(task, an_attempt(), kNow).exit_code, 0);
}

TEST(TaskOutcome, AnEndWithoutWordsIsAnExitIfItRan) {
    EXPECT_EQ(outcome_of(a_task("", "", {{.name = "default", .exit_code = 0}}), an_attempt(), kNow)
                  .status_reason,
              "Essential container in task exited");
    EXPECT_EQ(outcome_of(a_task("", "", {{.name = "default"}}), an_attempt(), kNow).status_reason,
              "Task failed to start");
}

TEST(TaskOutcome, OfSeveralContainersTheFirstEssentialOneThatFailedDecides) {
    auto start = an_attempt({"a", "side", "b"});
    start.task.containers[1].essential = false;
    const auto task = a_task("EssentialContainerExited", "Essential container in task exited",
                             {{.name = "b", .exit_code = 2},
                              {.name = "a", .exit_code = 0},
                              {.name = "side", .exit_code = 9}});
    const auto outcome = outcome_of(task, start, kNow);
    EXPECT_EQ(outcome.exit_code, 2);
    ASSERT_EQ(outcome.containers.size(), 3U);
    EXPECT_EQ(outcome.containers[0].exit_code, 0);
    EXPECT_EQ(outcome.containers[1].exit_code, 9);
    EXPECT_EQ(outcome.containers[2].log_stream, "b");
}

TEST(TaskOutcome, ReasonsAreShortened) {
    const auto outcome =
        outcome_of(a_task("TaskFailedToStart", std::string(2000, 'x'), {}), an_attempt(), kNow);
    EXPECT_EQ(outcome.status_reason.size(), 255U);
}

TEST(TaskOutcome, AnErrorOfTheStartIsToldWithItsCode) {
    const auto outcome = not_started({.code = "InvalidParameterException",
                                      .message = "No Subnets",
                                      .status = 400,
                                      .error_class = aws::ErrorClass::Configuration},
                                     kNow);
    EXPECT_EQ(outcome.reason, "InvalidParameterException: No Subnets");
    EXPECT_EQ(outcome.status_reason, "Task failed to start");
    EXPECT_EQ(outcome.exit_code, std::nullopt);
}

TEST(TaskOutcome, SomeErrorsPass) {
    using enum aws::ErrorClass;
    const auto error = [](aws::ErrorClass error_class, int status, std::string message = {}) {
        return aws::ApiError{.code = "C",
                             .message = std::move(message),
                             .status = status,
                             .error_class = error_class};
    };
    EXPECT_TRUE(may_work_later(error(Capacity, 200)));
    EXPECT_TRUE(may_work_later(error(Throttling, 400)));
    EXPECT_TRUE(may_work_later(error(Unreachable, 0)));
    EXPECT_TRUE(may_work_later(error(Credentials, 400)));
    EXPECT_TRUE(may_work_later(error(Other, 502)));
    EXPECT_FALSE(may_work_later(error(Configuration, 400)));
    EXPECT_FALSE(may_work_later(error(Other, 400)));
    EXPECT_TRUE(may_work_later(
        error(Configuration, 400, "You've reached the limit on the number of vCPUs")));
    EXPECT_FALSE(is_refusal(error(Unreachable, 0)));
    EXPECT_FALSE(is_refusal(error(Throttling, 503)));
    EXPECT_TRUE(is_refusal(error(Capacity, 200)));
    EXPECT_TRUE(is_refusal(error(Credentials, 0)));
}

}  // namespace
}  // namespace batchd::runtime
