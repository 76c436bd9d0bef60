// Attempts of several containers, on a real Engine.
#include "component/runtime/runtime_fixture.hpp"

#include <algorithm>

namespace batchd::testing {
namespace {

using Texts = std::vector<std::string>;

class TaskTest : public RuntimeTest {
  protected:
    void TearDown() override {
        runtime_.reset();
        for (const auto& start : tasks_) {
            for (std::size_t i = 0; i < start.task.containers.size(); ++i) {
                remove(docker::container_name(start, i));
            }
            for (const auto& volume : docker::task_volumes(start)) {
                (void)http_call(url(), {.method = "DELETE", .target = "/volumes/" + volume});
            }
        }
        RuntimeTest::TearDown();
    }

    /// An attempt whose task has no container yet.
    ports::StartAttempt task() {
        auto start = attempt({});
        start.task.containers.clear();
        return start;
    }
    static model::TaskContainerProperties& add(ports::StartAttempt& start, const std::string& name,
                                               const std::string& script) {
        auto& container = start.task.containers.emplace_back();
        container.name = name;
        container.image = "busybox:latest";
        container.command = {"/bin/sh", "-c", script};
        container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "16"}};
        start.logs.push_back({.group = "g", .stream = "s/" + name});
        return container;
    }
    static void after(model::TaskContainerProperties& container, const std::string& name,
                      const std::string& condition) {
        container.depends_on.push_back({.container_name = name, .condition = condition});
    }
    static void share(ports::StartAttempt& start, std::size_t container) {
        start.task.volumes = {{.name = "shared", .host{}, .efs_volume_configuration{}}};
        start.task.containers[container].mount_points = {
            {.container_path = "/shared", .read_only{}, .source_volume = "shared"}};
    }
    void run(const ports::StartAttempt& start) {
        tasks_.push_back(start);
        (*runtime_)->start(start);
    }

    std::optional<docker::ContainerState> inspect_one(const ports::StartAttempt& start,
                                                      std::size_t container) {
        return inspect_name(docker::container_name(start, container));
    }
    std::optional<docker::ContainerState> inspect_name(const std::string& name) {
        const auto answer =
            http_call(url(), {.method = "GET", .target = "/containers/" + name + "/json"});
        if (!answer || answer->status != 200) return std::nullopt;
        auto state = docker::parse_inspect(answer->body);
        return state ? std::optional(*state) : std::nullopt;
    }
    void remove(const std::string& name) {
        (void)http_call(url(),
                        {.method = "DELETE", .target = "/containers/" + name + "?force=1&v=1"});
    }
    bool nothing_is_left(const ports::StartAttempt& start) {
        for (std::size_t i = 0; i < start.task.containers.size(); ++i) {
            if (inspect_one(start, i)) return false;
        }
        for (const auto& volume : docker::task_volumes(start)) {
            const auto answer = http_call(url(), {.method = "GET", .target = "/volumes/" + volume});
            if (!answer || answer->status != 404) return false;
        }
        return !inspect(start.id);
    }
    bool has_volume(const ports::StartAttempt& start) {
        const std::string name = docker::task_volumes(start).front();
        const auto answer = http_call(url(), {.method = "GET", .target = "/volumes/" + name});
        return answer && answer->status == 200;
    }
    /// As the Engine does for a container of the attempt.
    void make_volume(const ports::StartAttempt& start) {
        const auto made =
            http_call(url(), {.method = "POST",
                              .target = "/volumes/create",
                              .body = R"({"Name":")" + docker::task_volumes(start).front() +
                                      R"(","Labels":{"batchd.instance":")" + instance_ + R"("}})"});
        ASSERT_EQ(made->status, 201) << made->body;
    }
    Texts output(const ports::StartAttempt& start, std::size_t container) {
        return logs_.texts({start.id, container});
    }
    bool wait_output(const ports::StartAttempt& start, std::size_t container, std::size_t lines) {
        return logs_.wait_lines({start.id, container}, lines);
    }

    std::vector<ports::StartAttempt> tasks_;
};

const std::string kForever = "trap 'exit 143' TERM; echo up; while :; do sleep 0.05; done";

TEST_F(TaskTest, EveryContainerHasItsOutputAndItsResult) {
    boot();
    auto start = task();
    add(start, "main", "echo $AWS_BATCH_JOB_ATTEMPT; sleep 0.2");
    add(start, "side", "echo aside; exit 3").essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << "what is not essential does not count";
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
    EXPECT_EQ(outcome->reason, "");
    ASSERT_EQ(outcome->containers.size(), 2U);
    EXPECT_EQ(outcome->containers[0], (model::ContainerResult{.name = "main",
                                                              .exit_code = 0,
                                                              .reason = "",
                                                              .log_group = "g",
                                                              .log_stream = "s/main"}));
    EXPECT_EQ(outcome->containers[1].exit_code, 3);
    EXPECT_EQ(output(start, 0), Texts{"1"});
    EXPECT_EQ(output(start, 1), Texts{"aside"});
    EXPECT_EQ(events_.seen(start.id).started.size(), 1U);
    EXPECT_TRUE(inspect(start.id)) << "what holds the namespaces outlives the containers";
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return nothing_is_left(start); }));
}

TEST_F(TaskTest, AContainerWaitsForTheSuccessOfAnother) {
    boot();
    auto start = task();
    auto& main = add(start, "main", "cat /shared/made");
    after(main, "init", "SUCCESS");
    add(start, "init", "sleep 0.3; echo done > /shared/made").essential = false;
    share(start, 0);
    share(start, 1);
    run(start);
    ASSERT_TRUE(eventually([&] { return inspect_one(start, 1).has_value(); }));
    EXPECT_FALSE(inspect_one(start, 0)) << "made only when its turn comes";
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(output(start, 0), Texts{"done"});
    const auto init = inspect_one(start, 1);
    ASSERT_TRUE(init && init->finished_at);
    EXPECT_GE(events_.seen(start.id).started.at(0).at, *init->finished_at)
        << "RUNNING begins when all dependencies are met";
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return nothing_is_left(start); }));
}

TEST_F(TaskTest, WithoutThatSuccessTheTaskFailsToStart) {
    boot();
    auto start = task();
    after(add(start, "main", "echo never"), "init", "SUCCESS");
    add(start, "init", "exit 3").essential = false;
    add(start, "side", kForever).essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    const std::string why =
        "container 'main' needs SUCCESS of container 'init', which exited with code 3";
    EXPECT_EQ(outcome->status_reason, "Task failed to start: " + why);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_TRUE(events_.seen(start.id).started.empty());
    ASSERT_EQ(outcome->containers.size(), 3U);
    EXPECT_EQ(outcome->containers[0].reason, why);
    EXPECT_EQ(outcome->containers[0].log_stream, "");
    EXPECT_EQ(outcome->containers[1].exit_code, 3);
    EXPECT_FALSE(inspect_one(start, 0));
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return nothing_is_left(start); }));
}

TEST_F(TaskTest, CompletionIsEnoughForComplete) {
    boot();
    auto start = task();
    after(add(start, "main", "echo after"), "init", "COMPLETE");
    add(start, "init", "exit 3").essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(output(start, 0), Texts{"after"});
}

/// `first` is stopped after `second`, which needs it.
TEST_F(TaskTest, ContainersStartInOrderAndStopInReverse) {
    boot();
    auto start = task();
    share(start, (add(start, "first",
                      "trap 'echo bye; ls /shared; exit 0' TERM; echo up;"
                      "while :; do sleep 0.05; done"),
                  0U));
    start.task.containers[0].essential = false;
    auto& second = add(start, "second",
                       "trap 'sleep 0.3; touch /shared/second; exit 0' TERM; echo up;"
                       "while :; do sleep 0.05; done");
    second.essential = false;
    after(second, "first", "START");
    share(start, 1);
    add(start, "main", "while [ ! -e /shared/go ]; do sleep 0.05; done");
    after(start.task.containers[2], "second", "START");
    share(start, 2);
    run(start);
    ASSERT_TRUE(events_.wait_started(start.id));
    ASSERT_TRUE(wait_output(start, 0, 1));
    ASSERT_TRUE(wait_output(start, 1, 1));
    const auto first_at = inspect_one(start, 0)->started_at;
    const auto second_at = inspect_one(start, 1)->started_at;
    EXPECT_LE(*first_at, *second_at);
    EXPECT_LE(*second_at, *inspect_one(start, 2)->started_at);
    (*runtime_)->stop(start.id, Seconds{20});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(output(start, 0), (Texts{"up", "bye", "second"}));
}

TEST_F(TaskTest, AnEssentialExitStopsTheOthers) {
    boot();
    auto start = task();
    add(start, "other", kForever);
    add(start, "main", "sleep 0.3; exit 5");
    add(start, "side", kForever).essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 5) << "of the one that ended the task";
    EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
    ASSERT_EQ(outcome->containers.size(), 3U);
    EXPECT_EQ(outcome->containers[0].exit_code, 143);
    EXPECT_EQ(outcome->containers[2].exit_code, 143);
}

TEST_F(TaskTest, SucceedsOnlyIfAllEssentialOnesExitWithZero) {
    boot();
    auto start = task();
    add(start, "main", "true");
    add(start, "other", kForever);
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_NE(outcome->exit_code, 0);
    EXPECT_EQ(outcome->containers.at(0).exit_code, 0);
}

TEST_F(TaskTest, AnEssentialOneThatCannotStartFailsTheTask) {
    boot();
    auto start = task();
    add(start, "main", "true").command = {"no-such-program"};
    add(start, "side", kForever).essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 127);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_TRUE(outcome->reason.starts_with("CannotStartContainerError: ")) << outcome->reason;
    EXPECT_TRUE(events_.seen(start.id).started.empty());
}

TEST_F(TaskTest, StartTimeoutEndsTheWait) {
    boot();
    auto start = task();
    after(add(start, "main", "echo never"), "init", "COMPLETE");
    auto& init = add(start, "init", kForever);
    init.essential = false;
    init.start_timeout = 2;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason,
              "Task failed to start: container 'main' needs COMPLETE of container 'init', which "
              "did not end within its startTimeout of 2 seconds");
    EXPECT_FALSE(inspect_one(start, 0));
}

/// A grace of a minute is what the stop asks for.
TEST_F(TaskTest, StopTimeoutIsTheContainersOwn) {
    boot();
    auto start = task();
    const std::string deaf = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    for (const char* name : {"main", "side"}) add(start, name, deaf).stop_timeout = 2;
    run(start);
    ASSERT_TRUE(wait_output(start, 0, 1));
    ASSERT_TRUE(wait_output(start, 1, 1));
    const auto before = std::chrono::steady_clock::now();
    (*runtime_)->stop(start.id, Seconds{60});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{30});
    EXPECT_EQ(outcome->exit_code, 137);
}

/// The PID namespace shows the pause program; the IPC one its shared memory.
TEST_F(TaskTest, NamespacesAreShared) {
    boot();
    auto start = task();
    start.task.pid_mode = "task";
    start.task.ipc_mode = "task";
    add(start, "main",
        "while [ ! -e /dev/shm/mark ]; do sleep 0.05; done; cat /proc/1/cmdline | tr '\\0' ' ';"
        "echo; ls -l /proc/self/ns/net");
    add(start, "side", "ls -l /proc/self/ns/net; touch /dev/shm/mark; sleep 60").essential = false;
    run(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    const auto main = output(start, 0);
    ASSERT_EQ(main.size(), 2U);
    EXPECT_EQ(main[0], "/pause ");
    const auto network = [](const std::string& line) { return line.substr(line.find("net:[")); };
    ASSERT_EQ(output(start, 1).size(), 1U);
    EXPECT_EQ(network(main[1]), network(output(start, 1)[0]));
}

TEST_F(TaskTest, ARunningTaskIsAdopted) {
    boot();
    auto start = task();
    add(start, "main", "echo up; while [ ! -e /shared/go ]; do sleep 0.05; done; exit 4");
    auto& side = add(start, "side", kForever);
    side.essential = false;
    after(side, "main", "START");
    share(start, 0);
    run(start);
    ASSERT_TRUE(events_.wait_started(start.id));
    ASSERT_TRUE(wait_output(start, 0, 1));
    ASSERT_TRUE(wait_output(start, 1, 1));
    const auto orphan = shell("sleep 600");
    (*runtime_)->start(orphan);
    ASSERT_TRUE(events_.wait_started(orphan.id));
    shut_down();
    const auto before = inspect_one(start, 1);
    boot({{.attempt = start, .was_running = true, .stop_with_grace{}}});
    ASSERT_TRUE(events_.wait_started(start.id, 2));
    EXPECT_EQ(inspect_one(start, 1)->id, before->id);
    EXPECT_TRUE(eventually([&] { return !inspect(orphan.id); }));
    EXPECT_TRUE(inspect(start.id)) << "nobody takes what holds the namespaces for an orphan";
    (*runtime_)->stop(start.id, Seconds{0});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->containers.size(), 2U);
    EXPECT_EQ(output(start, 0), Texts{"up"}) << "each line once";
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return nothing_is_left(start); }));
}

/// The daemon was away when `init` ended: `main` starts after the restart, and only once.
TEST_F(TaskTest, ATaskThatWasStartingGoesOn) {
    boot();
    auto start = task();
    after(add(start, "main", "cat /shared/made"), "init", "SUCCESS");
    add(start, "init", "echo up; sleep 1; echo done > /shared/made").essential = false;
    share(start, 0);
    share(start, 1);
    run(start);
    ASSERT_TRUE(wait_output(start, 1, 1));
    shut_down();
    ASSERT_FALSE(inspect_one(start, 0));
    ASSERT_TRUE(eventually([&] { return inspect_one(start, 1)->status == "exited"; }));
    boot({{.attempt = start, .was_running = false, .stop_with_grace{}}});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(output(start, 0), Texts{"done"});
    EXPECT_EQ(output(start, 1), Texts{"up"});
}

TEST_F(TaskTest, StoppedWhileItStartsNothingMoreStarts) {
    boot();
    auto start = task();
    after(add(start, "main", "echo never"), "init", "COMPLETE");
    add(start, "init", kForever).essential = false;
    run(start);
    ASSERT_TRUE(wait_output(start, 1, 1));
    (*runtime_)->stop(start.id, Seconds{20});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_FALSE(inspect_one(start, 0));
    EXPECT_TRUE(events_.seen(start.id).started.empty());
}

/// As a daemon leaves it that is killed between the containers and their volumes.
TEST_F(TaskTest, AVolumeOfNoAttemptIsRemoved) {
    auto gone = task();
    auto known = task();
    for (auto* start : {&gone, &known}) {
        add(*start, "main", "true").secrets = {{.name = "A", .value_from = "slow"}};
        share(*start, 0);
        tasks_.push_back(*start);
        make_volume(*start);
    }
    secrets_.hold();
    boot({{.attempt = known, .was_running = false, .stop_with_grace{}}});
    EXPECT_TRUE(eventually([&] { return !has_volume(gone); }));
    EXPECT_TRUE(has_volume(known)) << "its container is not made yet";
    secrets_.release();
}

TEST_F(TaskTest, AVolumeThatCouldNotBeRemovedGoesLater) {
    boot();
    auto start = task();
    add(start, "main", "true");
    share(start, 0);
    run(start);
    ASSERT_TRUE(events_.wait_ended(start.id));
    // Somebody looks into it meanwhile: the Engine refuses to remove it.
    const std::string looker = "looks-into-" + docker::task_volumes(start).front();
    const auto made = http_call(
        url(),
        {.method = "POST",
         .target = "/containers/create?name=" + looker,
         .body =
             R"({"Image":"busybox:latest","Cmd":["true"],"HostConfig":{"NetworkMode":"none","Binds":[")" +
             docker::task_volumes(start).front() + R"(:/v"]}})"});
    ASSERT_EQ(made->status, 201) << made->body;
    (*runtime_)->forget(start.id);
    ASSERT_TRUE(eventually([&] { return !inspect_one(start, 0); }));
    // Started only after what was left of the first was dealt with.
    const auto next = shell("true");
    (*runtime_)->start(next);
    ASSERT_TRUE(events_.wait_ended(next.id));
    ASSERT_TRUE(has_volume(start));
    remove(looker);
    EXPECT_TRUE(eventually([&] { return !has_volume(start); }));
}

/// With an Engine of its own, which it may stop.
class TaskEngineTest : public TaskTest {
  protected:
    void SetUp() override {
        auto engine = DockerEngine::prepare();
        ASSERT_TRUE(engine) << engine.error().message;
        engine_ = std::move(*engine);
        const auto up = engine_->start();
        ASSERT_TRUE(up) << up.error().message;
    }
    void TearDown() override { runtime_.reset(); }
    std::string url() override { return engine_->url(); }

    std::unique_ptr<DockerEngine> engine_;
};

/// The Engine takes what holds the namespaces along, while no container has joined it yet.
TEST_F(TaskEngineTest, ATaskThatWaitsSurvivesTheRestartOfItsEngine) {
    boot();
    secrets_.set("slow", "x");
    secrets_.hold();
    auto start = task();
    for (const auto* name : {"main", "side"}) {
        add(start, name, "sleep 0.2").secrets = {{.name = "A", .value_from = "slow"}};
    }
    run(start);
    ASSERT_TRUE(secrets_.wait_asked(1));
    ASSERT_TRUE(eventually([&] {
        const auto sandbox = inspect(start.id);
        return sandbox && sandbox->status == "running";
    }));
    engine_->kill();
    ASSERT_TRUE(events_.wait_host_down());
    const auto up = engine_->start();
    ASSERT_TRUE(up) << up.error().message;
    ASSERT_TRUE(eventually([&] { return inspect(start.id)->status == "exited"; }));
    secrets_.release();
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
}

/// Orphans of several containers go with what they share.
TEST_F(TaskTest, AnUnknownTaskIsRemovedWhole) {
    boot();
    auto start = task();
    for (std::size_t i = 0; i < 2; ++i) {
        add(start, "c" + std::to_string(i), kForever);
        share(start, i);
    }
    run(start);
    ASSERT_TRUE(events_.wait_started(start.id));
    shut_down();
    boot();
    EXPECT_TRUE(eventually([&] { return nothing_is_left(start); }));
}

}  // namespace
}  // namespace batchd::testing
