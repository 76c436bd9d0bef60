// A step of the engine's decisions, and placing jobs on hosts.
#include "scheduler.hpp"

#include <benchmark/benchmark.h>

#include <deque>

namespace batchd::bench {
namespace {

constexpr std::size_t kHosts = 1'000;
constexpr std::size_t kRoom = 20;
constexpr std::size_t kEnds = 1'000;

/// So many jobs are submitted in one step, and find no room.
void step_of_submits(benchmark::State& state) {
    const auto jobs = static_cast<std::size_t>(state.range(0));
    Scheduler scheduler(0);
    for (auto _ : state) {
        scheduler.submit_many(jobs);
        benchmark::DoNotOptimize(scheduler.finish());
    }
    if (scheduler.failed()) state.SkipWithError("a job was refused");
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(step_of_submits)->Arg(1)->Arg(100)->Arg(1'000);

/// One job ends and the next is placed, while so many wait.
void step_of_an_end(benchmark::State& state) {
    Scheduler scheduler;
    std::deque<model::JobId> jobs;
    for (const auto& job : scheduler.submit_many(static_cast<std::size_t>(state.range(0)))) {
        jobs.push_back(job);
    }
    scheduler.finish();
    for (auto _ : state) {
        scheduler.end(jobs.front(), 0);
        jobs.pop_front();
        jobs.push_back(scheduler.submit({}));
        benchmark::DoNotOptimize(scheduler.finish());
    }
    if (scheduler.failed()) state.SkipWithError("an end was refused");
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(step_of_an_end)->Arg(10'000)->Arg(1'000'000);

void add_started(const core::Decision& decision, std::deque<model::JobId>& running) {
    for (const auto& action : decision.actions) {
        const auto* start = std::get_if<core::StartContainer>(&action);
        if (start) running.push_back(start->id.job);
    }
}

/// 1,000 jobs end in one step, and as many that wait are placed on 1,000 hosts; an item is one of
/// them.
void placement(benchmark::State& state) {
    Scheduler scheduler(kRoom, kHosts);
    scheduler.submit_many(static_cast<std::size_t>(state.range(0)) + kHosts * kRoom);
    std::deque<model::JobId> running;
    add_started(scheduler.finish(), running);
    for (auto _ : state) {
        state.PauseTiming();
        scheduler.submit_many(kEnds);  // as many wait as before
        scheduler.finish();
        state.ResumeTiming();
        for (std::size_t i = 0; i < kEnds; ++i) scheduler.end(running[i], 0);
        const auto decision = scheduler.finish();
        state.PauseTiming();
        running.erase(running.begin(), running.begin() + kEnds);
        add_started(decision, running);
        state.ResumeTiming();
    }
    if (scheduler.failed() || running.size() != kHosts * kRoom) {
        state.SkipWithError("the places of jobs that ended were not filled");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEnds));
}
BENCHMARK(placement)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace batchd::bench
