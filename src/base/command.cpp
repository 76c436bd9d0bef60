#include "batchd/base/command.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace batchd {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxValueBytes = std::size_t{64} * 1024;  // as in Secrets Manager
constexpr std::size_t kMaxErrorBytes = 4096;
constexpr std::size_t kPipeBytes = std::size_t{64} * 1024;  // Linux's default

std::unexpected<Error> unusable(std::string why) {
    return fail(ErrorKind::Unavailable, std::move(why));
}

/// The reading end of a pipe, and what came through.
class Capture {
  public:
    explicit Capture(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    /// Returns the writing end; closed if there are no descriptors left.
    Descriptor open() {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Descriptor{};
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        end_ = Descriptor(ends[0]);
        return Descriptor(ends[1]);
    }
    /// All that the pipe holds. Never waits.
    void take() {
        std::array<char, kPipeBytes> chunk;  // NOLINT(*-init*): filled by read
        const ssize_t count = ::read(end_.get(), chunk.data(), chunk.size());
        if (count == 0) end_.close();
        if (count <= 0) return;
        const auto size = static_cast<std::size_t>(count);
        const std::size_t room = max_bytes_ - text_.size();
        is_cut_ = is_cut_ || size > room;
        text_.append(chunk.data(), std::min(size, room));
    }

    int descriptor() const { return end_.get(); }
    const std::string& text() const { return text_; }
    bool is_cut() const { return is_cut_; }

  private:
    std::size_t max_bytes_;
    Descriptor end_;
    std::string text_;
    bool is_cut_ = false;
};

/// The settings of posix_spawn, in the form of its C types.
class SpawnSettings {
  public:
    SpawnSettings(int out, int err) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
        // Sockets of clients and of the Engine do not have O_CLOEXEC.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        posix_spawnattr_init(&attributes_);
        // A group of its own, to kill what it started with it; and the daemon ignores SIGPIPE.
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigaddset(&signals, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

class Child {
  public:
    Child() = default;
    ~Child() {
        if (pid_ > 0) end();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    Result<> start(const std::vector<std::string>& command) {
        const Descriptor out = out_.open();
        const Descriptor err = err_.open();
        if (out.get() < 0 || err.get() < 0) return unusable("cannot be started: no pipes left");
        std::vector<char*> arguments;
        arguments.reserve(command.size() + 1);
        // posix_spawn takes, for C's sake, what it does not change as if it did.
        for (const auto& text : command) arguments.push_back(const_cast<char*>(text.c_str()));
        arguments.push_back(nullptr);
        const SpawnSettings settings(out.get(), err.get());
        const int error = ::posix_spawnp(&pid_, arguments[0], settings.actions(),
                                         settings.attributes(), arguments.data(), environ);
        if (error != 0) {
            pid_ = 0;
            return unusable(fmt::format("cannot be started: {}", std::strerror(error)));
        }
        // glibc 2.36 declares pidfd_open without extern "C".
        ended_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (ended_.get() < 0) return unusable("cannot be watched: no descriptors left");
        return {};
    }

    /// Until it has ended; what it wrote until then is taken.
    Result<> wait(Milliseconds limit, const StopEvent& stop) {
        const auto deadline = SteadyClock::now() + limit;
        for (;;) {
            std::array<pollfd, 4> watched{{{ended_.get(), POLLIN, 0},
                                           {stop.descriptor(), POLLIN, 0},
                                           {out_.descriptor(), POLLIN, 0},
                                           {err_.descriptor(), POLLIN, 0}}};
            const auto left = std::chrono::ceil<Milliseconds>(deadline - SteadyClock::now());
            if (left.count() <= 0) {
                return unusable(fmt::format("did not end within {} ms", limit.count()));
            }
            (void)::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
            if (watched[1].revents != 0) return fail(ErrorKind::Cancelled, "the daemon stops");
            out_.take();
            err_.take();
            if (watched[0].revents != 0) return {};
        }
    }

    /// After wait().
    Result<std::string> outcome() {
        int status = 0;
        ::waitpid(std::exchange(pid_, 0), &status, 0);
        if (WIFSIGNALED(status)) {
            return unusable(fmt::format("was ended by signal {}", WTERMSIG(status)));
        }
        if (WEXITSTATUS(status) != 0) {
            return fail(ErrorKind::NotFound,
                        fmt::format("failed with exit code {}: {}", WEXITSTATUS(status),
                                    err_.text().substr(0, err_.text().find('\n'))));
        }
        if (out_.is_cut()) return unusable("wrote more than 64 KiB");
        std::string value = out_.text();
        if (value.ends_with('\n')) value.pop_back();
        return value;
    }

  private:
    void end() {
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid_ = 0;
    Descriptor ended_;
    Capture out_{kMaxValueBytes + 1};  // and the newline
    Capture err_{kMaxErrorBytes};
};

}  // namespace

Result<std::string> run_command(const std::vector<std::string>& command, Milliseconds limit,
                                const StopEvent& stop) {
    Child child;
    BATCHD_TRY(child.start(command));
    BATCHD_TRY(child.wait(limit, stop));
    return child.outcome();
}

}  // namespace batchd
