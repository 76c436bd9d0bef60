#include "null_runtime.hpp"

#include "batchd/daemon/daemon.hpp"
#include "latencies.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

std::atomic<std::int64_t> g_syncs{0};

}  // namespace

// SQLite's calls come here before they go to the system, so that they can be counted.
extern "C" int fdatasync(int file) {
    ++g_syncs;
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
    ++g_syncs;
    return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace batchd::bench {
namespace {

constexpr const char* kHost = "local";
constexpr model::Resources kCapacity{.vcpu = vcpus(100'000), .memory = MiB{100'000'000}};
constexpr std::int32_t kStopped = 143;
constexpr const char* kSyncs = "waited for the disk: ";

class NullRuntime final : public ports::ContainerRuntime {
  public:
    NullRuntime(ports::RuntimeEvents& events, std::chrono::milliseconds run_time)
        : events_(events), run_time_(run_time) {
        if (run_time_.count() > 0)
            thread_ = std::jthread([this](const std::stop_token& stop) { end_in_time(stop); });
    }

    void start(ports::StartAttempt attempt) override {
        events_.attempt_started(attempt.id, "null", clock_.now(), {});
        if (!thread_.joinable()) return end(attempt.id, 0);
        {
            const std::lock_guard lock(mutex_);
            running_.emplace(attempt.id, SteadyClock::now() + run_time_);
            ends_.emplace_back(attempt.id);
        }
        changed_.notify_one();
    }

    void stop(model::AttemptId id, Seconds /*grace*/) override {
        if (take(id)) end(id, kStopped);
    }

    void forget(model::AttemptId id) override { take(id); }

    void connect(model::Host /*host*/) override {}
    void disconnect(std::string /*name*/) override {}

    void adopt(std::vector<model::Host> /*hosts*/, std::vector<Adopt> attempts) override {
        events_.host_up(kHost, kCapacity, {});
        for (auto& entry : attempts) {
            const auto id = entry.attempt.id;
            start(std::move(entry.attempt));
            if (entry.stop_with_grace) stop(id, *entry.stop_with_grace);
        }
    }

  private:
    void end(model::AttemptId id, std::int32_t exit_code) {
        events_.attempt_ended(id, {.exit_code = exit_code,
                                   .reason{},
                                   .status_reason = "Essential container in task exited",
                                   .stopped_at = clock_.now()});
    }

    /// Whether it ran.
    bool take(model::AttemptId id) {
        const std::lock_guard lock(mutex_);
        return running_.erase(id) > 0;
    }

    /// All run equally long, so they end in the order in which they started.
    void end_in_time(const std::stop_token& stopping) {
        std::unique_lock lock(mutex_);
        while (changed_.wait(lock, stopping, [this] { return !ends_.empty(); })) {
            const auto id = ends_.front();
            ends_.pop_front();
            const auto found = running_.find(id);
            if (found == running_.end()) continue;
            changed_.wait_until(lock, stopping, found->second, [] { return false; });
            if (stopping.stop_requested()) return;
            if (running_.erase(id) == 0) continue;  // stopped meanwhile
            lock.unlock();
            end(id, 0);
            lock.lock();
        }
    }

    ports::RuntimeEvents& events_;
    const std::chrono::milliseconds run_time_;
    SystemClock clock_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<model::AttemptId, SteadyClock::time_point> running_;  ///< and when each ends
    std::deque<model::AttemptId> ends_;
    std::jthread thread_;
};

}  // namespace

int serve_null(int argc, char** argv) {
    const std::chrono::milliseconds run_time{argc > 1 ? std::atoll(argv[1]) : 0};
    const int status = daemon::run(argc - 1, argv + 1, [run_time](ports::RuntimeEvents& events) {
        return std::make_unique<NullRuntime>(events, run_time);
    });
    fmt::print(stderr, "{}{}\n", kSyncs, g_syncs.load());
    return status;
}

Setup with_null_runtime(Setup setup, std::chrono::milliseconds run_time) {
    setup.batchd = {setup.self, kNullDaemon, std::to_string(run_time.count())};
    return setup;
}

Result<std::int64_t> syncs_of(const std::filesystem::path& folder) {
    std::ifstream log(folder / "log");
    for (std::string line; std::getline(log, line);) {
        if (line.starts_with(kSyncs)) {
            return std::atoll(line.c_str() + std::string_view(kSyncs).size());
        }
    }
    return fail(ErrorKind::Internal, "the daemon did not say how often it waited for the disk");
}

}  // namespace batchd::bench
