// What containers use, as an Engine tells it that answers as the test says. Its containers run
// until they were looked at as often as the test wants.
#include "component/runtime/runtime_fixture.hpp"
#include "support/fake_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace batchd::testing {
namespace {

using Reply = FakeEngine::Reply;

Reply answer(int status, const std::string& body, bool close = false) {
    return {.bytes = FakeEngine::answer(status, body), .close = close};
}

Reply uses(std::int64_t memory_bytes, std::int64_t cpu_ns) {
    return answer(200, fmt::format(R"({{"memory_stats":{{"usage":{}}},)"
                                   R"("cpu_stats":{{"cpu_usage":{{"total_usage":{}}}}}}})",
                                   memory_bytes, cpu_ns));
}

class StatsTest : public RuntimeTest {
  protected:
    std::string url() override { return engine_.url(); }

    /// The outcome of an attempt whose containers end after so many looks in all; `look` answers
    /// each, with its number from 1.
    std::optional<ports::AttemptOutcome> run(int looks, std::function<Reply(int)> look,
                                             std::size_t containers = 1) {
        looks_wanted_ = looks;
        look_ = std::move(look);
        boot();
        auto start = shell("true");
        auto& list = start.task.containers;
        list.resize(containers, list[0]);
        for (std::size_t i = 0; i < containers; ++i) {
            list[i].name = fmt::format("c{}", i);
            list[i].resource_requirements = {{"VCPU", "1"}, {"MEMORY", "16"}};
        }
        (*runtime_)->start(start);
        return events_.wait_ended(start.id);
    }
    int looks() {
        const std::scoped_lock lock(mutex_);
        return looks_;
    }
    int most_at_once() {
        const std::scoped_lock lock(mutex_);
        return most_at_once_;
    }

  private:
    Reply reply(const std::string& head) {
        if (head.contains("/_ping")) {
            return {.bytes = FakeEngine::answer(200, "OK", "Api-Version: 1.44\r\n")};
        }
        if (head.contains("/info ")) return answer(200, R"({"NCPU":64,"MemTotal":8589934592})");
        if (head.contains("/events?since=1&")) return answer(200, "");
        if (head.contains("/events?")) {
            return {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
        }
        if (head.contains("/containers/json")) return list();
        if (head.contains("/volumes?")) return answer(200, "{}");
        if (head.contains("/containers/create?name=")) return create(head);
        if (head.contains("/start ")) return answer(204, "");
        if (head.contains("/stats?stream=false&one-shot=true ")) return stats();
        if (head.contains("/logs?")) return output();
        if (head.contains("/json ")) {
            return answer(200, R"({"Id":"c1","State":{"Status":"exited","ExitCode":0}})");
        }
        return answer(200, "", true);
    }
    Reply create(const std::string& head) {
        const auto from = head.find('=') + 1;
        const std::scoped_lock lock(mutex_);
        names_.push_back(head.substr(from, head.find(' ', from) - from));
        return answer(201, R"({"Id":"c1"})", true);
    }
    /// All run.
    Reply list() {
        const std::scoped_lock lock(mutex_);
        std::string list;
        for (const auto& name : names_) {
            if (!list.empty()) list += ',';
            list += fmt::format(R"({{"Id":"c1","Names":["/{}"],"State":"running"}})", name);
        }
        return answer(200, "[" + list + "]");
    }
    /// It ends with the container.
    Reply output() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return looks_ >= looks_wanted_; });
        return answer(200, "");
    }
    Reply stats() {
        int number = 0;
        {
            const std::scoped_lock lock(mutex_);
            number = ++looks_;
            most_at_once_ = std::max(most_at_once_, ++at_once_);
            changed_.notify_all();
        }
        auto told = look_(number);
        const std::scoped_lock lock(mutex_);
        --at_once_;
        return told;
    }

    int looks_wanted_ = 0;
    std::function<Reply(int)> look_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> names_;
    int looks_ = 0;
    int at_once_ = 0;
    int most_at_once_ = 0;
    FakeEngine engine_{[this](const std::string& head) { return reply(head); }};
};

TEST_F(StatsTest, TheMostMemoryAndTheLastCpuTimeAreReported) {
    const auto outcome = run(3, [](int look) {
        return look == 1   ? uses(50'000, 1'000'000)
               : look == 2 ? uses(80'000, 2'000'000)
                           : uses(30'000, 7'999'999);
    });
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->use,
              (model::ResourceUse{.peak_memory_bytes = 80'000, .cpu_milliseconds = 7}));
}

TEST_F(StatsTest, ATasksContainersAreSummedUp) {
    const auto outcome = run(4, [](int) { return uses(80'000, 5'000'000); }, 2);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
    EXPECT_EQ(outcome->use,
              (model::ResourceUse{.peak_memory_bytes = 160'000, .cpu_milliseconds = 10}));
}

TEST_F(StatsTest, AnAnswerIsFoundAmongErrors) {
    const auto outcome = run(3, [](int look) {
        return look == 1   ? answer(500, R"({"message":"no"})")
               : look == 2 ? uses(80'000, 5'000'000)
                           : answer(200, "<html>", true);
    });
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->use,
              (model::ResourceUse{.peak_memory_bytes = 80'000, .cpu_milliseconds = 5}));
}

TEST_F(StatsTest, WithoutAnAnswerTheAttemptEndsAllTheSame) {
    const auto outcome = run(1, [](int) { return Reply{.bytes{}, .keep_silent = true}; });
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->use, std::nullopt);
}

TEST_F(StatsTest, AnEngineIsAskedLittleAtOnce) {
    const auto slow = [](int) {
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        return uses(80'000, 5'000'000);
    };
    const auto outcome = run(8, slow, 8);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(most_at_once(), 4);
}

TEST_F(StatsTest, NobodyIsAskedIfItIsOff) {
    stats_every_ = Seconds{0};
    const auto outcome = run(0, [](int) { return uses(80'000, 5'000'000); });
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->use, std::nullopt);
    EXPECT_EQ(looks(), 0);
}

}  // namespace
}  // namespace batchd::testing
