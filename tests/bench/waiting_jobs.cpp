#include "waiting_jobs.hpp"

#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kConnections = 64;
/// The daemon gives what a burst needed back to the system every 20 s.
constexpr std::chrono::seconds kUntilMemoryReturns{25};

/// Kills it; leaves the one that comes after in its place.
Result<> restart(const Setup& setup, std::optional<Batchd>& batchd, WaitingJobs& figures) {
    const auto folder = batchd->folder();
    batchd->kill();
    batchd.reset();
    const auto begin = SteadyClock::now();
    auto again = Batchd::start_on(setup, folder);
    if (!again) return std::unexpected(std::move(again).error());
    const auto answer = again->fetch(http_request("GET", "/healthz"));
    if (!answer) return std::unexpected(answer.error());
    figures.first_answer_seconds = seconds_since(begin);
    // Its acknowledgement is a decision beside all jobs that wait, and stored.
    const auto submitted = again->fetch(submit_request(0));
    if (!submitted) return std::unexpected(submitted.error());
    figures.scheduling_seconds = seconds_since(begin);
    batchd.emplace(std::move(*again));
    return {};
}

}  // namespace

Result<WaitingJobs> make_waiting_jobs(const Setup& setup, std::size_t jobs, std::size_t together,
                                      std::optional<Batchd>& batchd) {
    auto started = Batchd::start(setup);
    if (!started) return std::unexpected(std::move(started).error());
    batchd.reset();
    batchd.emplace(std::move(*started));
    WaitingJobs figures;
    figures.empty_mib = resident_mib(batchd->pid());
    const auto begin = SteadyClock::now();
    BATCHD_TRY(submit_singles(*batchd, jobs, together));
    figures.submit_seconds = seconds_since(begin);
    figures.submitted_mib = resident_mib(batchd->pid());
    std::this_thread::sleep_for(kUntilMemoryReturns);
    figures.settled_mib = resident_mib(batchd->pid());
    BATCHD_TRY(restart(setup, batchd, figures));
    figures.restarted_mib = resident_mib(batchd->pid());
    return figures;
}

Result<Submits> submit_beside(const Batchd& batchd, std::size_t first) {
    std::size_t next = first;
    const auto cpu_before = cpu_time(batchd.pid());
    auto result =
        run({.endpoint = batchd.endpoint(), .connections = kConnections, .next_request = [&next] {
                 return submit_request(next++);
             }});
    if (!result) return std::unexpected(std::move(result).error());
    const std::chrono::microseconds cpu = cpu_time(batchd.pid()) - cpu_before;
    return Submits{.result = std::move(*result),
                   .cpu_us = static_cast<double>(cpu.count()) / static_cast<double>(next - first)};
}

}  // namespace batchd::bench
