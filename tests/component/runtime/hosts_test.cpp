// Hosts that are connected and disconnected while the runtime runs. "two" is another name for the
// Engine of the local host "one": whatever holds for it holds for an Engine of its own, too.
#include "component/runtime/runtime_fixture.hpp"

namespace batchd::testing {
namespace {

constexpr MilliVcpu kAny{0};

class HostsTest : public RuntimeTest {
  protected:
    model::Host two() {
        model::Host host;
        host.name = "two";
        host.url = url();
        return host;
    }
    static model::Host absent() {
        model::Host host;
        host.name = "absent";
        host.url = "unix:///nonexistent/docker.sock";
        return host;
    }
    ports::StartAttempt sleeper(const std::string& host) {
        auto start = shell("sleep 600");
        start.host = host;
        return start;
    }
    model::AttemptId run_sleeper(const std::string& host) {
        const auto start = sleeper(host);
        (*runtime_)->start(start);
        EXPECT_TRUE(events_.wait_started(start.id));
        return start.id;
    }
    ports::ContainerRuntime::Adopt running(const model::AttemptId& id, const std::string& host) {
        auto start = sleeper(host);
        start.id = id;
        return {.attempt = std::move(start), .was_running = true, .stop_with_grace = {}};
    }
    /// As after the start of the daemon with these hosts.
    void boot_with(std::vector<model::Host> hosts,
                   std::vector<ports::ContainerRuntime::Adopt> attempts) {
        runtime_.emplace(options(), events_, logs_, secrets_, logins_);
        (*runtime_)->adopt(std::move(hosts), std::move(attempts));
    }
    bool runs(const model::AttemptId& id) {
        const auto state = inspect(id);
        return state && state->status == "running";
    }
    bool is_gone(const model::AttemptId& id) {
        return eventually([&] { return !inspect(id); });
    }
};

TEST_F(HostsTest, AConnectedHostRunsAttempts) {
    boot();
    (*runtime_)->connect(two());
    ASSERT_TRUE(events_.wait_host("two", kAny));
    auto start = shell("exit 3");
    start.host = "two";
    (*runtime_)->start(start);
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 3);
}

TEST_F(HostsTest, TwoNamesOfOneEngineLeaveEachOthersContainersAlone) {
    boot();
    const auto first = run_sleeper("one");
    (*runtime_)->connect(two());
    ASSERT_TRUE(events_.wait_host("two", kAny));
    const auto second = run_sleeper("two");
    // Each host looks for orphans at once when it connects, and after this one again.
    auto orphan = shell("sleep 600");
    const auto body = docker::create_body(
        orphan, {}, {.network_mode = "none", .instance = instance_, .log_drivers = {"json-file"}});
    ASSERT_TRUE(body);
    ASSERT_EQ(
        http_call(url(), {.method = "POST",
                          .target = "/containers/create?name=" + docker::container_name(orphan.id),
                          .body = *body})
            ->status,
        201);
    shut_down();
    boot_with({two()}, {running(first, "one"), running(second, "two")});
    EXPECT_TRUE(is_gone(orphan.id)) << "the orphans are removed now";
    EXPECT_TRUE(runs(first));
    EXPECT_TRUE(runs(second));
}

TEST_F(HostsTest, ADisconnectedHostIsLeftWithoutAttemptsAndWithoutAWord) {
    boot();
    (*runtime_)->connect(two());
    const auto stays = run_sleeper("one");
    const auto goes = run_sleeper("two");
    (*runtime_)->disconnect("two");
    EXPECT_TRUE(is_gone(goes));
    EXPECT_TRUE(runs(stays));
    EXPECT_TRUE(events_.seen(goes).ended.empty());
    EXPECT_EQ(events_.news_of("two"), 1U);
    const auto late = sleeper("two");
    (*runtime_)->start(late);
    const auto outcome = events_.wait_ended(late.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason, "Host EC2 (instance two) terminated.");
    EXPECT_EQ(outcome->reason, "Host two is not registered");
}

TEST_F(HostsTest, AHostThatNeverAnswersEndsItsCoroutines) {
    boot();
    (*runtime_)->connect(absent());
    ASSERT_TRUE(events_.wait_host("absent", std::nullopt));
    (*runtime_)->start(sleeper("absent"));
    (*runtime_)->start(sleeper("absent"));
    (*runtime_)->disconnect("absent");
    (*runtime_)->connect(two());  // behind it in the strand
    ASSERT_TRUE(events_.wait_host("two", kAny));
    const auto begin = std::chrono::steady_clock::now();
    shut_down();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2})
        << "a coroutine is left";
}

TEST_F(HostsTest, WhatJobsMayUseIsTakenOverWithoutANewConnection) {
    boot();
    (*runtime_)->connect(two());
    ASSERT_TRUE(events_.wait_host("two", kAny));
    const auto id = run_sleeper("two");
    auto smaller = two();
    smaller.vcpus = 1;
    (*runtime_)->connect(smaller);
    ASSERT_TRUE(events_.wait_host("two", vcpus(1)));
    EXPECT_TRUE(runs(id));
}

TEST_F(HostsTest, AnotherUrlIsAnotherEngine) {
    boot();
    auto moved = absent();
    (*runtime_)->connect(moved);
    ASSERT_TRUE(events_.wait_host("absent", std::nullopt));
    moved.url = url();
    (*runtime_)->connect(moved);
    EXPECT_TRUE(events_.wait_host("absent", kAny));
}

TEST_F(HostsTest, ARestartAdoptsOnTheHostsOfTheListAndCleansUpAfterTheOthers) {
    boot();
    (*runtime_)->connect(two());
    auto three = two();
    three.name = "three";
    (*runtime_)->connect(three);
    const auto kept = run_sleeper("two");
    const auto left = run_sleeper("three");
    shut_down();
    boot_with({two()}, {running(kept, "two")});
    ASSERT_TRUE(events_.wait_started(kept, 2));
    EXPECT_TRUE(is_gone(left)) << "its host is no more: whoever has the Engine cares for it";
    EXPECT_TRUE(runs(kept));
}

TEST_F(HostsTest, ARebuiltStateDropsHostsThatItDoesNotKnow) {
    boot();
    (*runtime_)->connect(two());
    const auto id = run_sleeper("two");
    (*runtime_)->adopt({}, {});
    EXPECT_TRUE(is_gone(id));
    EXPECT_TRUE(events_.seen(id).ended.empty());
}

TEST_F(HostsTest, AnAttemptThatIsForgottenWhileItRunsIsKilled) {
    boot();
    const auto id = run_sleeper("one");
    (*runtime_)->forget(id);
    EXPECT_TRUE(is_gone(id));
    EXPECT_TRUE(events_.seen(id).ended.empty());
}

}  // namespace
}  // namespace batchd::testing
