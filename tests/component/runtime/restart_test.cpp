// The daemon or the Engine goes away and comes back.
#include "component/runtime/runtime_fixture.hpp"

namespace batchd::testing {
namespace {

using Adopt = ports::ContainerRuntime::Adopt;

class RestartTest : public RuntimeTest {
  protected:
    static Adopt running(const ports::StartAttempt& start,
                         std::optional<Seconds> stop_with_grace = std::nullopt) {
        return {.attempt = start, .was_running = true, .stop_with_grace = stop_with_grace};
    }
    static Adopt starting(const ports::StartAttempt& start,
                          std::optional<Seconds> stop_with_grace = std::nullopt) {
        return {.attempt = start, .was_running = false, .stop_with_grace = stop_with_grace};
    }
};

TEST_F(RestartTest, AdoptsARunningContainer) {
    boot();
    const auto start = shell("seq 1 500; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 500));
    const auto first = events_.wait_started(start.id);
    shut_down();
    ASSERT_TRUE(inspect(start.id));
    EXPECT_EQ(inspect(start.id)->status, "running");

    boot({running(start, Seconds{0})});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    const auto seen = events_.seen(start.id);
    ASSERT_EQ(seen.started.size(), 2U);
    EXPECT_EQ(seen.started[1].container_id, first->container_id);
    EXPECT_EQ(outcome->exit_code, 137);
    EXPECT_EQ(logs_.texts(start.id).size(), 500U) << "each line once";
}

TEST_F(RestartTest, LogsGoOnWithoutLossOrRepetition) {
    boot();
    const auto start = shell("i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done");
    (*runtime_)->start(start);
    for (std::size_t lines = 100; lines <= 2500; lines += 800) {
        ASSERT_TRUE(logs_.wait_lines(start.id, lines));
        shut_down();
        boot({running(start)});
    }
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    std::vector<std::string> expected;
    for (int i = 0; i < 3000; ++i) expected.push_back(std::to_string(i));
    EXPECT_EQ(logs_.texts(start.id), expected);
}

TEST_F(RestartTest, AdoptsOneThatExitedMeanwhile) {
    boot();
    const auto start = shell("echo up; trap 'echo bye; exit 5' TERM; while :; do sleep 0.01; done");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    shut_down();
    EXPECT_EQ(meddle(start.id, "POST", "/stop?t=20"), 204);

    boot({running(start)});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 5);
    EXPECT_EQ(events_.seen(start.id).started.size(), 2U);
    EXPECT_EQ(logs_.texts(start.id), (std::vector<std::string>{"up", "bye"}));
}

/// Codes that an Engine's end leaves, too; this one goes on.
TEST_F(RestartTest, AdoptsExitsThatLookLikeALostHost) {
    boot();
    const auto exits = shell("echo up; trap 'exit 255' TERM; while :; do sleep 0.01; done");
    const auto killed = shell("echo up; sleep 600");
    for (const auto& start : {exits, killed}) {
        (*runtime_)->start(start);
        ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    }
    shut_down();
    EXPECT_EQ(meddle(exits.id, "POST", "/stop?t=20"), 204);
    EXPECT_EQ(meddle(killed.id, "POST", "/kill"), 204);

    boot({running(exits), running(killed)});
    for (const auto& [start, code] : {std::pair(exits, 255), std::pair(killed, 137)}) {
        const auto outcome = events_.wait_ended(start.id);
        ASSERT_TRUE(outcome);
        EXPECT_EQ(outcome->exit_code, code);
        EXPECT_EQ(outcome->status_reason, "Essential container in task exited");
    }
}

TEST_F(RestartTest, StartsWhatWasNeverCreated) {
    const auto start = shell("echo now");
    boot({starting(start)});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"now"});
}

TEST_F(RestartTest, StoppedAndNeverCreatedEnds) {
    const auto start = shell("true");
    boot({starting(start, Seconds{5})});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_FALSE(inspect(start.id));
}

TEST_F(RestartTest, RanAndIsGone) {
    const auto start = shell("true");
    boot({running(start)});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->reason, "Host one: the container disappeared");
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance one) terminated.");
}

TEST_F(RestartTest, StartsOneThatWasCreatedBeforeTheCrash) {
    const auto start = shell("echo late");
    auto body = docker::create_body(
        start, {}, {.network_mode = "none", .instance = instance_, .log_drivers{}});
    const auto created =
        http_call(url(), {.method = "POST",
                          .target = "/containers/create?name=" + docker::container_name(start.id),
                          .body = *body});
    ASSERT_EQ(created->status, 201);
    boot({starting(start)});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"late"});
}

TEST_F(RestartTest, AStartThatFindsItsContainerAdoptsIt) {
    const auto start = shell("echo one; exit 4");
    boot();
    (*runtime_)->start(start);
    ASSERT_TRUE(events_.wait_ended(start.id));
    shut_down();
    boot({starting(start)});
    const auto outcome = events_.wait_ended(start.id, 2);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 4);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"one"}) << "it did not run again";
}

TEST_F(RestartTest, ConflictOnCreateAdopts) {
    const auto start = shell("echo one; exit 4");
    boot({starting(start)});
    ASSERT_TRUE(events_.wait_ended(start.id));
    shut_down();
    // No word of it in adopt, and no time for the removal of orphans: start comes first.
    runtime_.emplace(options(), events_, logs_, secrets_, logins_);
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id, 2);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 4);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"one"});
}

TEST_F(RestartTest, RemovesOrphans) {
    boot();
    const auto start = shell("echo up; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    shut_down();
    boot();
    EXPECT_TRUE(eventually([&] { return !inspect(start.id); }));
}

TEST_F(RestartTest, AdoptingAgainTellsAgainAndRemovesTheRest) {
    boot();
    const auto done = shell("exit 2");
    const auto kept = shell("echo up; sleep 600");
    const auto dropped = shell("echo up; sleep 600");
    for (const auto& start : {done, kept, dropped}) (*runtime_)->start(start);
    ASSERT_TRUE(events_.wait_ended(done.id));
    ASSERT_TRUE(logs_.wait_lines(kept.id, 1));
    ASSERT_TRUE(logs_.wait_lines(dropped.id, 1));
    (*runtime_)->adopt({}, {running(done), running(kept)});
    const auto outcome = events_.wait_ended(done.id, 2);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 2);
    EXPECT_TRUE(events_.wait_started(kept.id, 2));
    EXPECT_TRUE(eventually([&] { return !inspect(dropped.id); }));
    EXPECT_TRUE(events_.seen(dropped.id).ended.empty());
    EXPECT_TRUE(inspect(kept.id));
}

/// With an Engine of its own, which it may stop.
class EngineDownTest : public RestartTest {
  protected:
    void SetUp() override {
        auto engine = DockerEngine::prepare();
        ASSERT_TRUE(engine) << engine.error().message;
        engine_ = std::move(*engine);
        const auto has_image = engine_->start();
        ASSERT_TRUE(has_image) << has_image.error().message;
        engine_->stop();
    }
    void TearDown() override { runtime_.reset(); }
    std::string url() override { return engine_->url(); }

    std::unique_ptr<DockerEngine> engine_;
};

TEST_F(EngineDownTest, WaitsForTheEngineAndSurvivesItsRestart) {
    boot();
    const auto reason = events_.wait_host_down();
    ASSERT_TRUE(reason);
    EXPECT_TRUE(reason->contains("cannot connect")) << *reason;
    const auto cancelled = shell("true");
    const auto start =
        shell("echo up; trap 'echo term; exit 3' TERM; while :; do sleep 0.01; done");
    (*runtime_)->start(cancelled);
    (*runtime_)->start(start);
    (*runtime_)->stop(cancelled.id, Seconds{1});
    const auto given_up = events_.wait_ended(cancelled.id);
    ASSERT_TRUE(given_up) << "it was never created: no need to wait for the host";
    EXPECT_EQ(given_up->status_reason, "Task failed to start");

    const auto up = engine_->start();
    ASSERT_TRUE(up) << up.error().message;
    ASSERT_TRUE(events_.wait_host_up());
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));

    engine_->stop();  // takes the container along
    const auto up_again = engine_->start();
    ASSERT_TRUE(up_again) << up_again.error().message;
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->exit_code.has_value()) << "3 is the answer to the Engine's SIGTERM";
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance one) terminated.");
    EXPECT_EQ(events_.seen(start.id).started.size(), 1U);
    EXPECT_EQ(logs_.texts(start.id), (std::vector<std::string>{"up", "term"}));
}

TEST_F(EngineDownTest, ContainersOfAnEngineThatWasKilledAreLostWithIt) {
    const auto up = engine_->start();
    ASSERT_TRUE(up) << up.error().message;
    boot();
    const auto killed = shell("echo up; sleep 600");
    const auto exits = shell("echo up; trap 'exit 3' TERM; while :; do sleep 0.01; done");
    for (const auto& start : {killed, exits}) {
        (*runtime_)->start(start);
        ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    }
    engine_->kill();
    const auto up_again = engine_->start();  // ends its containers before it answers
    ASSERT_TRUE(up_again) << up_again.error().message;
    for (const auto& start : {killed, exits}) {
        const auto outcome = events_.wait_ended(start.id);
        ASSERT_TRUE(outcome);
        EXPECT_FALSE(outcome->exit_code.has_value()) << *outcome->exit_code;
        EXPECT_EQ(outcome->status_reason, "Host EC2 (instance one) terminated.");
    }
}

/// An Engine that shuts down serves its old connections for a while: nothing must start there.
TEST_F(EngineDownTest, NothingStartsOnAnEngineThatShutsDown) {
    const auto up = engine_->start();
    ASSERT_TRUE(up) << up.error().message;
    boot();
    const auto quick = shell("echo up; trap 'exit 3' TERM; while :; do sleep 0.01; done");
    const auto slow = shell("echo up; trap 'sleep 3; exit 3' TERM; while :; do sleep 0.01; done");
    for (const auto& start : {quick, slow}) {
        (*runtime_)->start(start);
        ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    }
    std::thread stopping([this] { engine_->stop(); });
    const auto down = events_.wait_host_down();
    const auto retried = shell("true");
    (*runtime_)->start(retried);
    stopping.join();
    const auto up_again = engine_->start();
    ASSERT_TRUE(up_again) << up_again.error().message;
    EXPECT_TRUE(down) << "the Engine took new connections";
    const auto lost = events_.wait_ended(quick.id);
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->status_reason, "Host EC2 (instance one) terminated.");
    const auto outcome = events_.wait_ended(retried.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
}

/// As after the restart of the whole machine.
TEST_F(EngineDownTest, AKillThatNobodySawIsTheHosts) {
    const auto up = engine_->start();
    ASSERT_TRUE(up) << up.error().message;
    boot();
    const auto start = shell("echo up; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    shut_down();
    EXPECT_EQ(meddle(start.id, "POST", "/kill"), 204);
    engine_->stop();
    const auto up_again = engine_->start();
    ASSERT_TRUE(up_again) << up_again.error().message;

    boot({{.attempt = start, .was_running = true, .stop_with_grace = {}}});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->exit_code.has_value());
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance one) terminated.");
}

TEST_F(EngineDownTest, ShutdownWhileDownIsQuick) {
    boot();
    ASSERT_TRUE(events_.wait_host_down());
    (*runtime_)->start(shell("true"));
    const auto before = std::chrono::steady_clock::now();
    shut_down();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
}

}  // namespace
}  // namespace batchd::testing
