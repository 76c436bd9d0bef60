// The daemon under test, and the requests that the bench sends it.
#pragma once

#include "http_connection.hpp"
#include "process.hpp"
#include "submit_body.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace batchd::bench {

/// Where things are.
struct Setup {
    std::vector<std::string> batchd;  ///< the command of the daemon, without `serve`
    std::string self;                 ///< this program
    std::filesystem::path scratch;    ///< a folder of ours, on the disk that counts
};

class Batchd {
  public:
    /// On a new data folder, with job definition `noop`: image busybox, command /bin/true, 1 vCPU.
    /// Without `docker_host` there is no Engine, and jobs wait.
    static Result<Batchd> start(const Setup& setup, const std::string& docker_host = {},
                                std::vector<std::pair<std::string, std::string>> environment = {});

    /// On the data folder of one that was killed.
    static Result<Batchd> start_on(
        const Setup& setup, std::filesystem::path folder, const std::string& docker_host = {},
        std::vector<std::pair<std::string, std::string>> environment = {});

    const std::filesystem::path& folder() const { return folder_; }
    Endpoint endpoint() const { return loopback(process_.port()); }
    std::string database() const { return folder_ / "batchd.db"; }
    pid_t pid() const { return process_.pid(); }
    void kill() { process_.kill(); }

    /// Sends one request on a connection of its own and waits for the answer's body.
    Result<std::string> fetch(const std::string& request) const;
    /// Returns when the Engine is connected.
    Result<> wait_for_host() const;

  private:
    Batchd(Process process, std::filesystem::path folder)
        : process_(std::move(process)), folder_(std::move(folder)) {}

    Process process_;
    std::filesystem::path folder_;
};

/// As Batchd::fetch, of any server.
Result<std::string> fetch(const Endpoint& endpoint, const std::string& request);

std::string submit_request(std::size_t number);
/// Submits `count` jobs with jobs:batch, the first with that number.
std::string batch_request(std::size_t first, std::size_t count);
/// The jobId in an answer to SubmitJob.
std::string job_id(const std::string& answer);

}  // namespace batchd::bench
