// libcurl as we set it up: TLS, proxies, connections.
#include "batchd/aws/transport.hpp"

#include "support/fake_aws.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace batchd::aws {
namespace {

using testing::FakeAws;

/// tls_server.py, while it lives.
class TlsServer {
  public:
    TlsServer() {
        std::string pattern = ::testing::TempDir() + "batchd-tls-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        const char* python = std::getenv("BATCHD_PYTHON");
        std::string program = python != nullptr ? python : "python3";
        std::string script = std::string(BATCHD_SOURCE_DIR) + "/tests/component/aws/tls_server.py";
        std::array<char*, 4> arguments{program.data(), script.data(), folder_.data(), nullptr};
        ::posix_spawnp(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        FILE* output = ::fdopen(out[0], "r");
        EXPECT_EQ(std::fscanf(output, "%d", &port_), 1);  // NOLINT(cert-err34-c)
        std::fclose(output);
    }
    ~TlsServer() {
        ::close(input_);
        ::waitpid(pid_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::string url(const char* host = "127.0.0.1") const {
        return fmt::format("https://{}:{}/", host, port_);
    }
    std::string certificate() const { return folder_ + "/cert.pem"; }

  private:
    std::string folder_;
    pid_t pid_ = 0;
    int input_ = -1;
    int port_ = 0;
};

std::string outcome(Transport& transport, HttpRequest request) {
    request.method = "GET";
    const auto response = transport.send(request);
    return response ? response->body : response.error().message;
}

TEST(CurlTransport, OverTlsToWhomTheBundleKnows) {
    const TlsServer server;
    CurlTransport knows({.ca_bundle = server.certificate()});
    EXPECT_EQ(outcome(knows, {.url = server.url()}), "hello");
    CurlTransport stranger;
    EXPECT_EQ(outcome(stranger, {.url = server.url()}),
              "SSL peer certificate or SSH remote key was not OK");
    EXPECT_EQ(outcome(knows, {.url = server.url("localhost")}),
              "SSL peer certificate or SSH remote key was not OK")
        << "the certificate is for 127.0.0.1";
}

TEST(CurlTransport, ThroughTheProxyUnlessTold) {
    FakeAws proxy([](const FakeAws::Request& request) {
        return FakeAws::Answer{.body = "proxy for " + request.path};
    });
    CurlTransport transport;
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    EXPECT_EQ(outcome(transport, {.url = "http://aws.invalid/x"}),
              "proxy for http://aws.invalid/x");
    EXPECT_EQ(outcome(transport, {.url = "http://aws.invalid/x", .through_proxy = false}),
              "Couldn't resolve host name");
    ::setenv("no_proxy", "aws.invalid", 1);
    EXPECT_EQ(outcome(transport, {.url = "http://aws.invalid/x"}), "Couldn't resolve host name");
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
}

TEST(CurlTransport, ConnectionsAreUsedAgain) {
    FakeAws server([](const FakeAws::Request&) { return FakeAws::Answer{.body = "x"}; });
    CurlTransport transport;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(outcome(transport, {.url = server.url()}), "x");
    EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, OtherSchemesAreRefused) {
    CurlTransport transport;
    EXPECT_EQ(outcome(transport, {.url = "file:///etc/hostname"}), "Unsupported protocol");
    transport.stop();
    EXPECT_EQ(transport.send({.method = "GET", .url = "http://127.0.0.1:1"}).error().kind,
              ErrorKind::Cancelled);
}

TEST(CurlTransport, HeadersAreFoundWhateverTheirCase) {
    const HttpResponse response{.status = 200, .headers = {{"X-Amzn-ErrorType", "a"}}, .body{}};
    EXPECT_EQ(response.header("x-amzn-errortype"), "a");
    EXPECT_EQ(response.header("x-amzn"), "");
}

}  // namespace
}  // namespace batchd::aws
