// Many hosts: what 20,000 running attempts on 1,000 Engines cost, and how soon their ends are
// known.
#include "fake_fleet.hpp"
#include "load.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kHosts = 1000;
constexpr std::size_t kAttempts = 20'000;
constexpr std::size_t kEach = kAttempts / kHosts;
constexpr std::size_t kEndedEverySecond = 1000;
constexpr std::size_t kSecondsOfEnds = 10;
/// Until the looks at what containers use, which begin often, have become rare.
constexpr std::chrono::seconds kToRest{25};
constexpr std::chrono::seconds kRest{10};
constexpr std::chrono::seconds kPatience{120};
/// Connections of a host beside those for output: events, and those that are kept for the next
/// call.
constexpr std::size_t kOtherConnections = 17;
constexpr std::size_t kOtherDescriptors = 500;

/// So many containers of each host can have their output followed: each is a connection, whose ends
/// are descriptors of the daemon and of this process.
std::size_t followed_each(std::size_t descriptors) {
    const std::size_t each = (descriptors - std::min(descriptors, kOtherDescriptors)) / kHosts;
    return std::min(kEach, each - std::min(each, kOtherConnections));
}

template <class Condition>
Result<> wait_until(const Condition& condition, const std::string& what) {
    const auto deadline = SteadyClock::now() + kPatience;
    while (!condition()) {
        if (SteadyClock::now() > deadline) return fail(ErrorKind::Internal, "not in time: " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return {};
}

double seconds_since(SteadyClock::time_point begin) {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

/// Sends all requests, on a few connections.
Result<> send_all(const Batchd& batchd, std::vector<std::string> requests) {
    const auto sent =
        run({.endpoint = batchd.endpoint(),
             .connections = std::min<std::size_t>(requests.size(), 8),
             .warm_up = {},
             .duration = kPatience,
             .request_limit = requests.size(),
             .next_request = [&, next = std::size_t{0}]() mutable { return requests[next++]; }});
    if (!sent) return std::unexpected(sent.error());
    return {};
}

/// Environment and queue `fleet`.
Result<> register_hosts(const Batchd& batchd, const FakeFleet& fleet) {
    BATCHD_TRY(send_all(
        batchd, {http_request("POST", "/v1/createcomputeenvironment",
                              R"({"computeEnvironmentName":"fleet","type":"UNMANAGED"})")}));
    BATCHD_TRY(send_all(
        batchd, {http_request("POST", "/v1/createjobqueue",
                              R"({"jobQueueName":"fleet","priority":1,"computeEnvironmentOrder":[)"
                              R"({"order":1,"computeEnvironment":"fleet"}]})")}));
    std::vector<std::string> requests;
    for (std::size_t i = 0; i < kHosts; ++i) {
        requests.push_back(
            http_request("PUT", fmt::format("/api/v1/compute-environments/fleet/hosts/host-{}", i),
                         fmt::format(R"({{"url":"{}"}})", fleet.url(i))));
    }
    return send_all(batchd, std::move(requests));
}

Result<> submit(const Batchd& batchd) {
    std::string body = R"({"jobs":[)";
    for (std::size_t i = 0; i < kAttempts / 2; ++i) {
        if (i > 0) body += ',';
        body += R"({"jobName":"run","jobQueue":"fleet","jobDefinition":"noop"})";
    }
    const std::string request = http_request("POST", "/api/v1/jobs:batch", body + "]}");
    return send_all(batchd, {request, request});
}

/// Of a core, while `work` is done.
template <class Work>
double cpu_percent(const Batchd& batchd, const Work& work) {
    const auto before = cpu_time(batchd.pid());
    const auto begin = SteadyClock::now();
    work();
    const auto used = cpu_time(batchd.pid()) - before;
    return static_cast<double>(used.count()) / 10.0 / seconds_since(begin);
}

Result<> fill(const Batchd& batchd, const FakeFleet& fleet, Report& report) {
    auto begin = SteadyClock::now();
    BATCHD_TRY(register_hosts(batchd, fleet));
    BATCHD_TRY(wait_until([&] { return fleet.connected() == kHosts; }, "connected hosts"));
    report.add(
        {fmt::format("{} hosts registered and connected", kHosts), seconds_since(begin), "s"});
    begin = SteadyClock::now();
    BATCHD_TRY(submit(batchd));
    BATCHD_TRY(wait_until([&] { return fleet.started() == kAttempts; }, "started containers"));
    report.add({fmt::format("  containers started there, {} in all", kAttempts),
                kAttempts / seconds_since(begin), "/s"});
    return {};
}

void rest(const Batchd& batchd, const FakeFleet& fleet, Report& report) {
    std::this_thread::sleep_for(kToRest);
    const std::size_t looks = fleet.looks();
    const double percent = cpu_percent(batchd, [] { std::this_thread::sleep_for(kRest); });
    report.add(
        {fmt::format("  at rest with {} running, of a core", kAttempts), percent, "%", below(100)});
    report.add({"  looks at what containers use meanwhile",
                static_cast<double>(fleet.looks() - looks) / kRest.count(), "looks/s"});
    report.add({"  memory of the daemon", resident_mib(batchd.pid()), "MiB"});
}

Result<> end_steadily(const Batchd& batchd, FakeFleet& fleet, Report& report) {
    constexpr std::size_t kTicks = 100 * kSecondsOfEnds;
    const double percent = cpu_percent(batchd, [&] {
        auto next = SteadyClock::now();
        for (std::size_t i = 0; i < kTicks; ++i) {
            fleet.end(kEndedEverySecond / 100);
            next += std::chrono::milliseconds{10};
            std::this_thread::sleep_until(next);
        }
    });
    constexpr std::size_t kEnded = kEndedEverySecond * kSecondsOfEnds;
    BATCHD_TRY(wait_until([&] { return fleet.removed() == kEnded; }, "ends that are seen"));
    const Latencies latencies = fleet.take_latencies();
    const std::string what = fmt::format("  {}/s end: until the end is stored", kEndedEverySecond);
    report.add({what + ", p50", latencies.percentile_ms(0.5), "ms"});
    report.add({what + ", p99", latencies.percentile_ms(0.99), "ms"});
    report.add({what + ", the last", latencies.percentile_ms(1), "ms", below(1000)});
    report.add({"  CPU of the daemon meanwhile, of a core", percent, "%"});
    return {};
}

Result<> end_the_rest(FakeFleet& fleet, Report& report) {
    const std::size_t left = kAttempts - fleet.removed();
    fleet.end(left);
    BATCHD_TRY(wait_until([&] { return fleet.removed() == kAttempts; }, "ends that are seen"));
    const Latencies latencies = fleet.take_latencies();
    const std::string what = fmt::format("  {} end at once: until the end is stored", left);
    report.add({what + ", p50", latencies.percentile_ms(0.5), "ms"});
    report.add({what + ", the last", latencies.percentile_ms(1), "ms"});
    return {};
}

}  // namespace

Result<> measure_hosts(const Setup& setup, Report& report) {
    const std::size_t followed = followed_each(raise_descriptor_limit());
    FakeFleet fleet(kHosts, followed, kEach);
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    BATCHD_TRY(fill(*batchd, fleet, report));
    report.add({"  outputs followed, as many as descriptors allow",
                static_cast<double>(followed * kHosts), ""});
    rest(*batchd, fleet, report);
    BATCHD_TRY(end_steadily(*batchd, fleet, report));
    return end_the_rest(fleet, report);
}

}  // namespace batchd::bench
