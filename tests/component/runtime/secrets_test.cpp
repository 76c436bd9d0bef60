// Secrets on the way into a container, on a real Engine.
#include "component/runtime/runtime_fixture.hpp"

namespace batchd::testing {
namespace {

using SecretsTest = RuntimeTest;

constexpr const char* kFailure =
    "ResourceInitializationError: unable to pull secrets or registry auth: ";

TEST_F(SecretsTest, AreVariablesOfTheContainer) {
    boot();
    secrets_.set("db/password", "hunter2");
    auto start = shell("echo $PASSWORD $AWS_BATCH_JOB_ATTEMPT");
    start.task.containers[0].environment = {{.name = "PASSWORD", .value = "plain"}};
    start.task.containers[0].secrets = {{.name = "PASSWORD", .value_from = "db/password"}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"hunter2 1"});
}

TEST_F(SecretsTest, OneThatIsMissingIsAFailureToStart) {
    boot();
    secrets_.set("there", "hunter2");
    auto start = shell("true");
    start.task.containers[0].secrets = {{.name = "A", .value_from = "there"},
                                        {.name = "B", .value_from = "gone"}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_EQ(outcome->reason, std::string(kFailure) + "B: 'gone': nowhere");
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_FALSE(inspect(start.id));
    EXPECT_EQ((*runtime_)->counters().start_failures, 1U);
}

TEST_F(SecretsTest, OfLogOptionsAreNeededToo) {
    boot();
    auto start = shell("true");
    start.task.containers[0].log_configuration = {
        .log_driver = "fluentd",
        .options{},
        .secret_options = {{.name = "tag", .value_from = "gone"}}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->reason, std::string(kFailure) + "tag: 'gone': nowhere");
}

TEST_F(SecretsTest, AreHiddenInWhatTheEngineSays) {
    boot();
    secrets_.set("address", "hunter2://nowhere");
    auto start = shell("true");
    start.task.containers[0].log_configuration = {
        .log_driver = "fluentd",
        .options{},
        .secret_options = {{.name = "fluentd-address", .value_from = "address"}}};
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_FALSE(outcome->reason.contains("hunter2://nowhere")) << outcome->reason;
    EXPECT_TRUE(outcome->reason.contains("***")) << outcome->reason;
}

TEST_F(SecretsTest, ThatTakeLongHoldUpNobodyAndCanBeStopped) {
    boot();
    secrets_.hold();
    auto waiting = shell("true");
    waiting.task.containers[0].secrets = {{.name = "A", .value_from = "slow"}};
    (*runtime_)->start(waiting);
    ASSERT_TRUE(secrets_.wait_asked(1));

    const auto other = shell("true");
    (*runtime_)->start(other);
    EXPECT_TRUE(events_.wait_ended(other.id));

    (*runtime_)->stop(waiting.id, Seconds{1});
    const auto outcome = events_.wait_ended(waiting.id);
    secrets_.release();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->reason, "");
    shut_down();
    EXPECT_FALSE(inspect(waiting.id));
    EXPECT_EQ(events_.seen(waiting.id).ended.size(), 1U);
}

}  // namespace
}  // namespace batchd::testing
