// What a dashboard feels: DescribeJobs and ListJobs on a full database, while submits go on.
#include "load.hpp"
#include "many_jobs.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <random>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kStoredJobs = 100'000;
constexpr std::size_t kPage = 100;
constexpr std::size_t kSubmitters = 16;
constexpr double kReadsPerSecond = 100;  // of each kind: many dashboards
constexpr std::chrono::seconds kDuration{8};

Load submits(const Batchd& batchd) {
    return {
        .endpoint = batchd.endpoint(),
        .connections = kSubmitters,
        .warm_up = std::chrono::milliseconds{0},
        .next_request = [number = std::size_t{0}]() mutable { return submit_request(number++); }};
}

Result<std::vector<std::string>> store_jobs(const Batchd& batchd) {
    std::vector<std::string> ids;
    Load load = submits(batchd);
    load.duration = std::chrono::minutes{5};
    load.request_limit = kStoredJobs;
    load.on_answer = [&](const std::string& answer) { ids.push_back(job_id(answer)); };
    const auto stored = run(load);
    if (!stored) return std::unexpected(stored.error());
    return ids;
}

/// DescribeJobs of 100 jobs from anywhere in the database.
Load describes(const Batchd& batchd, const std::vector<std::string>& ids) {
    return {.endpoint = batchd.endpoint(),
            .duration = kDuration,
            .requests_per_second = kReadsPerSecond,
            .next_request = [&ids, random = std::mt19937{1}]() mutable {
                return describe_request(ids, random);
            }};
}

/// Turns the pages of ListJobs, from the newest job on.
class Pager {
  public:
    explicit Pager(const Batchd& batchd) : batchd_(batchd) {}

    Load load() {
        return {.endpoint = batchd_.endpoint(),
                .duration = kDuration,
                .requests_per_second = kReadsPerSecond,
                .next_request = [this] { return next_page(); },
                .on_answer = [this](const std::string& answer) { remember_token(answer); }};
    }

  private:
    std::string next_page() const {
        std::string body =
            fmt::format(R"({{"jobQueue":"default","jobStatus":"RUNNABLE","maxResults":{})", kPage);
        if (!token_.empty()) body += fmt::format(R"(,"nextToken":"{}")", token_);
        return http_request("POST", "/v1/listjobs", body + "}");
    }

    void remember_token(const std::string& answer) {
        constexpr std::string_view kKey = "\"nextToken\":\"";
        token_.clear();
        const auto at = answer.find(kKey);
        if (at == std::string::npos) return;
        const auto begin = at + kKey.size();
        token_ = answer.substr(begin, answer.find('"', begin) - begin);
    }

    const Batchd& batchd_;
    std::string token_;
};

struct Results {
    Result<LoadResult> submit;
    Result<LoadResult> describe;
    Result<LoadResult> list;
};

/// Submitters and readers in threads of their own, so that the one does not delay the other's
/// clock.
Results run_together(const Batchd& batchd, const std::vector<std::string>& ids,
                     double submits_per_second) {
    Results results;
    Pager pager(batchd);
    Load submit = submits(batchd);
    submit.requests_per_second = submits_per_second;
    submit.duration = kDuration + std::chrono::seconds{1};
    {
        const std::jthread submitting([&] { results.submit = run(submit); });
        const std::jthread describing([&] { results.describe = run(describes(batchd, ids)); });
        const std::jthread listing([&] { results.list = run(pager.load()); });
    }
    return results;
}

Result<> add_to(Report& report, Results results, std::optional<Target> target) {
    for (const auto* result : {&results.submit, &results.describe, &results.list}) {
        if (!*result) return std::unexpected(result->error());
    }
    const auto at = fmt::format(" at {:.0f} submits/s", results.submit->per_second);
    const auto add = [&](const std::string& name, const LoadResult& result) {
        report.add({name + at + ", p50", result.latencies.percentile_ms(0.5), "ms"});
        report.add({name + at + ", p99", result.latencies.percentile_ms(0.99), "ms", target});
    };
    add("DescribeJobs of 100", *results.describe);
    add("ListJobs page of 100", *results.list);
    return {};
}

}  // namespace

Result<> measure_reads(const Setup& setup, Report& report) {
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    const auto ids = store_jobs(*batchd);
    if (!ids) return std::unexpected(ids.error());
    BATCHD_TRY(add_to(report, run_together(*batchd, *ids, 2'000), below(5)));
    // With submits at full speed both cores are busy: what is left for readers is worth knowing,
    // but no daemon is run like that.
    return add_to(report, run_together(*batchd, *ids, 0), std::nullopt);
}

}  // namespace batchd::bench
