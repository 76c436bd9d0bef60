// The client against servers that misbehave.
#include "batchd/docker/client.hpp"

#include "support/fake_engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace batchd::testing {
namespace {

namespace asio = boost::asio;
using Reply = FakeEngine::Reply;

class ClientTest : public ::testing::Test {
  protected:
    void serve(FakeEngine::Script script) {
        server_ = std::make_unique<FakeEngine>(std::move(script));
        client_ = std::make_unique<docker::Client>(io_.get_executor(), server_->url(), net::Tls{});
    }
    template <class T>
    T run(asio::awaitable<T> work) {
        io_.restart();
        auto result = asio::co_spawn(io_, std::move(work), asio::use_future);
        io_.run();
        return result.get();
    }
    Result<> pull() {
        const auto stream = client_->stream();
        return run(client_->pull(*stream, "x:latest", ""));
    }
    /// In this order: the client's connections end before the server waits for them.
    void TearDown() override {
        client_.reset();
        server_.reset();
    }

    asio::io_context io_;
    std::unique_ptr<FakeEngine> server_;
    std::unique_ptr<docker::Client> client_;
};

/// As through a proxy that knows plain HTTP only.
TEST_F(ClientTest, AnAttachWithoutAnUpgradeIsNone) {
    serve([](const std::string&) {
        return Reply{.bytes = "HTTP/1.1 200 OK\r\n\r\n", .close = true};
    });
    const auto stream = client_->stream();
    const auto attached = run(client_->attach(*stream, "c"));
    ASSERT_TRUE(attached);
    EXPECT_FALSE(*attached);
    EXPECT_FALSE(run(stream->write("x"))) << "nobody would read it";
}

TEST_F(ClientTest, NegotiatesTheLowerVersion) {
    std::string seen;
    serve([&](const std::string& line) {
        if (line.starts_with("GET /_ping")) {
            return Reply{.bytes = FakeEngine::answer(200, "OK", "Api-Version: 1.43\r\n")};
        }
        seen = line.substr(0, line.find("\r\n"));
        return Reply{.bytes = FakeEngine::answer(200, "{}")};
    });
    ASSERT_TRUE(run(client_->negotiate()));
    ASSERT_TRUE(run(client_->info()));
    EXPECT_EQ(seen, "GET /v1.43/info HTTP/1.1");
    EXPECT_EQ(server_->connections(), 1) << "the connection is used again";
}

TEST_F(ClientTest, NeverSpeaksNewerThanItKnows) {
    std::string seen;
    serve([&](const std::string& line) {
        seen = line.substr(0, line.find("\r\n"));
        return Reply{.bytes = FakeEngine::answer(200, "{}", "Api-Version: 1.99\r\n")};
    });
    ASSERT_TRUE(run(client_->negotiate()));
    ASSERT_TRUE(run(client_->info()));
    EXPECT_EQ(seen, "GET /v1.44/info HTTP/1.1");
}

TEST_F(ClientTest, RefusesAnOldEngine) {
    serve([](const std::string&) {
        return Reply{.bytes = FakeEngine::answer(200, "OK", "Api-Version: 1.40\r\n")};
    });
    const auto agreed = run(client_->negotiate());
    ASSERT_FALSE(agreed);
    EXPECT_TRUE(agreed.error().message.contains("1.40")) << agreed.error().message;
}

TEST_F(ClientTest, RefusesWhatIsNoEngine) {
    serve([](const std::string&) { return Reply{.bytes = FakeEngine::answer(200, "hello")}; });
    EXPECT_FALSE(run(client_->negotiate()));
}

TEST_F(ClientTest, ThrottledAndHtml) {
    serve([](const std::string& line) {
        if (line.contains("/info")) return Reply{.bytes = FakeEngine::answer(429, "slow down")};
        return Reply{.bytes = FakeEngine::answer(200, "<html>a proxy's page</html>")};
    });
    const auto info = run(client_->info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Throttled);
    const auto state = run(client_->inspect("x"));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().kind, ErrorKind::Internal);
}

TEST_F(ClientTest, CutBodyIsUnavailable) {
    serve([](const std::string&) {
        return Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"NCPU\"",
                     .close = true};
    });
    const auto info = run(client_->info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Unavailable);
}

TEST_F(ClientTest, NoHttpIsUnavailable) {
    serve([](const std::string&) { return Reply{.bytes = "SSH-2.0-x\r\n\r\n", .close = true}; });
    const auto info = run(client_->info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Unavailable);
}

TEST_F(ClientTest, NobodyThereIsUnavailable) {
    docker::Client client(io_.get_executor(), "unix:///nonexistent/socket", {});
    const auto info = run(client.info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Unavailable);
    docker::Client nonsense(io_.get_executor(), "ftp://x", {});
    EXPECT_EQ(run(nonsense.info()).error().kind, ErrorKind::InvalidArgument);
}

TEST_F(ClientTest, SlowAnswerIsCancelled) {
    serve([](const std::string&) { return Reply{.bytes{}, .close = false, .keep_silent = true}; });
    net::HttpClient http(io_.get_executor(), server_->url(), net::Tls{});
    const auto answer =
        run(http.fetch({.method = "GET", .target = "/", .timeout = Milliseconds{50}}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Cancelled);
}

TEST_F(ClientTest, CloseEndsACall) {
    serve([](const std::string&) { return Reply{.bytes{}, .close = false, .keep_silent = true}; });
    asio::steady_timer timer(io_, std::chrono::milliseconds{50});
    timer.async_wait([&](boost::system::error_code) { client_->close(); });
    const auto info = run(client_->info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Cancelled);
    EXPECT_EQ(run(client_->info()).error().kind, ErrorKind::Cancelled);
}

TEST_F(ClientTest, DeadKeptConnectionIsReplaced) {
    int requests = 0;
    serve([&](const std::string&) {
        // Answers, then hangs up in the moment of the next request.
        const bool hang_up = ++requests == 2;
        return Reply{.bytes = hang_up ? "" : FakeEngine::answer(200, R"({"NCPU":4})"),
                     .close = hang_up};
    });
    ASSERT_TRUE(run(client_->info()));
    const auto info = run(client_->info());
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->cpus, 4);
    EXPECT_EQ(server_->connections(), 2);
}

TEST_F(ClientTest, FreshConnectionIsNotTriedTwice) {
    serve([](const std::string&) { return Reply{.bytes = "", .close = true}; });
    const auto info = run(client_->info());
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(server_->connections(), 1);
}

std::string chunked(const std::vector<std::string>& chunks) {
    std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const auto& chunk : chunks) {
        char size[16];
        std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
        bytes += size + chunk + "\r\n";
    }
    return bytes + "0\r\n\r\n";
}

TEST_F(ClientTest, PullFailsInsideASuccess) {
    serve([](const std::string&) {
        return Reply{.bytes = chunked({"{\"status\":\"Pulling\"}\r\n{\"err",
                                       "orDetail\":{\"message\":\"unknown blob\"}}\r\n"})};
    });
    const auto pulled = pull();
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().message, "unknown blob");
}

TEST_F(ClientTest, PullSucceedsAndKeepsTheConnection) {
    serve([](const std::string&) {
        return Reply{.bytes = chunked({"{\"status\":\"Pulling\"}\r\n", "{\"status\":\"Done\"}"})};
    });
    EXPECT_TRUE(pull());
    EXPECT_TRUE(pull());
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ClientTest, PullThatIsCutIsNoSuccess) {
    serve([](const std::string&) {
        return Reply{.bytes =
                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "16\r\n{\"status\":\"Pulling\"}\r\n\r\n",
                     .close = true};
    });
    EXPECT_FALSE(pull());
}

TEST_F(ClientTest, EventsComeOneByOne) {
    serve([](const std::string&) {
        return Reply{.bytes = chunked({"{\"Action\":\"start\"}\n{\"Action\":", "\"die\"}\n"})};
    });
    const auto stream = client_->stream();
    ASSERT_TRUE(run(client_->open_events(*stream, "a=b", 1'500'000'000)));
    docker::EventReader reader(*stream);
    EXPECT_EQ(run(reader.next())->action, "start");
    EXPECT_EQ(run(reader.next())->action, "die");
    EXPECT_EQ(run(reader.next()).error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace batchd::testing
