// No-op containers on a real Engine: how much of its speed batchd passes on.
#include "load.hpp"
#include "sections.hpp"
#include "support/docker_engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kContainers = 24;
constexpr std::size_t kConcurrency = 4;  // where two cores are busy and nothing queues
constexpr std::size_t kChildren = 480;   // of an array in slots, which are that much faster
constexpr int kRounds = 3;               // A B C A B C …; the median of each counts
constexpr const char* kCreateBody =
    R"({"Image":"busybox","Cmd":["/bin/true"],"HostConfig":{"NetworkMode":"none"}})";

/// One of `concurrency` clients that share the work: create, start, wait, remove.
asio::awaitable<Result<>> run_containers(HttpConnection connection,
                                         std::shared_ptr<std::size_t> left) {
    if (auto opened = co_await connection.open(); !opened) co_return opened;
    while (*left > 0) {
        --*left;
        auto created =
            co_await connection.expect(http_request("POST", "/containers/create", kCreateBody));
        if (!created) co_return std::unexpected(std::move(created).error());
        const std::string id = created->substr(created->find("\"Id\":\"") + 6, 64);
        for (const auto& request : {http_request("POST", "/containers/" + id + "/start"),
                                    http_request("POST", "/containers/" + id + "/wait"),
                                    http_request("DELETE", "/containers/" + id)}) {
            auto done = co_await connection.expect(request);
            if (!done) co_return std::unexpected(std::move(done).error());
        }
    }
    co_return Result<>{};
}

double per_second(SteadyClock::time_point begin) {
    const std::chrono::duration<double> elapsed = SteadyClock::now() - begin;
    return static_cast<double>(kContainers) / elapsed.count();
}

Result<double> run_bare(const Endpoint& engine, std::size_t concurrency) {
    asio::io_context io{1};
    Result<> outcome;
    const auto left = std::make_shared<std::size_t>(kContainers);
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < concurrency; ++i) {
        asio::co_spawn(io, run_containers(HttpConnection(io.get_executor(), engine), left),
                       [&](const std::exception_ptr&, Result<> result) {
                           if (!result) outcome = std::move(result);
                       });
    }
    io.run();
    if (!outcome) return std::unexpected(std::move(outcome).error());
    return per_second(begin);
}

/// Returns when the Engine has no container any more: what batchd removes later counts, too.
Result<> wait_until_empty(const Endpoint& engine) {
    for (;;) {
        const auto list = fetch(engine, http_request("GET", "/containers/json?all=1"));
        if (!list) return std::unexpected(list.error());
        if (list->starts_with("[]")) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

Result<double> run_jobs(const Batchd& batchd, const Endpoint& engine) {
    std::vector<std::string> ids;
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < kContainers; ++i) {
        const auto answer = batchd.fetch(submit_request(i));
        if (!answer) return std::unexpected(answer.error());
        ids.push_back(job_id(*answer));
    }
    for (const auto& id : ids) {
        const auto job = batchd.fetch(http_request("GET", "/api/v1/jobs/" + id + "/wait"));
        if (!job) return std::unexpected(job.error());
        if (job->find("\"status\":\"SUCCEEDED\"") == std::string::npos) {
            return fail(ErrorKind::Internal, "a job did not succeed: " + *job);
        }
    }
    BATCHD_TRY(wait_until_empty(engine));
    return per_second(begin);
}

/// Children of an array in warm slots, from its submission to its end. Its slots go later, when
/// they have long been idle.
Result<double> run_children(const Batchd& batchd) {
    std::string body = submit_body(0);
    body.pop_back();
    body += fmt::format(R"(,"arrayProperties":{{"size":{}}},"warmSlots":true}})", kChildren);
    const auto begin = SteadyClock::now();
    const auto answer = batchd.fetch(http_request("POST", "/v1/submitjob", body));
    if (!answer) return std::unexpected(answer.error());
    const auto job = batchd.fetch(http_request("GET", "/api/v1/jobs/" + job_id(*answer) + "/wait"));
    if (!job) return std::unexpected(job.error());
    if (job->find("\"status\":\"SUCCEEDED\"") == std::string::npos) {
        return fail(ErrorKind::Internal, "an array did not succeed: " + *job);
    }
    const std::chrono::duration<double> elapsed = SteadyClock::now() - begin;
    return static_cast<double>(kChildren) / elapsed.count();
}

/// A daemon that runs that many containers at a time.
Result<Batchd> start_batchd(const Setup& setup, const std::string& engine_url,
                            const std::string& runtime) {
    auto batchd =
        Batchd::start(setup, engine_url,
                      {{"BATCHD_DOCKER__VCPUS", std::to_string(kConcurrency)},
                       {"BATCHD_DOCKER__NETWORK_MODE", "none"},
                       {"BATCHD_DOCKER__RUNTIME", runtime},
                       {"BATCHD_DOCKER__MAX_CONCURRENT_STARTS", std::to_string(kConcurrency)}});
    if (!batchd) return batchd;
    BATCHD_TRY(batchd->wait_for_host());
    return batchd;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// Of one daemon and runtime.
struct Series {
    std::string runtime;
    Batchd batchd;
    std::vector<double> rates{};
    std::vector<double> ratios{};  ///< to the bare client's round before
    std::chrono::milliseconds cpu{};
    std::vector<double> warm_rates{};  ///< of children in slots
    std::vector<double> warm_ratios{};
    std::chrono::milliseconds warm_cpu{};
};

Result<std::vector<Series>> start_series(const Setup& setup, const testing::DockerEngine& docker,
                                         const std::vector<std::string>& runtimes) {
    std::vector<Series> list;
    for (const auto& runtime : runtimes) {
        auto batchd = start_batchd(setup, docker.url(), runtime);
        if (!batchd) return std::unexpected(batchd.error());
        list.push_back({.runtime = runtime, .batchd = std::move(*batchd)});
    }
    return list;
}

void report_series(const Series& series, Report& report) {
    const auto jobs = static_cast<double>(kContainers * series.rates.size());
    const std::string with = "no-op jobs, batchd, " + series.runtime;
    report.add({with, median(series.rates), "/s"});
    report.add({"  against the bare client", median(series.ratios), "", at_least(2.0)});
    report.add(
        {"  CPU of batchd itself, a job", static_cast<double>(series.cpu.count()) / jobs, "ms"});
    const auto children = static_cast<double>(kChildren * series.warm_rates.size());
    report.add({"array children in warm slots, batchd, " + series.runtime,
                median(series.warm_rates), "/s"});
    report.add(
        {"  against the bare client's container", median(series.warm_ratios), "", at_least(4.0)});
    report.add({"  CPU of batchd itself, a child",
                static_cast<double>(series.warm_cpu.count()) / children, "ms"});
}

/// One round of each kind.
Result<> measure(Series& series, const Endpoint& engine, double bare) {
    const auto before = cpu_time(series.batchd.pid());
    const auto rate = run_jobs(series.batchd, engine);
    if (!rate) return std::unexpected(rate.error());
    series.rates.push_back(*rate);
    series.ratios.push_back(*rate / bare);
    const auto between = cpu_time(series.batchd.pid());
    const auto warm = run_children(series.batchd);
    if (!warm) return std::unexpected(warm.error());
    series.warm_rates.push_back(*warm);
    series.warm_ratios.push_back(*warm / bare);
    series.cpu += between - before;
    series.warm_cpu += cpu_time(series.batchd.pid()) - between;
    return wait_until_empty(engine);
}

}  // namespace

Result<> measure_containers(const Setup& setup, Report& report) {
    auto prepared = testing::DockerEngine::prepare();
    if (!prepared) return std::unexpected(prepared.error());
    testing::DockerEngine& docker = **prepared;
    std::vector<std::string> runtimes{"runc"};
    if (docker.add_crun()) runtimes.emplace_back("crun");
    BATCHD_TRY(docker.start());
    const Endpoint engine = unix_socket(docker.url().substr(std::string("unix://").size()));

    auto all = start_series(setup, docker, runtimes);
    if (!all) return std::unexpected(all.error());
    std::vector<double> bare_rates;
    for (int round = 0; round < kRounds; ++round) {
        const auto bare = run_bare(engine, kConcurrency);
        if (!bare) return std::unexpected(bare.error());
        bare_rates.push_back(*bare);
        for (auto& series : *all) BATCHD_TRY(measure(series, engine, *bare));
    }
    report.add({fmt::format("no-op containers, bare client, runc, {} at a time", kConcurrency),
                median(bare_rates), "/s"});
    for (const auto& series : *all) report_series(series, report);
    return {};
}

}  // namespace batchd::bench
