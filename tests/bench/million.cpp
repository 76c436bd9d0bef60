// A million jobs that wait on one small machine.
#include "load.hpp"
#include "many_jobs.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <optional>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kJobs = 1'000'000;
constexpr std::size_t kConnections = 64;
constexpr std::chrono::seconds kRest{10};
constexpr std::chrono::seconds kIndexing{30};

/// Percent of a core, when the search index has been built.
double cpu_at_rest(const Batchd& batchd) {
    std::this_thread::sleep_for(kIndexing);
    const auto before = cpu_time(batchd.pid());
    std::this_thread::sleep_for(kRest);
    return 100 * std::chrono::duration<double>(cpu_time(batchd.pid()) - before) / kRest;
}

/// Seconds from the start of the process to an answer about the queues, which also says that
/// scheduling goes on.
Result<double> restart(const Setup& setup, std::optional<Batchd>& batchd) {
    const auto folder = batchd->folder();
    batchd->kill();
    batchd.reset();
    const auto begin = SteadyClock::now();
    auto again = Batchd::start_on(setup, folder);
    if (!again) return std::unexpected(std::move(again).error());
    auto answer = again->fetch(http_request("GET", "/api/v1/overview"));
    if (!answer) return std::unexpected(std::move(answer).error());
    const double seconds = seconds_since(begin);
    batchd.emplace(std::move(*again));
    return seconds;
}

Result<> measure_submits(const Batchd& batchd, Report& report) {
    const auto submits =
        run({.endpoint = batchd.endpoint(),
             .connections = kConnections,
             .next_request = [number = kJobs]() mutable { return submit_request(number++); }});
    if (!submits) return std::unexpected(submits.error());
    report.add(
        {"durable SubmitJob, 1,000,000 jobs stored", submits->per_second, "/s", at_least(15'000)});
    report.add({"  p99", submits->latencies.percentile_ms(0.99), "ms"});
    return {};
}

Result<> measure_single(const Setup& setup, Report& report) {
    auto started = Batchd::start(setup);
    if (!started) return std::unexpected(std::move(started).error());
    std::optional<Batchd> batchd(std::move(*started));
    const auto begin = SteadyClock::now();
    BATCHD_TRY(submit_singles(*batchd, kJobs));
    report.add({"jobs:batch until 1,000,000 jobs wait, one client",
                static_cast<double>(kJobs) / seconds_since(begin), "/s"});
    report.add({"memory with 1,000,000 single jobs, as they were submitted",
                resident_mib(batchd->pid()), "MiB"});
    const auto seconds = restart(setup, batchd);
    if (!seconds) return std::unexpected(seconds.error());
    report.add({"start with 1,000,000 waiting jobs, to answers and to scheduling", *seconds, "s",
                below(5)});
    report.add({"memory with 1,000,000 single jobs, after a start", resident_mib(batchd->pid()),
                "MiB", below(500)});
    report.add(
        {"CPU at rest with 1,000,000 waiting jobs", cpu_at_rest(*batchd), "% of a core", below(1)});
    return measure_submits(*batchd, report);
}

Result<> measure_arrays(const Setup& setup, Report& report) {
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    const double before = resident_mib(batchd->pid());
    BATCHD_TRY(submit_arrays(*batchd, kJobs));
    const double memory = resident_mib(batchd->pid());
    report.add({"memory with 1,000,000 children of arrays", memory, "MiB", below(64)});
    report.add({"  of that the daemon without jobs", before, "MiB"});
    return {};
}

}  // namespace

Result<> measure_million(const Setup& setup, Report& report) {
    BATCHD_TRY(measure_single(setup, report));
    return measure_arrays(setup, report);
}

}  // namespace batchd::bench
