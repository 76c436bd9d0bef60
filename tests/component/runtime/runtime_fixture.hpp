// A DockerRuntime over a real Engine.
#pragma once

#include "batchd/docker/answers.hpp"
#include "batchd/docker/create_body.hpp"
#include "batchd/runtime/docker_runtime.hpp"
#include "component/runtime/recorder.hpp"
#include "support/docker_engine.hpp"
#include "support/http_call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace batchd::testing {

/// The runtime and the threads it runs on; destroying it is what the end of the daemon is to it.
class RunningRuntime {
  public:
    RunningRuntime(runtime::DockerOptions options, EventRecorder& events, MemoryLogs& logs,
                   FakeSecrets& secrets, FakeLogins& logins)
        : runtime_(io_, std::move(options),
                   {.events = events,
                    .logs = logs,
                    .secrets = secrets,
                    .registry_logins = logins,
                    .secret_threads = secret_threads_.get_executor(),
                    .clock = clock_}) {
        for (auto& thread : threads_) thread = std::thread([this] { io_.run(); });
    }
    ~RunningRuntime() {
        boost::asio::co_spawn(io_, runtime_.shutdown(), boost::asio::use_future).get();
        guard_.reset();
        for (auto& thread : threads_) thread.join();
        secret_threads_.join();
    }
    runtime::DockerRuntime* operator->() { return &runtime_; }

  private:
    boost::asio::thread_pool secret_threads_{1};
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        io_.get_executor()};
    SystemClock clock_;
    runtime::DockerRuntime runtime_;
    std::array<std::thread, 2> threads_;
};

class RuntimeTest : public ::testing::Test {
  protected:
    RuntimeTest() : instance_(to_string(make_uuid(SystemClock{}.now()))) {}
    /// Leaves nothing behind on an Engine that others may use too.
    void TearDown() override {
        runtime_.reset();
        for (const auto& id : made_) meddle(id, "DELETE", "?force=1&v=1");
    }

    virtual std::string url() { return DockerEngine::shared().url(); }

    runtime::DockerOptions options() {
        return {.hosts = {{.name = "one", .url = url()}},
                .instance = instance_,
                .network_mode = "none",
                .registries = registries_,
                .stats_every = stats_every_,
                .reconcile_every = Seconds{1}};
    }

    /// A runtime as after the start of the daemon, told of these attempts.
    void boot(std::vector<ports::ContainerRuntime::Adopt> attempts = {}) {
        runtime_.emplace(options(), events_, logs_, secrets_, logins_);
        (*runtime_)->adopt({}, std::move(attempts));
    }
    /// The daemon ends; containers stay.
    void shut_down() { runtime_.reset(); }

    ports::StartAttempt attempt(std::vector<std::string> command) {
        ports::StartAttempt start;
        start.id = {.job = {make_uuid(SystemClock{}.now())}, .number = 1};
        made_.push_back(start.id);
        start.host = "one";
        start.queue = "default";
        start.compute_environment = "local";
        start.resources = {.vcpu = vcpus(1), .memory = MiB{64}};
        start.task.containers.emplace_back().image = "busybox:latest";
        start.task.containers[0].command = std::move(command);
        return start;
    }
    ports::StartAttempt shell(const std::string& script) {
        return attempt({"/bin/sh", "-c", script});
    }

    /// The Engine's own view of an attempt's container; nullopt if there is none.
    std::optional<docker::ContainerState> inspect(const model::AttemptId& id) {
        const auto answer = http_call(
            url(),
            {.method = "GET", .target = "/containers/" + docker::container_name(id) + "/json"});
        if (!answer || answer->status != 200) return std::nullopt;
        auto state = docker::parse_inspect(answer->body);
        return state ? std::optional(*state) : std::nullopt;
    }
    /// POST or DELETE on an attempt's container, behind the runtime's back.
    int meddle(const model::AttemptId& id, const std::string& method, const std::string& action) {
        const auto answer = http_call(
            url(),
            {.method = method, .target = "/containers/" + docker::container_name(id) + action});
        return answer ? answer->status : 0;
    }

    static bool eventually(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        return true;
    }

    std::string instance_;
    std::vector<model::AttemptId> made_;
    EventRecorder events_;
    MemoryLogs logs_;
    FakeSecrets secrets_;
    FakeLogins logins_;
    std::map<std::string, ports::RegistryLogin> registries_;
    Seconds stats_every_{10};
    std::optional<RunningRuntime> runtime_;
};

}  // namespace batchd::testing
