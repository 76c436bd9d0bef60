// Jobs that need no container: what batchd itself takes from submission to SUCCEEDED.
#include "load.hpp"
#include "many_jobs.hpp"
#include "null_runtime.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <optional>

namespace batchd::bench {
namespace {

constexpr std::size_t kJobs = 200'000;
constexpr std::size_t kConnections = 64;
constexpr std::size_t kBatchConnections = 4;
constexpr std::chrono::minutes kPatience{10};

/// One way to submit kJobs jobs.
struct Way {
    std::string name;
    std::size_t connections;
    std::vector<std::string> requests;
};

struct Figures {
    double submitted_per_second = 0;
    double ended_per_second = 0;
    double cpu_us = 0;  ///< this and what follows: per job
    double written_bytes = 0;
    double syncs = 0;
    Latencies latencies{};
};

std::vector<std::string> single_jobs() {
    std::vector<std::string> requests;
    requests.reserve(kJobs);
    for (std::size_t i = 0; i < kJobs; ++i) requests.push_back(submit_request(i));
    return requests;
}

std::vector<std::string> batches() {
    std::vector<std::string> requests;
    for (std::size_t begin = 0; begin < kJobs; begin += kTogether) {
        requests.push_back(batch_request(begin, kTogether));
    }
    return requests;
}

std::vector<std::string> arrays() {
    std::vector<std::string> requests;
    for (std::size_t begin = 0; begin < kJobs; begin += kTogether) {
        requests.push_back(array_request(begin, kTogether));
    }
    return requests;
}

Load load_of(const Way& way, const Endpoint& endpoint) {
    return {
        .endpoint = endpoint,
        .connections = way.connections,
        .warm_up = {},
        .duration = kPatience,
        .request_limit = way.requests.size(),
        .next_request = [&way, next = std::size_t{0}]() mutable { return way.requests[next++]; }};
}

/// Leaves `batchd` with all jobs ended.
Result<Figures> drive(const Batchd& batchd, const Way& way) {
    const auto cpu_before = cpu_time(batchd.pid());
    const auto written_before = bytes_written(batchd.pid());
    const auto begin = SteadyClock::now();
    auto submitted = run(load_of(way, batchd.endpoint()));
    if (!submitted) return std::unexpected(std::move(submitted).error());
    const double submit_seconds = seconds_since(begin);
    BATCHD_TRY(wait_until_succeeded(batchd, kJobs));
    const double seconds = seconds_since(begin);
    const std::chrono::microseconds cpu = cpu_time(batchd.pid()) - cpu_before;
    const auto written = bytes_written(batchd.pid()) - written_before;
    constexpr auto kCount = static_cast<double>(kJobs);
    return Figures{.submitted_per_second = kCount / submit_seconds,
                   .ended_per_second = kCount / seconds,
                   .cpu_us = static_cast<double>(cpu.count()) / kCount,
                   .written_bytes = static_cast<double>(written) / kCount,
                   .latencies = std::move(submitted->latencies)};
}

Result<Figures> run_to_the_end(const Setup& setup, const Way& way) {
    std::optional<Figures> figures;
    std::filesystem::path folder;
    {
        const auto batchd = Batchd::start(with_null_runtime(setup));
        if (!batchd) return std::unexpected(batchd.error());
        BATCHD_TRY(batchd->wait_for_host());
        auto driven = drive(*batchd, way);
        if (!driven) return driven;
        figures = std::move(*driven);
        folder = batchd->folder();
    }
    const auto syncs = syncs_of(folder);
    if (!syncs) return std::unexpected(syncs.error());
    figures->syncs = static_cast<double>(*syncs) / static_cast<double>(kJobs);
    return std::move(*figures);
}

/// Jobs that only wait: there is no Engine.
Result<double> accepted_per_second(const Setup& setup, const Way& way) {
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    const auto begin = SteadyClock::now();
    const auto accepted = run(load_of(way, batchd->endpoint()));
    if (!accepted) return std::unexpected(accepted.error());
    return static_cast<double>(kJobs) / seconds_since(begin);
}

void add(const Way& way, const Figures& figures, Report& report) {
    report.add({fmt::format("jobs without a container to SUCCEEDED, {}", way.name),
                figures.ended_per_second, "/s", at_least(10'000)});
    report.add(
        {fmt::format("  submitted meanwhile, {}", way.name), figures.submitted_per_second, "/s"});
    report.add({fmt::format("  CPU time of the daemon a job, {}", way.name), figures.cpu_us, "us"});
    report.add({fmt::format("  written a job, {}", way.name), figures.written_bytes, "bytes"});
    report.add({fmt::format("  waits for the disk a job, {}", way.name), figures.syncs, "syncs"});
}

}  // namespace

Result<> measure_throughput(const Setup& setup, Report& report) {
    const Way singles{.name = "SubmitJob", .connections = kConnections, .requests = single_jobs()};
    const auto single = run_to_the_end(setup, singles);
    if (!single) return std::unexpected(single.error());
    add(singles, *single, report);
    report.add({"  SubmitJob meanwhile, p99", single->latencies.percentile_ms(0.99), "ms"});

    for (const Way& way :
         {Way{.name = "jobs:batch", .connections = kBatchConnections, .requests = batches()},
          Way{.name = "arrays", .connections = kBatchConnections, .requests = arrays()}}) {
        const auto figures = run_to_the_end(setup, way);
        if (!figures) return std::unexpected(figures.error());
        add(way, *figures, report);
        const auto accepted = accepted_per_second(setup, way);
        if (!accepted) return std::unexpected(accepted.error());
        report.add({fmt::format("jobs accepted, {} of {}", way.name, kTogether), *accepted, "/s",
                    at_least(100'000)});
    }
    return {};
}

}  // namespace batchd::bench
