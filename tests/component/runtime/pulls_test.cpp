// Logins on the way into a pull, as an Engine sees them that has no image and lets nobody pull.
#include "batchd/docker/image_reference.hpp"
#include "component/runtime/runtime_fixture.hpp"
#include "support/fake_engine.hpp"

#include <future>
#include <mutex>

namespace batchd::testing {
namespace {

constexpr const char* kRegistry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

class PullsTest : public RuntimeTest {
  protected:
    std::string url() override { return engine_.url(); }

    ports::StartAttempt of_image(const std::string& image) {
        auto start = shell("true");
        start.task.containers[0].image = image;
        return start;
    }
    /// Why the attempt ended that wanted it.
    std::string pull(const std::string& image) {
        const auto start = of_image(image);
        (*runtime_)->start(start);
        const auto outcome = events_.wait_ended(start.id);
        return outcome ? outcome->reason : "it did not end";
    }
    /// The X-Registry-Auth of each pull; empty for one without.
    std::vector<std::string> seen() {
        const std::scoped_lock lock(mutex_);
        return seen_;
    }

  private:
    FakeEngine::Reply reply(const std::string& head) {
        using Engine = FakeEngine;
        if (head.contains("/_ping")) {
            return {.bytes = Engine::answer(200, "OK", "Api-Version: 1.44\r\n")};
        }
        if (head.contains("/info ")) {
            return {.bytes = Engine::answer(200, R"({"NCPU":4,"MemTotal":8589934592})")};
        }
        if (head.contains("/events?")) {
            return {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
        }
        if (head.contains("/containers/json")) return {.bytes = Engine::answer(200, "[]")};
        if (head.contains("/volumes?")) return {.bytes = Engine::answer(200, "{}")};
        if (head.contains("/images/create?fromImage=")) {
            note(head);
            return {.bytes = Engine::answer(200, R"({"error":"pull access denied"})"),
                    .close = true};
        }
        return {.bytes = Engine::answer(404, R"({"message":"No such image: x"})"), .close = true};
    }
    void note(const std::string& head) {
        const std::string name = "X-Registry-Auth: ";
        const auto at = head.find(name);
        const auto from = at == head.npos ? head.size() : at + name.size();
        const std::scoped_lock lock(mutex_);
        seen_.push_back(head.substr(from, head.find("\r\n", from) - from));
    }

    std::mutex mutex_;
    std::vector<std::string> seen_;
    FakeEngine engine_{[this](const std::string& head) { return reply(head); }};
};

const ports::RegistryLogin kLogin{.username = "AWS", .password = "pw"};

TEST_F(PullsTest, ARegistryThatHasALoginGetsIt) {
    logins_.set(kRegistry, [] { return kLogin; });
    boot();
    EXPECT_EQ(pull(std::string(kRegistry) + "/app:1"),
              "CannotPullContainerError: pull access denied");
    EXPECT_EQ(seen(), std::vector{docker::registry_auth(kLogin, kRegistry)});
}

TEST_F(PullsTest, OthersAreSentNone) {
    logins_.set(kRegistry, [] { return kLogin; });
    boot();
    pull("busybox");
    EXPECT_EQ(seen(), std::vector<std::string>{""});
}

TEST_F(PullsTest, AConfiguredLoginStandsAboveOneThatIsFetched) {
    logins_.set(kRegistry, [] { return kLogin; });
    registries_[kRegistry] = {.username = "me", .password = "mine"};
    boot();
    pull(std::string(kRegistry) + "/app:1");
    EXPECT_EQ(seen(), std::vector{docker::registry_auth(registries_[kRegistry], kRegistry)});
}

TEST_F(PullsTest, ALoginThatIsRefusedIsWhyTheAttemptFails) {
    logins_.set(kRegistry, [] { return fail(ErrorKind::Unavailable, "ECR says no"); });
    boot();
    EXPECT_EQ(pull(std::string(kRegistry) + "/app:1"), "CannotPullContainerError: ECR says no");
    EXPECT_TRUE(seen().empty());
}

TEST_F(PullsTest, WhereNobodyCanBeAskedThePullIsTriedWithoutALogin) {
    logins_.set(kRegistry, [] { return fail(ErrorKind::NotFound, "no keys"); });
    boot();
    EXPECT_EQ(pull(std::string(kRegistry) + "/app:1"),
              "CannotPullContainerError: without a login (no keys): pull access denied");
    EXPECT_EQ(seen(), std::vector<std::string>{""});
}

TEST_F(PullsTest, ALoginThatTakesLongHoldsUpNobodyAndCanBeStopped) {
    std::promise<void> asked;
    std::promise<void> released;
    logins_.set(kRegistry, [&]() -> Result<ports::RegistryLogin> {
        asked.set_value();
        released.get_future().wait();
        return kLogin;
    });
    boot();
    const auto waiting = of_image(std::string(kRegistry) + "/app:1");
    (*runtime_)->start(waiting);
    asked.get_future().wait();
    EXPECT_EQ(pull("busybox"), "CannotPullContainerError: pull access denied");
    (*runtime_)->stop(waiting.id, Seconds{1});
    EXPECT_TRUE(events_.wait_ended(waiting.id));
    released.set_value();
    shut_down();
    EXPECT_EQ(seen(), std::vector<std::string>{""}) << "nobody wanted the image any more";
}

TEST_F(PullsTest, TheDaemonsStopFailsNoAttempt) {
    std::promise<void> asked;
    logins_.set(kRegistry, [&, first = true]() mutable -> Result<ports::RegistryLogin> {
        if (std::exchange(first, false)) asked.set_value();
        return fail(ErrorKind::Cancelled, "the daemon stops");
    });
    boot();
    const auto start = of_image(std::string(kRegistry) + "/app:1");
    (*runtime_)->start(start);
    asked.get_future().wait();
    pull("busybox");
    shut_down();
    EXPECT_TRUE(events_.seen(start.id).ended.empty());
}

}  // namespace
}  // namespace batchd::testing
