// What dashboards feel, and what the scheduler feels of them: a million jobs wait, ten thousand end
// a minute.
#include "event_followers.hpp"
#include "load.hpp"
#include "many_jobs.hpp"
#include "null_runtime.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <array>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kWaiting = 1'000'000;
// Of the null runtime's 100,000 vCPUs: 100 jobs run at a time, 167 a second end.
constexpr const char* kLargeJob =
    R"({"jobDefinitionName":"noop","type":"container","containerProperties":{)"
    R"("image":"busybox","command":["/bin/true"],"resourceRequirements":[)"
    R"({"type":"VCPU","value":"1000"},{"type":"MEMORY","value":"16"}]}})";
constexpr std::chrono::milliseconds kRunTime{600};

constexpr double kReadsPerSecond = 50;  // of each of four kinds
constexpr std::size_t kConnections = 10;
constexpr std::size_t kFollowers = 10;
constexpr std::chrono::milliseconds kDuration{20'000};
constexpr std::chrono::milliseconds kSettling{10'000};

struct Kind {
    std::string name;
    std::function<std::string()> next_request;
};

std::string list_request(std::size_t number) {
    constexpr std::array kStatuses{"RUNNABLE", "RUNNING", "SUCCEEDED"};
    return http_request("POST", "/v1/listjobs",
                        fmt::format(R"({{"jobQueue":"default","jobStatus":"{}","maxResults":100}})",
                                    kStatuses[number % kStatuses.size()]));
}

std::vector<Kind> kinds(const std::vector<std::string>& ids) {
    return {{"overview", [] { return http_request("GET", "/api/v1/overview"); }},
            {"ListJobs page of 100",
             [number = std::size_t{0}]() mutable { return list_request(number++); }},
            {"DescribeJobs of 100",
             [&ids, random = std::mt19937{1}]() mutable { return describe_request(ids, random); }},
            {"metrics", [] { return http_request("GET", "/metrics"); }}};
}

/// What the daemon did in a while.
struct While {
    double ended_per_second = 0;
    double cpu_percent = 0;
};

template <class Body>
Result<While> observe(const Batchd& batchd, const Body& body) {
    const auto before = succeeded_jobs(batchd);
    if (!before) return std::unexpected(before.error());
    const auto cpu_before = cpu_time(batchd.pid());
    const auto begin = SteadyClock::now();
    body();
    const double seconds = seconds_since(begin);
    const auto cpu = cpu_time(batchd.pid()) - cpu_before;
    const auto after = succeeded_jobs(batchd);
    if (!after) return std::unexpected(after.error());
    return While{.ended_per_second = static_cast<double>(*after - *before) / seconds,
                 .cpu_percent = 100 * std::chrono::duration<double>(cpu).count() / seconds};
}

/// Each kind in a thread of its own, so that the one does not delay the other's clock.
std::vector<Result<LoadResult>> poll(const Batchd& batchd, const std::vector<Kind>& all) {
    std::vector<Result<LoadResult>> results(all.size());
    std::vector<std::jthread> threads;
    threads.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        threads.emplace_back([&, i] {
            results[i] = run({.endpoint = batchd.endpoint(),
                              .connections = kConnections,
                              .duration = kDuration,
                              .requests_per_second = kReadsPerSecond,
                              .next_request = all[i].next_request});
        });
    }
    threads.clear();
    return results;
}

Result<> measure_with_readers(const Batchd& batchd, const std::vector<std::string>& ids,
                              const While& alone, Report& report) {
    EventFollowers followers(batchd.endpoint(), kFollowers, "/api/v1/events");
    if (!followers.wait_for_begin()) return fail(ErrorKind::Internal, "a stream did not begin");
    const auto all = kinds(ids);
    std::vector<Result<LoadResult>> results;
    const auto beside = observe(batchd, [&] {
        const std::jthread polling([&] { results = poll(batchd, all); });
        followers.run_for(kDuration);
    });
    if (!beside) return std::unexpected(beside.error());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!results[i]) return std::unexpected(results[i].error());
        const auto name = fmt::format("dashboards: {} at {:.0f}/s", all[i].name, kReadsPerSecond);
        report.add({name + ", p50", results[i]->latencies.percentile_ms(0.5), "ms"});
        report.add({name + ", p99", results[i]->latencies.percentile_ms(0.99), "ms", below(10)});
    }
    report.add({fmt::format("dashboards: events to each of {} followers", kFollowers),
                static_cast<double>(followers.seen_by_all()) /
                    std::chrono::duration<double>(kDuration).count(),
                "/s"});
    report.add({"dashboards: jobs that end beside them", beside->ended_per_second, "/s"});
    report.add({"  against none reading", beside->ended_per_second / alone.ended_per_second, "",
                at_least(0.9)});
    report.add({"  CPU of the daemon", beside->cpu_percent, "% of a core"});
    return {};
}

}  // namespace

Result<> measure_dashboards(const Setup& setup, Report& report) {
    const auto batchd = Batchd::start(with_null_runtime(setup, kRunTime));
    if (!batchd) return std::unexpected(batchd.error());
    BATCHD_TRY(batchd->wait_for_host());
    const auto registered =
        batchd->fetch(http_request("POST", "/v1/registerjobdefinition", kLargeJob));
    if (!registered) return std::unexpected(registered.error());
    std::vector<std::string> ids;
    BATCHD_TRY(submit_singles(*batchd, kWaiting, kTogether,
                              [&](const std::string& answer) { add_job_ids(answer, ids); }));
    std::this_thread::sleep_for(kSettling);  // the search index takes what was submitted
    const auto alone = observe(*batchd, [] { std::this_thread::sleep_for(kDuration); });
    if (!alone) return std::unexpected(alone.error());
    report.add({"a million wait: jobs that end, none reading", alone->ended_per_second, "/s"});
    report.add({"  CPU of the daemon", alone->cpu_percent, "% of a core"});
    return measure_with_readers(*batchd, ids, *alone, report);
}

}  // namespace batchd::bench
