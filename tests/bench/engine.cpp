// What decisions cost, without HTTP, disk and Docker: dependencies resolve in time linear in their
// number, and a scheduling pass does not grow with the jobs that wait.
#include "scheduler.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace batchd::bench {
namespace {

constexpr std::size_t kEdges = 10'000;

struct Resolved {
    double ms = 0;
    bool complete = false;
};

Resolved resolve(Scheduler& scheduler, const std::vector<model::JobId>& ending, int exit_code,
                 std::size_t expected) {
    const auto begin = SteadyClock::now();
    for (const auto& job : ending) scheduler.end(job, exit_code);
    const auto changed = scheduler.finish().jobs.size();
    return {milliseconds(SteadyClock::now() - begin), !scheduler.failed() && changed >= expected};
}

/// Each job waits for the one before; the failure of the first fails all.
Resolved chain(std::size_t edges) {
    Scheduler scheduler;
    const auto first = scheduler.submit({});
    auto last = first;
    for (std::size_t i = 0; i < edges; ++i) last = scheduler.submit({last});
    scheduler.finish();
    return resolve(scheduler, {first}, 1, edges + 1);
}

/// All wait for one; its end releases them.
Resolved fan_out(std::size_t edges) {
    Scheduler scheduler;
    const auto first = scheduler.submit({});
    for (std::size_t i = 0; i < edges; ++i) scheduler.submit({first});
    scheduler.finish();
    return resolve(scheduler, {first}, 0, edges + 1);
}

/// All wait for the start of one.
Resolved fan_out_of_start(std::size_t edges) {
    Scheduler scheduler;
    const auto first = scheduler.submit({});
    for (std::size_t i = 0; i < edges; ++i) {
        scheduler.submit({first}, 1, model::Dependency::Kind::AfterStart);
    }
    scheduler.finish();
    const auto begin = SteadyClock::now();
    scheduler.start(first);
    const auto changed = scheduler.finish().jobs.size();
    return {milliseconds(SteadyClock::now() - begin), !scheduler.failed() && changed >= edges + 1};
}

/// All wait for the failure of one, and a job for each of them; the success of the one fails all.
Resolved fan_out_in_vain(std::size_t edges) {
    Scheduler scheduler;
    const auto first = scheduler.submit({});
    for (std::size_t i = 0; i < edges / 2; ++i) {
        const auto next = scheduler.submit({first}, 1, model::Dependency::Kind::AfterNotOk);
        scheduler.submit({next});
    }
    scheduler.finish();
    return resolve(scheduler, {first}, 0, edges + 1);
}

/// One waits for all; the end of the last releases it.
Resolved fan_in(std::size_t edges) {
    Scheduler scheduler(edges);
    std::vector<model::JobId> before;
    before.reserve(edges);
    for (std::size_t i = 0; i < edges; ++i) before.push_back(scheduler.submit({}));
    scheduler.submit(before);
    scheduler.finish();
    return resolve(scheduler, before, 0, edges + 1);
}

Resolved turn(std::size_t waiting) {
    const auto ms = milliseconds_of_turn(waiting);
    return {ms.value_or(0), ms.has_value()};
}

/// The slowest of several answers to why a job waits, from the front to the back of the line.
Result<> add_explain(Report& report) {
    constexpr std::size_t kWaiting = 1'000'000;
    Scheduler scheduler;
    const auto jobs = scheduler.submit_many(kWaiting);
    scheduler.finish();
    double slowest = 0;
    for (const std::size_t place : {kWaiting / 1000, kWaiting / 4, kWaiting / 2, kWaiting - 1}) {
        double least = 0;
        for (int i = 0; i < 5; ++i) {
            const auto begin = SteadyClock::now();
            if (!scheduler.explains(jobs[place])) {
                return fail(ErrorKind::Internal, "a waiting job is not known");
            }
            const double one = milliseconds(SteadyClock::now() - begin);
            least = i == 0 ? one : std::min(least, one);
        }
        slowest = std::max(slowest, least);
    }
    report.add(
        {fmt::format("explain a job among {} that wait", kWaiting), slowest, "ms", below(5)});
    return {};
}

/// A thousand full hosts and a million jobs that wait: what a decision costs when jobs end and
/// others take their places, and a pass that finds no room.
Result<> add_dispatch(Report& report) {
    constexpr std::size_t kWaiting = 1'000'000;
    constexpr std::size_t kHosts = 1'000;
    constexpr std::size_t kRoom = 20;
    constexpr std::size_t kEnds = 1'000;  // in a step
    constexpr int kSteps = 200;
    Scheduler scheduler(kRoom, kHosts);
    scheduler.submit_many(kWaiting + kHosts * kRoom);
    std::deque<model::JobId> running;
    const auto started = [&](const core::Decision& decision) {
        for (const auto& action : decision.actions) {
            const auto* start = std::get_if<core::StartContainer>(&action);
            if (start) running.push_back(start->id.job);
        }
    };
    started(scheduler.finish());
    SteadyClock::duration time{};
    std::size_t placed = 0;
    for (int step = 0; step < kSteps; ++step) {
        const auto before = running.size();
        const auto begin = SteadyClock::now();
        for (std::size_t i = 0; i < kEnds; ++i) scheduler.end(running[i], 0);
        const auto decision = scheduler.finish();
        time += SteadyClock::now() - begin;
        started(decision);
        placed += running.size() - before;
        running.erase(running.begin(), running.begin() + kEnds);
    }
    double idle = 0;
    for (int i = 0; i < 20; ++i) {
        scheduler.submit({});
        const auto begin = SteadyClock::now();
        scheduler.finish();
        const double one = milliseconds(SteadyClock::now() - begin);
        idle = i == 0 ? one : std::min(idle, one);
    }
    if (scheduler.failed() || placed != kEnds * kSteps) {
        return fail(ErrorKind::Internal, "the places of jobs that ended were not filled");
    }
    const double seconds = milliseconds(time) / 1000;
    report.add({"a job ends and the next is placed, 1,000 hosts, 1,000,000 waiting, 50 shapes",
                static_cast<double>(placed) / seconds, "/s", at_least(300'000)});
    report.add({"a pass that finds no room, the same", idle, "ms", below(1)});
    return {};
}

/// The least of several, which the machine disturbed least.
Result<double> best(Resolved (*measure)(std::size_t), std::size_t size) {
    double least = 0;
    for (int i = 0; i < 5; ++i) {
        const auto one = measure(size);
        if (!one.complete) return fail(ErrorKind::Internal, "the decisions are not those expected");
        least = i == 0 ? one.ms : std::min(least, one.ms);
    }
    return least;
}

Result<> add_growth(Report& report, const std::string& name, Resolved (*measure)(std::size_t),
                    std::size_t size, std::size_t factor, double bound) {
    const auto small = best(measure, size);
    if (!small) return std::unexpected(small.error());
    const auto large = best(measure, size * factor);
    if (!large) return std::unexpected(large.error());
    report.add({fmt::format("{}, {}", name, size), *small, "ms"});
    report.add({fmt::format("{}, {}", name, size * factor), *large, "ms"});
    report.add({fmt::format("{}, {} times as many", name, factor), *large / *small, "times as long",
                below(bound)});
    return {};
}

}  // namespace

Result<> measure_engine(const Setup&, Report& report) {
    BATCHD_TRY(add_explain(report));
    BATCHD_TRY(add_dispatch(report));
    BATCHD_TRY(add_growth(report, "a chain fails", chain, kEdges / 10, 10, 30));
    BATCHD_TRY(add_growth(report, "one job releases others", fan_out, kEdges / 10, 10, 30));
    BATCHD_TRY(
        add_growth(report, "a start releases others", fan_out_of_start, kEdges / 10, 10, 30));
    BATCHD_TRY(add_growth(report, "a success fails others", fan_out_in_vain, kEdges / 10, 10, 30));
    BATCHD_TRY(add_growth(report, "one job waits for others", fan_in, kEdges / 10, 10, 30));
    return add_growth(report, "one job ends, the next starts, jobs waiting", turn, 1'000, 100, 4);
}

}  // namespace batchd::bench
