// A server that runs as a child process.
#pragma once

#include "batchd/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace batchd::bench {

struct Command {
    std::vector<std::string> arguments;                              ///< the first is the program
    std::vector<std::pair<std::string, std::string>> environment{};  ///< beside ours
    std::string log_file;                                            ///< gets its stderr
};

/// CPU time of a process so far.
std::chrono::milliseconds cpu_time(pid_t pid);
/// Bytes that a process has caused to be sent to disks so far.
std::int64_t bytes_written(pid_t pid);
/// Its memory that is in RAM.
double resident_mib(pid_t pid);

/// As many descriptors as the system lets us have; returns how many that are.
std::size_t raise_descriptor_limit();

/// Stops the child at its end.
class Process {
  public:
    /// Returns when the child says "… listening on http://ADDRESS:PORT" on its stdout.
    static Result<Process> start(const Command& command);
    ~Process();
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), port_(other.port_) {}
    Process& operator=(Process&&) = delete;

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return pid_; }
    /// SIGKILL: nothing is finished or flushed.
    void kill();

  private:
    Process(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}
    void end(int signal);

    pid_t pid_;
    std::uint16_t port_;
};

}  // namespace batchd::bench
