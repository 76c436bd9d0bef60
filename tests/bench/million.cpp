// A million jobs that wait on one small machine.
#include "sections.hpp"
#include "waiting_jobs.hpp"

#include <optional>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kJobs = 1'000'000;
constexpr std::chrono::seconds kRest{10};
constexpr std::chrono::seconds kIndexing{30};

/// Percent of a core, when the search index has been built.
double cpu_at_rest(const Batchd& batchd) {
    std::this_thread::sleep_for(kIndexing);
    const auto before = cpu_time(batchd.pid());
    std::this_thread::sleep_for(kRest);
    return 100 * std::chrono::duration<double>(cpu_time(batchd.pid()) - before) / kRest;
}

Result<> measure_submits(const Batchd& batchd, Report& report) {
    const auto submits = submit_beside(batchd, kJobs);
    if (!submits) return std::unexpected(submits.error());
    report.add({"durable SubmitJob, 1,000,000 jobs stored", submits->result.per_second, "/s",
                at_least(15'000)});
    report.add({"  p99", submits->result.latencies.percentile_ms(0.99), "ms"});
    report.add({"  CPU time of the daemon, a job", submits->cpu_us, "us"});
    return {};
}

Result<> measure_single(const Setup& setup, Report& report) {
    std::optional<Batchd> batchd;
    const auto waiting = make_waiting_jobs(setup, kJobs, kTogether, batchd);
    if (!waiting) return std::unexpected(waiting.error());
    report.add({"jobs:batch until 1,000,000 jobs wait, one client",
                static_cast<double>(kJobs) / waiting->submit_seconds, "/s"});
    report.add({"memory with 1,000,000 single jobs, right after their submission",
                waiting->submitted_mib, "MiB"});
    report.add({"memory with 1,000,000 single jobs, as they were submitted", waiting->settled_mib,
                "MiB", below(500)});
    report.add({"start with 1,000,000 waiting jobs, to the first answer",
                waiting->first_answer_seconds, "s", below(1)});
    report.add({"start with 1,000,000 waiting jobs, to scheduling", waiting->scheduling_seconds,
                "s", below(5)});
    report.add({"memory with 1,000,000 single jobs, after a start", waiting->restarted_mib, "MiB",
                below(500)});
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
