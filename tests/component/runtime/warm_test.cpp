// Children of an array in slots: containers in which one runs after another.
#include "component/runtime/runtime_fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace batchd::testing {
namespace {

using Json = nlohmann::json;
using Adopt = ports::ContainerRuntime::Adopt;

class WarmTest : public RuntimeTest {
  protected:
    void TearDown() override {
        RuntimeTest::TearDown();
        for (const auto& name : slots()) call("DELETE", "/containers/" + name + "?force=1");
        call("DELETE", "/volumes/" + docker::hosts_volume(instance_));
    }

    /// The next child of one array.
    ports::StartAttempt child(const std::string& script) {
        auto start = shell(script);
        start.id = {.job = array_.child(children_++), .number = 1};
        start.array_size = 100;
        start.warm_slots = true;
        made_.push_back(start.id);
        return start;
    }
    ports::AttemptOutcome ended(const ports::StartAttempt& start) {
        auto outcome = events_.wait_ended(start.id);
        EXPECT_TRUE(outcome);
        return outcome.value_or(ports::AttemptOutcome{});
    }
    ports::AttemptOutcome run(const ports::StartAttempt& start) {
        (*runtime_)->start(start);
        return ended(start);
    }
    std::string container_of(const ports::StartAttempt& start) {
        const auto started = events_.wait_started(start.id);
        return started ? started->container_id : "none";
    }
    net::HttpResponse call(const std::string& method, const std::string& target) {
        return http_call(url(), {.method = method, .target = target}).value_or(net::HttpResponse{});
    }
    /// Names of the slots' containers, running or not.
    std::vector<std::string> slots() {
        std::vector<std::string> names;
        const auto list = Json::parse(call("GET", "/containers/json?all=1").body, nullptr, false);
        for (const Json& container : list) {
            const auto name = container["Names"][0].get<std::string>().substr(1);
            const auto& labels = container["Labels"];
            if (name.contains("-slot") && labels.value("batchd.instance", "") == instance_) {
                names.push_back(name);
            }
        }
        return names;
    }

    const model::JobId array_{make_uuid(SystemClock{}.now())};
    std::int32_t children_ = 0;
};

TEST_F(WarmTest, OneAfterAnotherHasTheSameContainer) {
    boot();
    const auto first = child("echo one; exit 3");
    const auto second = child("printf two; pwd >&2");
    EXPECT_EQ(run(first).exit_code, 3);
    const auto outcome = run(second);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.status_reason, "Essential container in task exited");
    ASSERT_TRUE(outcome.use);
    EXPECT_GT(outcome.use->peak_memory_bytes, 0);
    EXPECT_EQ(container_of(first), container_of(second));
    EXPECT_EQ(logs_.texts(first.id), std::vector<std::string>{"one"});
    EXPECT_EQ(logs_.texts(second.id).size(), 2U);
    EXPECT_TRUE(logs_.is_closed(second.id));
    EXPECT_EQ(slots().size(), 1U);
}

TEST_F(WarmTest, OtherArraysAndOtherLimitsHaveSlotsOfTheirOwn) {
    boot();
    const auto first = child("true");
    run(first);
    auto larger = child("true");
    larger.resources.memory = MiB{128};
    run(larger);
    auto foreign = child("true");
    foreign.id.job = model::JobId{make_uuid(SystemClock{}.now())}.child(0);
    run(foreign);
    EXPECT_NE(container_of(first), container_of(larger));
    EXPECT_NE(container_of(first), container_of(foreign));
    EXPECT_NE(container_of(larger), container_of(foreign));
}

TEST_F(WarmTest, TwoAtATimeAreInTwo) {
    boot();
    const auto first = child("echo up; exec sleep 600");
    const auto second = child("echo up; exec sleep 600");
    (*runtime_)->start(first);
    (*runtime_)->start(second);
    EXPECT_NE(container_of(first), container_of(second));
    (*runtime_)->stop(first.id, Seconds{30});
    EXPECT_EQ(ended(first).exit_code, 143) << "it is no first process: SIGTERM ends it";
    (*runtime_)->stop(second.id, Seconds{0});
    ended(second);
}

TEST_F(WarmTest, AfterTheGraceComesTheKill) {
    boot();
    const auto start = child("trap 'echo heard' TERM; echo up; while :; do sleep 0.01; done");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    (*runtime_)->stop(start.id, Seconds{1});
    const auto outcome = ended(start);
    EXPECT_EQ(outcome.exit_code, 137);
    EXPECT_EQ(outcome.reason, "") << "no lack of memory";
    EXPECT_EQ(logs_.texts(start.id), (std::vector<std::string>{"up", "heard"}));
    EXPECT_EQ(run(child("true")).exit_code, 0);
    EXPECT_EQ(slots().size(), 1U);
}

TEST_F(WarmTest, StoppedBeforeItRuns) {
    boot();
    const auto start = child("sleep 600");
    (*runtime_)->start(start);
    (*runtime_)->stop(start.id, Seconds{0});
    const auto outcome = ended(start);
    EXPECT_TRUE(outcome.status_reason == "Task failed to start" || outcome.exit_code == 137 ||
                outcome.exit_code == 143)
        << outcome.status_reason;
}

TEST_F(WarmTest, NoSecretOfAChildIsTheSlots) {
    secrets_.set("arn", "hush");
    boot();
    auto start = child("echo $TOKEN $PLAIN");
    start.task.containers[0].secrets = {{.name = "TOKEN", .value_from = "arn"}};
    start.task.containers[0].environment = {{.name = "PLAIN", .value = "text"}};
    run(start);
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"hush text"});
    const auto inspected = call("GET", "/containers/" + container_of(start) + "/json").body;
    EXPECT_FALSE(inspected.contains("hush"));
    const auto next = child("echo [$TOKEN]");
    run(next);
    EXPECT_EQ(logs_.texts(next.id), std::vector<std::string>{"[]"});
}

TEST_F(WarmTest, MuchOutputIsWhole) {
    boot();
    const auto start = child("yes 0123456789 | head -n 200000");
    EXPECT_EQ(run(start).exit_code, 0);
    EXPECT_EQ(logs_.texts(start.id).size(), 200000U);
}

TEST_F(WarmTest, ALostSlotIsALostChild) {
    boot();
    const auto start = child("echo up; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    EXPECT_EQ(call("DELETE", "/containers/" + container_of(start) + "?force=1").status, 204);
    const auto outcome = ended(start);
    EXPECT_FALSE(outcome.exit_code);
    EXPECT_EQ(outcome.status_reason, "Host EC2 (instance one) terminated.");
    EXPECT_EQ(logs_.texts(start.id), std::vector<std::string>{"up"});
    EXPECT_EQ(run(child("true")).exit_code, 0);
}

TEST_F(WarmTest, ALostChildIsReportedWhenItsContainerIsGone) {
    boot();
    const auto start = child("echo up; sleep 600");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    EXPECT_EQ(call("POST", "/containers/" + container_of(start) + "/kill").status, 204);
    EXPECT_FALSE(ended(start).exit_code);
    EXPECT_TRUE(slots().empty());
}

TEST_F(WarmTest, AChildThatSpoilsItsSlotSpoilsNoOther) {
    boot();
    const auto rude = child("cd /; rm -rf /tmp; : > /tmp");
    EXPECT_EQ(run(rude).exit_code, 0);
    const auto next = child("echo fine");
    const auto outcome = run(next);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.reason;
    EXPECT_EQ(logs_.texts(next.id), std::vector<std::string>{"fine"});
    EXPECT_NE(container_of(rude), container_of(next));
}

TEST_F(WarmTest, WhatFailsInAFreshSlotIsTheChildsOwnFault) {
    boot();
    run(child("true"));
    auto wrong = child("");
    wrong.task.containers[0].command = {"nix"};
    const auto outcome = run(wrong);
    EXPECT_EQ(outcome.exit_code, 127);
    EXPECT_TRUE(outcome.reason.ends_with("exec: \"nix\": executable file not found in $PATH"))
        << outcome.reason;
    EXPECT_EQ(events_.seen(wrong.id).started.size(), 0U);
}

TEST_F(WarmTest, AnIdleSlotThatDiesCostsNoChild) {
    boot();
    for (int i = 0; i < 5; ++i) {
        const auto start = child("true");
        EXPECT_EQ(run(start).exit_code, 0) << i;
        EXPECT_EQ(call("DELETE", "/containers/" + container_of(start) + "?force=1").status, 204);
    }
}

TEST_F(WarmTest, AChildCannotLookIntoTheAgent) {
    boot();
    const auto start =
        child("cat /proc/1/environ || echo shut; readlink /proc/1/fd/0 || echo shut");
    run(start);
    const auto texts = logs_.texts(start.id);
    EXPECT_EQ(std::ranges::count(texts, "shut"), 2);
}

TEST_F(WarmTest, LackOfMemoryOfAnotherProcessIsTheChildsToo) {
    boot();
    const auto hungry = child("sh -c 'a=x; while :; do a=$a$a; done'; exit 3");
    const auto outcome = run(hungry);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.reason, "OutOfMemoryError: Container killed due to memory usage");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(child("exit 4")).reason, "") << i;
}

TEST_F(WarmTest, AKillThatIsNoLackOfMemoryIsNone) {
    boot();
    const auto outcome = run(child("kill -9 $$"));
    EXPECT_EQ(outcome.exit_code, 137);
    EXPECT_EQ(outcome.reason, "");
    EXPECT_EQ(run(child("true")).exit_code, 0);
    EXPECT_EQ(slots().size(), 1U);
}

TEST_F(WarmTest, LackOfMemoryEndsTheSlotToo) {
    boot();
    const auto hungry = child("a=x; while :; do a=$a$a; done");
    const auto outcome = run(hungry);
    EXPECT_EQ(outcome.exit_code, 137);
    EXPECT_EQ(outcome.reason, "OutOfMemoryError: Container killed due to memory usage");
    const auto next = child("true");
    EXPECT_EQ(run(next).exit_code, 0);
    EXPECT_NE(container_of(hungry), container_of(next));
}

TEST_F(WarmTest, EndsWithTheDaemonAndIsLostAfterIt) {
    boot();
    const auto start = child("echo up; sleep 600");
    const auto not_started = child("echo late");
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    const auto slot = container_of(start);
    shut_down();
    EXPECT_TRUE(eventually([&] {
        return call("GET", "/containers/" + slot + "/json").body.contains("\"exited\"");
    })) << "its input ended";
    boot({{.attempt = start, .was_running = true, .stop_with_grace{}},
          {.attempt = not_started, .was_running = false, .stop_with_grace{}}});
    const auto outcome = ended(start);
    EXPECT_FALSE(outcome.exit_code);
    EXPECT_EQ(outcome.reason, "Host one: the container disappeared");
    EXPECT_EQ(ended(not_started).exit_code, 0);
    EXPECT_TRUE(eventually([&] { return slots().size() == 1; })) << "the old one is nobody's";
}

TEST_F(WarmTest, OneThatHadAContainerOfItsOwnKeepsIt) {
    boot();
    auto start = child("echo up; sleep 600");
    start.warm_slots = false;
    (*runtime_)->start(start);
    ASSERT_TRUE(logs_.wait_lines(start.id, 1));
    shut_down();
    start.warm_slots = true;
    boot({{.attempt = start, .was_running = true, .stop_with_grace = Seconds{0}}});
    EXPECT_EQ(ended(start).exit_code, 137);
    (*runtime_)->forget(start.id);
    EXPECT_TRUE(eventually([&] { return !inspect(start.id); }));
}

TEST_F(WarmTest, IdleSlotsGo) {
    boot();
    run(child("true"));
    ASSERT_EQ(slots().size(), 1U);
    EXPECT_TRUE(eventually([&] { return slots().empty(); }));
}

TEST_F(WarmTest, ADisconnectedHostKeepsNoSlot) {
    boot();
    model::Host two;
    two.name = "two";
    two.url = url();
    (*runtime_)->connect(two);
    ASSERT_TRUE(events_.wait_host("two", MilliVcpu{0}));
    auto idle = child("true");
    idle.host = "two";
    run(idle);
    auto busy = child("echo up; sleep 600");
    busy.host = "two";
    (*runtime_)->start(busy);
    ASSERT_TRUE(logs_.wait_lines(busy.id, 1));
    const auto before = std::chrono::steady_clock::now();
    (*runtime_)->disconnect("two");
    EXPECT_TRUE(eventually([&] { return slots().empty(); }));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{8})
        << "not by being idle for long";
}

TEST_F(WarmTest, TheFilesAreMadeAgain) {
    boot();
    run(child("true"));
    ASSERT_TRUE(eventually([&] { return slots().empty(); }));
    ASSERT_EQ(call("DELETE", "/volumes/" + docker::hosts_volume(instance_)).status, 204);
    EXPECT_EQ(run(child("true")).exit_code, 0);
}

TEST_F(WarmTest, AMissingImageIsTheReason) {
    boot();
    auto start = child("true");
    start.task.containers[0].image = "localhost:1/nothing:1";
    const auto outcome = run(start);
    EXPECT_EQ(outcome.status_reason, "Task failed to start");
    EXPECT_TRUE(outcome.reason.starts_with("CannotPullContainerError: ")) << outcome.reason;
    EXPECT_TRUE(eventually([&] { return slots().empty(); }));
}

}  // namespace
}  // namespace batchd::testing
