// Attempts from start to end, on a real Engine.
#include "component/runtime/runtime_fixture.hpp"

#include <algorithm>

namespace batchd::testing {
namespace {

using RunTest = RuntimeTest;

TEST_F(RunTest, ReportsCapacityOfTheHost) {
    boot();
    const auto capacity = events_.wait_host_up();
    ASSERT_TRUE(capacity);
    EXPECT_EQ(capacity->vcpu, vcpus(std::thread::hardware_concurrency()));
    EXPECT_GT(capacity->memory, MiB{256});
}

TEST_F(RunTest, RunsToItsEnd) {
    boot();
    const auto start = shell("echo hello; echo $AWS_BATCH_JOB_ATTEMPT; echo oops >&2; printf end");
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->reason, "");
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
    const auto seen = events_.seen(start.id);
    ASSERT_EQ(seen.started.size(), 1U);
    EXPECT_LE(seen.started[0].at, outcome->stopped_at);
    EXPECT_TRUE(logs_.is_closed(start.id));
    auto texts = logs_.texts(start.id);
    std::ranges::sort(texts);  // the two channels have no order among each other
    EXPECT_EQ(texts, (std::vector<std::string>{"1", "end", "hello", "oops"}));

    EXPECT_TRUE(inspect(start.id)) << "the container goes only when the outcome is durable";
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return !inspect(start.id); }));
}

TEST_F(RunTest, ReportsTheExitCode) {
    boot();
    const auto start = shell("exit 3");
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 3);
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
}

TEST_F(RunTest, StartingTwiceRunsOnce) {
    boot();
    const auto start = shell("echo once");
    (*runtime_)->start(start);
    (*runtime_)->start(start);
    ASSERT_TRUE(events_.wait_ended(start.id));
    (*runtime_)->start(start);
    const auto other = shell("true");
    (*runtime_)->start(other);
    ASSERT_TRUE(events_.wait_ended(other.id));
    EXPECT_EQ(events_.seen(start.id).started.size(), 1U);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"once"});
}

TEST_F(RunTest, MissingImageCannotBePulled) {
    boot();
    auto start = shell("true");
    start.task.containers[0].image = "127.0.0.1:1/nothing/here";
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_TRUE(outcome->reason.starts_with("CannotPullContainerError: ")) << outcome->reason;
    EXPECT_TRUE(events_.seen(start.id).started.empty());
    EXPECT_EQ((*runtime_)->counters().pulls, 1U);
}

TEST_F(RunTest, CommandNotFoundIs127) {
    boot();
    const auto start = attempt({"no-such-program"});
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 127);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_TRUE(
        outcome->reason.starts_with("CannotStartContainerError: Error response from daemon: "))
        << outcome->reason;
    EXPECT_TRUE(events_.seen(start.id).started.empty());
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return !inspect(start.id); }));
}

TEST_F(RunTest, RefusedByTheEngineIsCannotCreate) {
    boot();
    auto start = shell("true");
    start.task.volumes = {{.name = "v", .host{}, .efs_volume_configuration{}}};
    start.task.containers[0].mount_points = {
        {.container_path = "no/slash", .read_only{}, .source_volume = "v"}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(
        outcome->reason.starts_with("CannotCreateContainerError: Error response from daemon: "))
        << outcome->reason;
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
}

TEST_F(RunTest, UnknownLogDriverIsCannotCreate) {
    boot();
    auto start = shell("true");
    start.task.containers[0].log_configuration = {
        .log_driver = "carrier-pigeon", .options{}, .secret_options{}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->reason.starts_with("CannotCreateContainerError: ")) << outcome->reason;
    EXPECT_TRUE(outcome->reason.contains("carrier-pigeon")) << outcome->reason;
}

TEST_F(RunTest, MemoryLimitIsOutOfMemory) {
    boot();
    auto start = shell("exec tail /dev/zero");
    start.resources.memory = MiB{8};
    start.task.containers[0].linux_parameters.emplace().max_swap = 0;
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 137);
    EXPECT_EQ(outcome->reason, "OutOfMemoryError: Container killed due to memory usage");
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
}

TEST_F(RunTest, StopsWithSigtermThenSigkill) {
    boot();
    const auto polite = shell("trap 'exit 143' TERM; echo up; while :; do sleep 0.01; done");
    const auto stubborn = shell("trap '' TERM; echo up; while :; do sleep 0.1; done");
    (*runtime_)->start(polite);
    (*runtime_)->start(stubborn);
    ASSERT_TRUE(logs_.wait_lines(polite.id, 1));
    ASSERT_TRUE(logs_.wait_lines(stubborn.id, 1));
    (*runtime_)->stop(stubborn.id, Seconds{1});
    (*runtime_)->stop(polite.id, Seconds{30});
    const auto outcome = events_.wait_ended(polite.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 143);
    const auto killed = events_.wait_ended(stubborn.id);
    ASSERT_TRUE(killed);
    EXPECT_EQ(killed->exit_code, 137);
    EXPECT_EQ(killed->reason, "");
    EXPECT_EQ(killed->status_reason, "Essential container in task exited");
}

TEST_F(RunTest, StoppedAtOnceLeavesNoContainer) {
    boot();
    std::vector<ports::StartAttempt> starts;
    for (int i = 0; i < 12; ++i) starts.push_back(shell("trap 'exit 9' TERM; sleep 60 & wait"));
    for (const auto& start : starts) (*runtime_)->start(start);
    for (const auto& start : starts) (*runtime_)->stop(start.id, Seconds{0});
    for (const auto& start : starts) {
        const auto outcome = events_.wait_ended(start.id);
        ASSERT_TRUE(outcome);
        const bool ran = !events_.seen(start.id).started.empty();
        EXPECT_EQ(outcome->status_reason,
                  ran ? "Essential container in task exited" : "Task failed to start");
        EXPECT_EQ(outcome->exit_code.has_value(), ran);
        (*runtime_)->forget(start.id);
    }
    for (const auto& start : starts) EXPECT_TRUE(eventually([&] { return !inspect(start.id); }));
}

TEST_F(RunTest, RemovedBySomebodyElseDisappeared) {
    boot();
    const auto start = shell("echo up; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    EXPECT_EQ(meddle(start.id, "DELETE", "?force=1"), 204);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_EQ(outcome->reason, "Host one: the container disappeared");
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance one) terminated.");
}

/// A signal from outside looks like an Engine that ends, but for the Engine, which is still there.
TEST_F(RunTest, StoppedBySomebodyElseIsAnExit) {
    boot();
    const auto start = shell("echo up; trap 'exit 9' TERM; while :; do sleep 0.01; done");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    EXPECT_EQ(meddle(start.id, "POST", "/stop?t=20"), 204);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 9);
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
}

TEST_F(RunTest, TaskVolumesGoWithTheTask) {
    boot();
    auto start = shell("echo kept > /data/file; cat /data/file");
    start.task.volumes = {{.name = "scratch", .host{}, .efs_volume_configuration{}}};
    start.task.containers[0].mount_points = {
        {.container_path = "/data", .read_only{}, .source_volume = "scratch"}};
    (*runtime_)->start(start);
    ASSERT_TRUE(events_.wait_ended(start.id));
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"kept"});
    const auto volume_status = [&] {
        const std::string name = docker::task_volumes(start).front();
        return http_call(url(), {.method = "GET", .target = "/volumes/" + name})->status;
    };
    EXPECT_EQ(volume_status(), 200);
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return volume_status() == 404; }));
}

TEST_F(RunTest, KeepsLongLinesAndManyLines) {
    boot();
    const auto start = shell("head -c 100000 /dev/zero | tr '\\0' x; echo; seq 1 20000");
    (*runtime_)->start(start);
    ASSERT_TRUE(events_.wait_ended(start.id));
    const auto texts = logs_.texts(start.id);
    ASSERT_EQ(texts.size(), 20001U);
    EXPECT_EQ(texts.front(), std::string(100000, 'x'));
    EXPECT_EQ(texts.back(), "20000");
}

TEST_F(RunTest, UnknownHostEndsTheAttempt) {
    boot();
    auto start = shell("true");
    start.host = "elsewhere";
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance elsewhere) terminated.");
}

}  // namespace
}  // namespace batchd::testing
