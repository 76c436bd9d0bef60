#include "core/explain_holders.hpp"

#include <fmt/format.h>

#include <set>
#include <tuple>

namespace batchd::core {
namespace {

constexpr std::size_t kMostNamed = 3;

std::string name_of(const Job& job) {
    std::string text = "job " + to_string(job.id) + ", " + std::string(to_string(job.state.status));
    if (job.state.started_at) text += " since " + to_iso8601(*job.state.started_at);
    if (job.run && job.run->deadline) {
        text += ", its timeout ends at " + to_iso8601(*job.run->deadline);
    }
    return text;
}

}  // namespace

std::string names_of(const std::vector<const Job*>& jobs) {
    std::string text;
    for (std::size_t i = 0; i < std::min(jobs.size(), kMostNamed); ++i) {
        text += (i == 0 ? "" : "; ") + name_of(*jobs[i]);
    }
    if (jobs.size() > kMostNamed) text += fmt::format(" and {} more", jobs.size() - kMostNamed);
    return text;
}

std::string ids_of(const std::vector<const Job*>& jobs) {
    std::string text;
    for (const Job* job : jobs) text += (text.empty() ? "" : ",") + to_string(job->id);
    return text;
}

void sort_by_end(std::vector<const Job*>& jobs) {
    std::ranges::sort(jobs, {}, [](const Job* job) {
        const auto deadline = job->run ? job->run->deadline : std::nullopt;
        return std::tuple(!deadline, deadline.value_or(Timestamp{}), !job->state.started_at,
                          job->state.started_at.value_or(Timestamp{}), job->seq, job->id.part);
    });
}

std::vector<const Job*> attempts_on(const State& state, const Host& host) {
    std::vector<const Job*> jobs;
    for (const JobIndex index : host.attempts) jobs.push_back(&state.job(index));
    return jobs;
}

std::vector<const Job*> holders_of(const State& state, const std::string& resource) {
    std::set<std::uint32_t> indexes;  // of nodes the whole job, which alone asks
    const auto asks = [&](const Job& job) {
        const auto& needs = state.shape(job.shape).consumables;
        return std::ranges::find(needs, resource, &model::ConsumableNeed::name) != needs.end();
    };
    for (const Host& host : state.hosts) {
        for (const JobIndex index : host.attempts) {
            const JobIndex whole = state.job(index).node_of.value_or(index);
            if (asks(state.job(whole))) indexes.insert(whole.value);
        }
    }
    std::vector<const Job*> jobs;
    for (const auto index : indexes) jobs.push_back(&state.jobs[index]);
    return jobs;
}

}  // namespace batchd::core
