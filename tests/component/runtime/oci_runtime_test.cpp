// An OCI runtime that the configuration asks for, as an Engine that is made up tells of it.
#include "component/runtime/runtime_fixture.hpp"
#include "support/fake_engine.hpp"

#include <algorithm>
#include <mutex>

namespace batchd::testing {
namespace {

using Reply = FakeEngine::Reply;

Reply answer(int status, const std::string& body, bool close = false) {
    return {.bytes = FakeEngine::answer(status, body), .close = close};
}

class OciRuntimeTest : public RuntimeTest {
  protected:
    std::string url() override { return engine_.url(); }

    /// The outcome of an attempt, where the first `refusals` starts fail in these words.
    std::optional<ports::AttemptOutcome> run(int refusals, std::string words) {
        refusals_ = refusals;
        words_ = std::move(words);
        auto wanted = options();
        wanted.lean_networks = false;
        wanted.runtime = "crun";
        wanted.stats_every = Seconds{0};
        runtime_.emplace(wanted, events_, logs_, secrets_, logins_);
        (*runtime_)->adopt({}, {});
        const auto start = shell("true");
        (*runtime_)->start(start);
        return events_.wait_ended(start.id);
    }
    int creates() { return count("/containers/create?"); }
    int removals() { return count("DELETE /"); }

  private:
    int count(const std::string& part) {
        const std::scoped_lock lock(mutex_);
        return static_cast<int>(std::ranges::count_if(
            heads_, [&](const std::string& head) { return head.contains(part); }));
    }
    Reply reply(const std::string& head) {
        const std::scoped_lock lock(mutex_);
        heads_.push_back(head);
        if (head.contains("/_ping")) {
            return {.bytes = FakeEngine::answer(200, "OK", "Api-Version: 1.44\r\n")};
        }
        if (head.contains("/info ")) {
            return answer(200, R"({"NCPU":4,"MemTotal":8589934592,"Runtimes":{"crun":{}}})");
        }
        if (head.contains("/events?")) {
            return {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
        }
        if (head.contains("/containers/json")) return answer(200, "[]");
        if (head.contains("/volumes?")) return answer(200, "{}");
        if (head.contains("/containers/create?")) return answer(201, R"({"Id":"c1"})", true);
        if (head.contains("/start ")) {
            if (refusals_-- > 0) return answer(400, R"({"message":")" + words_ + R"("})");
            return answer(204, "");
        }
        if (head.contains("/json ")) {
            return answer(200, R"({"Id":"c1","State":{"Status":"exited","ExitCode":0}})");
        }
        return answer(200, "", true);
    }

    std::mutex mutex_;
    std::vector<std::string> heads_;
    int refusals_ = 0;
    std::string words_;
    FakeEngine engine_{[this](const std::string& head) { return reply(head); }};
};

TEST_F(OciRuntimeTest, ARefusedContainerIsMadeAnew) {
    const auto outcome = run(1,
                             "failed to create shim task: OCI runtime create failed: cgroups in "
                             "hybrid mode not supported, drop all controllers from cgroupv2");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
    EXPECT_EQ(creates(), 2);
    EXPECT_EQ(removals(), 1);
}

TEST_F(OciRuntimeTest, AJobsOwnMistakeIsNoRefusal) {
    const auto outcome = run(1, "executable file `x` not found in $PATH");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status_reason, "Task failed to start");
    EXPECT_EQ(creates(), 1);
}

}  // namespace
}  // namespace batchd::testing
