// Time and memory of a job with 10,000, 100,000 and a million of them: they must not grow.
#include "null_runtime.hpp"
#include "scheduler.hpp"
#include "sections.hpp"
#include "waiting_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace batchd::bench {
namespace {

constexpr std::array<std::size_t, 3> kSizes{10'000, 100'000, 1'000'000};
constexpr std::size_t kTurns = 5;  // the machine disturbs the fastest least
/// In a jobs:batch: what the daemon keeps of a request would be most of the memory of few jobs.
constexpr std::size_t kInBatch = 1'000;
/// The most that each of a million may take against each of ten thousand: what grows with the
/// logarithm takes 1.5 times, and the caches hold only the few.
constexpr double kFlat = 2;

/// Rows by curve; the last row of each compares its ends.
class Curves {
  public:
    explicit Curves(Report& report) : report_(report) {}

    void add(const std::string& curve, std::size_t jobs, double value, const std::string& unit) {
        report_.add({fmt::format("{}, {} jobs", curve, jobs), value, unit, std::nullopt,
                     Point{.curve = curve, .jobs = jobs}});
        values_[curve].push_back(value);
    }
    void compare_ends() {
        for (const auto& [curve, values] : values_) {
            report_.add({fmt::format("{}, {} against {} jobs", curve, kSizes.back(), kSizes[0]),
                         values.back() / values.front(), "times", below(kFlat)});
        }
    }

  private:
    Report& report_;
    std::map<std::string, std::vector<double>> values_;
};

double bytes_each(double mib, std::size_t jobs) {
    return mib * 1024 * 1024 / static_cast<double>(jobs);
}

double us_each(double seconds, std::size_t jobs) {
    return seconds * 1e6 / static_cast<double>(jobs);
}

Result<> add_waiting(const Setup& setup, std::size_t jobs, Curves& curves) {
    std::optional<Batchd> batchd;
    const auto waiting = make_waiting_jobs(setup, jobs, kInBatch, batchd);
    if (!waiting) return std::unexpected(waiting.error());
    curves.add("time of a job by jobs:batch", jobs, us_each(waiting->submit_seconds, jobs), "us");
    curves.add("memory of a waiting job, as submitted", jobs,
               bytes_each(waiting->settled_mib - waiting->empty_mib, jobs), "bytes");
    curves.add("memory of a waiting job, after a start", jobs,
               bytes_each(waiting->restarted_mib - waiting->empty_mib, jobs), "bytes");
    curves.add("start, for each waiting job", jobs, us_each(waiting->scheduling_seconds, jobs),
               "us");
    const auto submits = submit_beside(*batchd, jobs);
    if (!submits) return std::unexpected(submits.error());
    curves.add("CPU time of SubmitJob beside waiting ones", jobs, submits->cpu_us, "us");
    return {};
}

/// The engine alone.
Result<> add_turn(std::size_t jobs, Curves& curves) {
    double least = 0;
    for (std::size_t i = 0; i < kTurns; ++i) {
        const auto ms = milliseconds_of_turn(jobs);
        if (!ms) return std::unexpected(ms.error());
        least = i == 0 ? *ms : std::min(least, *ms);
    }
    curves.add("a turn: one job ends, the next starts, waiting", jobs, 1000 * least, "us");
    return {};
}

Result<> add_throughput(const Setup& setup, std::size_t jobs, Curves& curves) {
    const auto batchd = Batchd::start(with_null_runtime(setup));
    if (!batchd) return std::unexpected(batchd.error());
    BATCHD_TRY(batchd->wait_for_host());
    const auto begin = SteadyClock::now();
    BATCHD_TRY(submit_singles(*batchd, jobs));
    BATCHD_TRY(wait_until_succeeded(*batchd, jobs));
    curves.add("time of a job without a container to SUCCEEDED", jobs,
               us_each(seconds_since(begin), jobs), "us");
    return {};
}

}  // namespace

Result<> measure_growth(const Setup& setup, Report& report) {
    Curves curves(report);
    for (const auto jobs : kSizes) {
        BATCHD_TRY(add_turn(jobs, curves));
        BATCHD_TRY(add_waiting(setup, jobs, curves));
        BATCHD_TRY(add_throughput(setup, jobs, curves));
    }
    curves.compare_ends();
    return {};
}

}  // namespace batchd::bench
