// FargateRuntime against a stand-in for ECS and CloudWatch Logs.
#include "batchd/runtime/fargate_runtime.hpp"
#include "component/runtime/recorder.hpp"
#include "runtime/fargate/task_definition.hpp"
#include "support/aws_model_check.hpp"
#include "support/aws_world.hpp"
#include "support/fake_ecs.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <thread>

namespace batchd::testing {
namespace {

constexpr const char* kInstance = "11111111-2222";
constexpr const char* kStartedBy = "batchd/11111111-2222";

/// The runtime and the threads it runs on; destroying it is what the end of the daemon is to it.
class RunningFargate {
  public:
    RunningFargate(AwsWorld& world, const std::string& url, EventRecorder& events, MemoryLogs& logs,
                   runtime::FargateOptions options)
        : client_({.region = "eu-west-1", .endpoint_url = url, .max_attempts = 2},
                  world.outside(transport_)),
          runtime_(io_, std::move(options),
                   {.events = events,
                    .logs = logs,
                    .aws = client_,
                    .aws_threads = aws_threads_.get_executor(),
                    .clock = clock_}) {
        for (auto& thread : threads_) thread = std::thread([this] { io_.run(); });
    }
    ~RunningFargate() {
        boost::asio::co_spawn(io_, runtime_.shutdown(), boost::asio::use_future).get();
        guard_.reset();
        for (auto& thread : threads_) thread.join();
        aws_threads_.join();
    }
    runtime::FargateRuntime* operator->() { return &runtime_; }

  private:
    boost::asio::thread_pool aws_threads_{4};
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        io_.get_executor()};
    SystemClock clock_;
    aws::CurlTransport transport_;
    aws::Client client_;
    runtime::FargateRuntime runtime_;
    std::array<std::thread, 2> threads_;
};

class Fargate : public ::testing::Test {
  protected:
    Fargate() {
        world_.set_keys("AKIDTEST", "test-secret");
        options_.instance = kInstance;
        options_.look_at_changing = Milliseconds{10};
        options_.look_at_running = Milliseconds{10};
        options_.read_logs = Milliseconds{10};
        options_.between_log_reads = Milliseconds{1};
        options_.first_pause = Milliseconds{10};
        options_.longest_pause = Milliseconds{50};
        options_.missing_limit = Milliseconds{100};
        restart();
    }
    ~Fargate() override { note_for_model_check(ecs_.requests()); }
    static void TearDownTestSuite() { check_against_models(); }

    void restart() {
        runtime_.reset();
        runtime_.emplace(world_, ecs_.url(), events_, logs_, options_);
    }

    static ports::StartAttempt an_attempt(std::uint8_t n = 1) {
        ports::StartAttempt start;
        start.id.job.uuid.bytes[15] = n;
        start.id.number = 1;
        start.queue = "q";
        start.compute_environment = "f";
        start.resources = {.vcpu = MilliVcpu{250}, .memory = MiB{512}};
        start.fargate = ports::FargatePlacement{
            .is_spot = false, .subnets = {"subnet-1"}, .security_groups = {"sg-1"}, .tags = {}};
        model::ContainerProperties container;
        container.image = "busybox";
        container.execution_role_arn = "arn:aws:iam::1:role/exec";
        start.task = model::task_of(std::move(container));
        start.logs = {{.group = "/aws/batch/job", .stream = "d/default/" + task_id(start.id)}};
        return start;
    }
    static std::string group(const ports::StartAttempt& start) {
        return runtime::task_group(start.id);
    }
    /// The stream of the attempt's only container.
    std::string stream_of(const ports::StartAttempt& start) {
        const std::string arn = ecs_.wait_task(group(start)).arn;
        return "d/default/" + arn.substr(arn.rfind('/') + 1);
    }
    ports::StartAttempt run_one(std::uint8_t n = 1) {
        const auto start = an_attempt(n);
        (*runtime_)->start(start);
        ecs_.run(group(start));
        EXPECT_TRUE(events_.wait_started(start.id));
        return start;
    }
    void adopt(std::vector<ports::ContainerRuntime::Adopt> attempts) {
        (*runtime_)->adopt({}, std::move(attempts));
    }

    AwsWorld world_;
    FakeEcs ecs_;
    EventRecorder events_;
    MemoryLogs logs_;
    runtime::FargateOptions options_;
    std::optional<RunningFargate> runtime_;
};

TEST_F(Fargate, AJobRunsAsATask) {
    const auto start = an_attempt();
    (*runtime_)->start(start);
    const auto task = ecs_.wait_task(group(start));
    EXPECT_EQ(task.started_by, kStartedBy);
    EXPECT_EQ(task.request.value("cluster", ""), "batchd-11111111-2222");
    EXPECT_EQ(task.request.value("launchType", ""), "FARGATE");
    EXPECT_EQ(task.request["taskDefinition"], ecs_.definitions().at(0)["family"]);
    EXPECT_TRUE(events_.seen(start.id).started.empty());
    ecs_.run(group(start));
    const auto started = events_.wait_started(start.id);
    ASSERT_TRUE(started);
    EXPECT_EQ(started->container_id, task.arn);
    EXPECT_EQ(to_epoch_ms(started->at), 1'700'000'000'500);
    ecs_.exit(group(start), 3);
    const auto ended = events_.wait_ended(start.id);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_code, 3);
    EXPECT_EQ(ended->status_reason, "Essential container in task exited");
    EXPECT_EQ(to_epoch_ms(ended->stopped_at), 1'700'000'060'000);
}

TEST_F(Fargate, SpotTasksAreAskedForByTheirCapacityProviderAndEndByTheirInterruption) {
    auto start = an_attempt();
    start.fargate->is_spot = true;
    start.fargate->tags = {{"team", "a"}};
    (*runtime_)->start(start);
    const auto task = ecs_.wait_task(group(start));
    EXPECT_EQ(task.request["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT");
    EXPECT_EQ(task.request["tags"][0]["value"], "a");
    ecs_.run(group(start));
    ecs_.stop(group(start), "SpotInterruption", "Your Spot Task was interrupted.",
              {{"default", 137}});
    EXPECT_EQ(events_.wait_ended(start.id)->status_reason, "Your Spot Task was interrupted.");
}

TEST_F(Fargate, ATaskThatNeverRanHasNoExitCode) {
    const auto start = an_attempt();
    (*runtime_)->start(start);
    ecs_.stop(group(start), "TaskFailedToStart", "CannotPullContainerError: no", {{"default", {}}});
    const auto ended = events_.wait_ended(start.id);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_code, std::nullopt);
    EXPECT_EQ(ended->status_reason, "CannotPullContainerError: no");
    EXPECT_TRUE(events_.seen(start.id).started.empty());
}

TEST_F(Fargate, JobsWithTheSameContentShareADefinition) {
    run_one(1);
    run_one(2);
    EXPECT_EQ(ecs_.count("RegisterTaskDefinition"), 1);
    EXPECT_EQ(ecs_.count("CreateCluster"), 1);
    EXPECT_EQ(ecs_.tasks().size(), 2U);
}

TEST_F(Fargate, DefinitionsThatWereNotUsedForLongAreDeregistered) {
    for (std::uint8_t n = 1; n <= 103; ++n) {
        auto start = an_attempt(n);
        start.task.containers[0].image = "image-" + std::to_string(n);
        (*runtime_)->start(start);
        ecs_.wait_task(group(start));
    }
    EXPECT_TRUE(ecs_.wait_calls("DeregisterTaskDefinition", 3));
    const auto requests = ecs_.requests();
    const auto first = std::ranges::find(requests, std::string("DeregisterTaskDefinition"),
                                         &FakeAws::Request::operation);
    const auto family = ecs_.definitions().at(0)["family"].get<std::string>();
    EXPECT_TRUE(first->body.contains(family + ":1")) << first->body;
}

TEST_F(Fargate, ManyTasksAreLookedAtInOneCall) {
    for (std::uint8_t n = 1; n <= 150; ++n) (*runtime_)->start(an_attempt(n));
    for (std::uint8_t n = 1; n <= 150; ++n) ecs_.run(group(an_attempt(n)));
    for (std::uint8_t n = 1; n <= 150; ++n) {
        EXPECT_TRUE(events_.wait_started(an_attempt(n).id)) << int{n};
    }
}

TEST_F(Fargate, WithoutCapacityAnAttemptWaits) {
    const std::string why =
        "Capacity is unavailable at this time. Please try again later or in a "
        "different availability zone";
    ecs_.refuse_next("RunTask",
                     FakeAws::json(R"({"tasks":[],"failures":[{"reason":")" + why + R"("}]})"));
    run_one();
    EXPECT_EQ(ecs_.count("RunTask"), 2);
}

TEST_F(Fargate, AnAttemptThatWaitsTooLongForCapacityEnds) {
    options_.start_limit = Milliseconds{0};
    restart();
    ecs_.refuse_next("RunTask", FakeAws::json(R"({"tasks":[],"failures":[
        {"reason":"RESOURCE:ENI"}]})"));
    const auto start = an_attempt();
    (*runtime_)->start(start);
    const auto ended = events_.wait_ended(start.id);
    ASSERT_TRUE(ended);
    EXPECT_TRUE(ended->reason.starts_with("RESOURCE:ENI")) << ended->reason;
    EXPECT_EQ(ended->status_reason, "Task failed to start");
}

TEST_F(Fargate, AWrongSettingEndsTheAttemptWithAwsWords) {
    ecs_.refuse_next("RunTask", FakeAws::json_error("InvalidParameterException", "No such subnet"));
    const auto start = an_attempt();
    (*runtime_)->start(start);
    const auto ended = events_.wait_ended(start.id);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->reason, "InvalidParameterException: No such subnet");
    run_one(2);
    EXPECT_EQ(ecs_.count("RegisterTaskDefinition"), 2) << "the definition may have been at fault";
}

TEST_F(Fargate, WhatIsThrottledOrLostIsAskedForAgainWithTheSameToken) {
    ecs_.lose_next("RunTask", 2);  // both tries of a call
    const auto start = run_one();
    EXPECT_GE(ecs_.count("RunTask"), 3);
    EXPECT_EQ(ecs_.tasks().size(), 1U) << "one attempt is one task";
    ecs_.refuse_next("DescribeTasks", FakeAws::json_error("ThrottlingException", "slower"));
    ecs_.exit(group(start), 0);
    EXPECT_TRUE(events_.wait_ended(start.id));
}

TEST_F(Fargate, AClusterThatSomebodyDeletedIsMadeAnew) {
    ecs_.refuse_next("RunTask", FakeAws::json_error("ClusterNotFoundException", "gone"));
    run_one();
    EXPECT_EQ(ecs_.count("CreateCluster"), 2);
}

TEST_F(Fargate, ATaskThatIsMissingIsLost) {
    const auto start = run_one();
    ecs_.forget(group(start));
    const auto ended = events_.wait_ended(start.id);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_code, std::nullopt);
    EXPECT_TRUE(ended->status_reason.contains("MISSING")) << ended->status_reason;
}

TEST_F(Fargate, StopEndsTheTask) {
    const auto start = run_one();
    (*runtime_)->stop(start.id, Seconds{30});
    ASSERT_TRUE(ecs_.wait_stop_asked(group(start)));
    ecs_.stop(group(start), "UserInitiated", "Stopped by batchd", {{"default", 143}});
    EXPECT_EQ(events_.wait_ended(start.id)->exit_code, 143);
}

TEST_F(Fargate, StopWhileTheTaskIsAskedForStopsIt) {
    ecs_.lose_next("RunTask", 4);
    const auto start = an_attempt();
    (*runtime_)->start(start);
    ecs_.wait_task(group(start));
    (*runtime_)->stop(start.id, Seconds{30});
    EXPECT_TRUE(ecs_.wait_stop_asked(group(start)));
    ecs_.stop(group(start), "UserInitiated", "Stopped by batchd", {{"default", {}}});
    EXPECT_TRUE(events_.wait_ended(start.id));
    EXPECT_EQ(ecs_.tasks().size(), 1U);
}

TEST_F(Fargate, StopOfAnAttemptWithoutRoomEndsItAtOnce) {
    options_.first_pause = Milliseconds{60'000};
    options_.longest_pause = Milliseconds{60'000};
    restart();
    ecs_.refuse_next("RunTask", FakeAws::json(R"({"tasks":[],"failures":[
        {"reason":"RESOURCE:ENI"}]})"));
    const auto start = an_attempt();
    (*runtime_)->start(start);
    ASSERT_TRUE(ecs_.wait_calls("RunTask", 1));
    (*runtime_)->stop(start.id, Seconds{30});
    EXPECT_TRUE(events_.wait_ended(start.id));
    EXPECT_TRUE(ecs_.tasks().empty());
}

TEST_F(Fargate, ForgettingAnAttemptThatRunsStopsItsTaskWithoutAWord) {
    const auto start = run_one();
    (*runtime_)->forget(start.id);
    ASSERT_TRUE(ecs_.wait_stop_asked(group(start)));
    run_one(2);
    EXPECT_TRUE(events_.seen(start.id).ended.empty());
}

TEST_F(Fargate, ARestartFindsItsTasks) {
    const auto running = run_one(1);
    const auto over = run_one(2);
    const auto never = an_attempt(3);
    restart();
    ecs_.exit(group(over), 0);
    adopt({{.attempt = running, .was_running = true, .stop_with_grace{}},
           {.attempt = over, .was_running = true, .stop_with_grace{}},
           {.attempt = never, .was_running = false, .stop_with_grace{}}});
    EXPECT_TRUE(events_.wait_started(running.id, 2));
    EXPECT_EQ(events_.wait_ended(over.id)->exit_code, 0);
    ecs_.run(group(never));
    EXPECT_TRUE(events_.wait_started(never.id));
    ecs_.exit(group(running), 0);
    EXPECT_EQ(events_.wait_ended(running.id)->exit_code, 0);
    EXPECT_EQ(ecs_.tasks().size(), 3U);
}

TEST_F(Fargate, ARestartWhileTheTaskWasAskedForFindsIt) {
    ecs_.lose_next("RunTask", 2);
    const auto start = an_attempt();
    (*runtime_)->start(start);
    ecs_.wait_task(group(start));
    restart();
    adopt({{.attempt = start, .was_running = false, .stop_with_grace{}}});
    ecs_.run(group(start));
    EXPECT_TRUE(events_.wait_started(start.id));
    EXPECT_EQ(ecs_.tasks().size(), 1U);
}

TEST_F(Fargate, ARestartEndsWhatRanAndIsGone) {
    const auto start = run_one();
    restart();
    ecs_.forget(group(start));
    adopt({{.attempt = start, .was_running = true, .stop_with_grace{}}});
    EXPECT_TRUE(events_.wait_ended(start.id)->status_reason.contains("MISSING"));
}

TEST_F(Fargate, ARestartGoesOnWithAStop) {
    const auto start = run_one();
    restart();
    adopt({{.attempt = start, .was_running = true, .stop_with_grace = Seconds{30}}});
    EXPECT_TRUE(ecs_.wait_stop_asked(group(start)));
}

TEST_F(Fargate, ARestartStopsTasksOfNoAttemptAndNobodyElses) {
    ecs_.add_task("batchd-0000", kStartedBy);
    ecs_.add_task("batchd-0001", "batchd/another");
    adopt({});
    EXPECT_TRUE(ecs_.wait_stop_asked("batchd-0000"));
    run_one();  // some time passes
    EXPECT_FALSE(ecs_.wait_task("batchd-0001").is_stop_asked);
}

TEST_F(Fargate, AdoptionWaitsUntilAwsAnswers) {
    const auto start = run_one();
    restart();
    ecs_.refuse_next("ListTasks", FakeAws::json_error("AccessDeniedException", "not yet"));
    adopt({{.attempt = start, .was_running = true, .stop_with_grace{}}});
    EXPECT_TRUE(events_.wait_started(start.id, 2));
}

TEST_F(Fargate, OutputIsTakenOverWhileItRunsAndAtTheEnd) {
    const auto start = run_one();
    ecs_.write_log(stream_of(start), 1'000, "one");
    ASSERT_TRUE(logs_.wait_lines({start.id}, 1));
    ecs_.write_log(stream_of(start), 2'000, "two\nthree");
    ecs_.exit(group(start), 0);
    ASSERT_TRUE(events_.wait_ended(start.id));
    EXPECT_EQ(logs_.texts({start.id}), (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(logs_.lines({start.id})[1].time_ns, 2'000'000'000);
    EXPECT_TRUE(logs_.is_closed({start.id}));
}

TEST_F(Fargate, OutputGoesOnAfterARestartWithoutLossOrRepetition) {
    const auto start = run_one();
    const auto stream = stream_of(start);
    for (const char* line : {"a", "b", "c"}) ecs_.write_log(stream, 1'000, line);
    ASSERT_TRUE(logs_.wait_lines({start.id}, 3));
    restart();
    ecs_.write_log(stream, 1'000, "d");
    ecs_.write_log(stream, 2'000, "e");
    adopt({{.attempt = start, .was_running = true, .stop_with_grace{}}});
    ecs_.exit(group(start), 0);
    ASSERT_TRUE(events_.wait_ended(start.id));
    EXPECT_EQ(logs_.texts({start.id}), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

}  // namespace
}  // namespace batchd::testing
