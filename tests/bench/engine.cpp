// What decisions cost, without HTTP, disk and Docker: dependencies resolve in time linear in their
// number, and a scheduling pass does not grow with the jobs that wait.
#include "batchd/core/core.hpp"
#include "batchd/core/explain.hpp"
#include "sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace batchd::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kEdges = 10'000;
constexpr int kShapes = 50;

double milliseconds(SteadyClock::duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

/// One queue, and hosts with room for that many jobs each at a time.
class Scheduler {
  public:
    explicit Scheduler(std::size_t room = 1, std::size_t hosts = 1) {
        for (std::size_t i = 0; i < hosts; ++i) core::add_host(state_, fmt::format("host-{}", i));
        model::ComputeEnvironment environment;
        environment.compute_environment_name = "local";
        environment.type = "UNMANAGED";
        environment.state = "ENABLED";
        tell(core::CreateEnvironment{.document = environment, .uuid = "u", .tags = {}});
        model::JobQueue queue;
        queue.job_queue_name = "default";
        queue.state = "ENABLED";
        queue.priority = 1;
        queue.compute_environment_order = {{.order = 1, .compute_environment = "local"}};
        tell(core::CreateQueue{.document = queue, .tags = {}});
        for (std::size_t i = 0; i < hosts; ++i) {
            tell(core::HostUp{.host = fmt::format("host-{}", i),
                              .capacity = {.vcpu = vcpus(static_cast<std::int64_t>(room)),
                                           .memory = MiB{1'000'000}}});
        }
        finish();
    }

    model::JobId submit(std::vector<model::JobId> after, std::int64_t memory = 1,
                        model::Dependency::Kind kind = model::Dependency::Kind::AfterOk) {
        core::SubmitJob event;
        event.id = id(++submitted_);
        event.queue = "default";
        event.traits.shape.resources = {.vcpu = vcpus(1), .memory = MiB{memory}};
        for (const auto& dependency : after) {
            event.traits.depends_on.push_back({.id = dependency, .kind = kind});
        }
        const auto made = event.id;
        tell(std::move(event));
        return made;
    }

    void start(const model::JobId& job) {
        tell(core::AttemptStarted{.id = {.job = job, .number = 1},
                                  .container_id = "c",
                                  .started_at = now_,
                                  .containers{}});
    }

    void end(const model::JobId& job, std::int32_t exit_code) {
        model::AttemptOutcome outcome;
        outcome.exit_code = exit_code;
        outcome.stopped_at = now_;
        tell(core::AttemptEnded{.id = {.job = job, .number = 1}, .outcome = std::move(outcome)});
    }

    bool explains(const model::JobId& job) const {
        return core::explain(state_, job, {}, now_).has_value();
    }

    core::Decision finish() { return core::finish_step(state_, now_); }

    bool failed() const { return failed_; }

  private:
    static model::JobId id(std::uint64_t n) {
        model::JobId made;
        for (std::size_t i = 0; i < 8; ++i) {
            made.uuid.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
        }
        return made;
    }
    void tell(core::Event event) {
        if (!core::apply(state_, std::move(event), now_)) failed_ = true;
    }

    core::State state_;
    Timestamp now_{};
    std::uint64_t submitted_ = 0;
    bool failed_ = false;
};

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
    for (std::size_t i = 0; i < edges; ++i) before.push_back(scheduler.submit({}));
    scheduler.submit(before);
    scheduler.finish();
    return resolve(scheduler, before, 0, edges + 1);
}

/// Milliseconds of a turn, one job ends and the next starts, with so many that wait.
Resolved turn(std::size_t waiting) {
    constexpr std::size_t kTurns = 1'000;
    Scheduler scheduler;
    std::vector<model::JobId> jobs;
    for (std::size_t i = 0; i < waiting + kTurns; ++i) {
        jobs.push_back(scheduler.submit({}, static_cast<std::int64_t>(1 + i % kShapes)));
    }
    scheduler.finish();
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < kTurns; ++i) {
        scheduler.end(jobs[i], 0);
        scheduler.finish();
    }
    return {milliseconds(SteadyClock::now() - begin) / kTurns, !scheduler.failed()};
}

/// The slowest of several answers to why a job waits, from the front to the back of the line.
Result<> add_explain(Report& report) {
    constexpr std::size_t kWaiting = 1'000'000;
    Scheduler scheduler;
    std::vector<model::JobId> jobs;
    jobs.reserve(kWaiting);
    for (std::size_t i = 0; i < kWaiting; ++i) {
        jobs.push_back(scheduler.submit({}, static_cast<std::int64_t>(1 + i % kShapes)));
    }
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
    for (std::size_t i = 0; i < kWaiting + kHosts * kRoom; ++i) {
        scheduler.submit({}, static_cast<std::int64_t>(1 + i % kShapes));
    }
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
