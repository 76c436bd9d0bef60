// No-op containers per second: through DockerRuntime, and by a bare loop of create, start, wait and
// remove on the same Engine at several concurrencies. Usage: docker_runtime_bench [containers]
#include "batchd/docker/create_body.hpp"
#include "batchd/net/http_client.hpp"
#include "batchd/runtime/docker_runtime.hpp"
#include "support/docker_engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace batchd {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kSlots = 8;

ports::StartAttempt no_op() {
    ports::StartAttempt start;
    start.id = {.job = {make_uuid(SystemClock{}.now())}, .number = 1};
    start.host = "bench";
    start.resources = {.vcpu = vcpus(1), .memory = MiB{64}};
    start.container.image = "busybox:latest";
    start.container.command = {"/bin/true"};
    return start;
}

double rate(std::size_t count, SteadyClock::time_point since) {
    return static_cast<double>(count) /
           std::chrono::duration<double>(SteadyClock::now() - since).count();
}

/// Ends the program: numbers of failed calls would mislead.
void must(const Result<net::HttpResponse>& answer) {
    if (answer && answer->status < 300) return;
    fmt::print(stderr, "the Engine refused: {}\n", answer ? answer->body : answer.error().message);
    std::exit(1);
}

asio::awaitable<void> bare_worker(std::shared_ptr<net::HttpClient> client,
                                  std::shared_ptr<std::size_t> left) {
    while (*left > 0) {
        --*left;
        const auto start = no_op();
        const std::string path = "/containers/" + docker::container_name(start.id);
        auto body = docker::create_body(
            start, {.network_mode = "none", .instance = "bare", .log_drivers{}});
        must(co_await client->fetch(
            {.method = "POST",
             .target = "/containers/create?name=" + docker::container_name(start.id),
             .body = *body}));
        must(co_await client->fetch({.method = "POST", .target = path + "/start"}));
        must(co_await client->fetch({.method = "POST", .target = path + "/wait"}));
        must(co_await client->fetch({.method = "DELETE", .target = path + "?v=1&force=1"}));
    }
}

double bare_rate(const std::string& url, std::size_t containers, std::size_t concurrency) {
    asio::io_context io;
    const auto client = std::make_shared<net::HttpClient>(io.get_executor(), url, "");
    const auto left = std::make_shared<std::size_t>(containers);
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < concurrency; ++i) {
        asio::co_spawn(io, bare_worker(client, left), [](std::exception_ptr) {});
    }
    io.run();
    return rate(containers, begin);
}

class NoLogs final : public ports::LogSink {
    struct Writer final : ports::LogWriter {
        void append(std::int64_t, ports::OutputChannel, std::string_view) override {}
        Result<> flush() override { return {}; }
        Result<> close() override { return {}; }
        Position position() const override { return {}; }
    };
    Result<std::unique_ptr<ports::LogWriter>> open(const model::AttemptId&) override {
        return std::make_unique<Writer>();
    }
};

/// An engine that keeps all slots busy.
class Feeder final : public ports::RuntimeEvents {
  public:
    explicit Feeder(std::size_t containers) : to_start_(containers), to_end_(containers) {}

    void feed(ports::ContainerRuntime& runtime) {
        runtime_ = &runtime;
        up_.get_future().wait();
        for (std::size_t i = 0; i < kSlots; ++i) start_next();
    }
    void wait() { done_.get_future().wait(); }

    void host_up(std::string, model::Resources) override {
        if (!was_up_.exchange(true)) up_.set_value();
    }
    void host_down(std::string, std::string) override {}
    void attempt_started(model::AttemptId, std::string, Timestamp) override {}
    void attempt_ended(model::AttemptId id, ports::AttemptOutcome outcome) override {
        if (outcome.exit_code != 0) {
            fmt::print(stderr, "a container failed: {}\n", outcome.reason);
            std::exit(1);
        }
        runtime_->forget(id);
        start_next();
        if (--to_end_ == 0) done_.set_value();
    }

  private:
    void start_next() {
        if (to_start_.fetch_sub(1) > 0) runtime_->start(no_op());
    }

    ports::ContainerRuntime* runtime_ = nullptr;
    std::atomic<std::int64_t> to_start_;
    std::atomic<std::size_t> to_end_;
    std::atomic<bool> was_up_{false};
    std::promise<void> up_;
    std::promise<void> done_;
};

double runtime_rate(const std::string& url, std::size_t containers, std::size_t starts) {
    asio::io_context io;
    const auto guard = asio::make_work_guard(io);
    SystemClock clock;
    NoLogs logs;
    Feeder feeder(containers);
    runtime::DockerRuntime runtime(
        io,
        {.hosts = {{.name = "bench", .url = url, .certificate_directory{}, .vcpu = vcpus(kSlots)}},
         .instance = "bench",
         .network_mode = "none",
         .registries{},
         .concurrent_starts = starts},
        feeder, logs, clock);
    std::thread thread([&] { io.run(); });
    runtime.adopt({});
    const auto begin = SteadyClock::now();
    feeder.feed(runtime);
    feeder.wait();
    const double result = rate(containers, begin);
    asio::co_spawn(io, runtime.shutdown(), asio::use_future).get();
    io.stop();
    thread.join();
    return result;
}

}  // namespace
}  // namespace batchd

int main(int argc, char** argv) {
    const std::size_t containers = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100;
    const std::string url = batchd::testing::DockerEngine::shared().url();
    for (int round = 0; round < 2; ++round) {
        for (const std::size_t concurrency : {1U, 2U, 4U, 8U}) {
            fmt::print("bare, {} at a time: {:.1f} containers/s\n", concurrency,
                       batchd::bare_rate(url, containers, concurrency));
        }
        for (const std::size_t starts : {1U, 2U, 4U, 8U}) {
            fmt::print("DockerRuntime, 8 slots, {} starts at a time: {:.1f} containers/s\n", starts,
                       batchd::runtime_rate(url, containers, starts));
        }
    }
}
