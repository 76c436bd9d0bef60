#include "scheduler.hpp"

#include "batchd/core/explain.hpp"

#include <fmt/format.h>

namespace batchd::bench {
namespace {

model::JobId job_number(std::uint64_t n) {
    model::JobId made;
    for (std::size_t i = 0; i < 8; ++i) {
        made.uuid.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    }
    return made;
}

std::string host_name(std::size_t i) { return fmt::format("host-{}", i); }

}  // namespace

double milliseconds(SteadyClock::duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

Scheduler::Scheduler(std::size_t room, std::size_t hosts) {
    for (std::size_t i = 0; i < hosts; ++i) core::add_host(state_, host_name(i));
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
        tell(core::HostUp{.host = host_name(i),
                          .capacity = {.vcpu = vcpus(static_cast<std::int64_t>(room)),
                                       .memory = MiB{1'000'000}}});
    }
    made_ = finish();
}

model::JobId Scheduler::submit(const std::vector<model::JobId>& after, std::int64_t memory,
                               model::Dependency::Kind kind) {
    core::SubmitJob event;
    event.id = job_number(++submitted_);
    event.queue = "default";
    event.traits.shape.resources = {.vcpu = vcpus(1), .memory = MiB{memory}};
    for (const auto& dependency : after) {
        event.traits.depends_on.push_back({.id = dependency, .kind = kind});
    }
    const auto made = event.id;
    tell(std::move(event));
    return made;
}

std::vector<model::JobId> Scheduler::submit_many(std::size_t count) {
    std::vector<model::JobId> jobs;
    jobs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        jobs.push_back(submit({}, static_cast<std::int64_t>(1 + i % kShapes)));
    }
    return jobs;
}

void Scheduler::start(const model::JobId& job) {
    tell(core::AttemptStarted{
        .id = {.job = job, .number = 1}, .container_id = "c", .started_at = now_, .containers{}});
}

void Scheduler::end(const model::JobId& job, std::int32_t exit_code) {
    model::AttemptOutcome outcome;
    outcome.exit_code = exit_code;
    outcome.stopped_at = now_;
    tell(core::AttemptEnded{.id = {.job = job, .number = 1}, .outcome = std::move(outcome)});
}

bool Scheduler::explains(const model::JobId& job) const {
    return core::explain(state_, job, {}, now_).has_value();
}

void Scheduler::tell(core::Event event) {
    if (!core::apply(state_, std::move(event), now_)) failed_ = true;
}

Result<double> milliseconds_of_turn(std::size_t waiting) {
    constexpr std::size_t kTurns = 1'000;
    Scheduler scheduler;
    const auto jobs = scheduler.submit_many(waiting + kTurns);
    scheduler.finish();
    const auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < kTurns; ++i) {
        scheduler.end(jobs[i], 0);
        scheduler.finish();
    }
    const double ms = milliseconds(SteadyClock::now() - begin) / kTurns;
    if (scheduler.failed()) return fail(ErrorKind::Internal, "an event was refused");
    return ms;
}

}  // namespace batchd::bench
