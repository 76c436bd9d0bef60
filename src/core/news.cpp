// What listeners are told: each change of a job's status as it happens, changes of resources at the
// end of the step.
#include "core/decisions.hpp"

namespace batchd::core {
namespace {

using model::JobNews;
using model::ResourceNews;
using Kind = ResourceNews::Kind;

std::vector<model::News>& entries_of(State& state) { return state.step.changes.news.entries; }

/// If that was not told before.
void tell(State& state, ResourceNews news) {
    const std::pair key(news.kind, news.name);
    std::pair now(news.state, news.status);
    const auto before = state.told.find(key);
    if (before != state.told.end() && before->second == now) return;
    if (news.status == "DELETED" || news.status == "REMOVED") {
        state.told.erase(key);
    } else {
        state.told.insert_or_assign(key, std::move(now));
    }
    entries_of(state).emplace_back(std::move(news));
}

ResourceNews news_of(const model::EnvironmentRow& row) {
    return {.kind = Kind::ComputeEnvironment,
            .name = row.document.compute_environment_name,
            .state = row.document.state,
            .status = row.status,
            .status_reason = row.status_reason};
}

ResourceNews news_of(const model::QueueRow& row) {
    return {.kind = Kind::JobQueue,
            .name = row.document.job_queue_name,
            .state = row.document.state,
            .status = row.status,
            .status_reason = row.status_reason};
}

void note_told(State& state, const ResourceNews& news) {
    state.told.insert_or_assign({news.kind, news.name}, std::pair(news.state, news.status));
}

/// The child after those of the entry comes to the same status as they, without a word. Asked for
/// each of a million children.
bool goes_on(const JobNews& last, const model::JobId& id, model::JobStatus status) {
    return last.id.part + last.count == id.part && last.id.is_child() && last.id.uuid == id.uuid &&
           last.state.status == status && last.state.status_reason.empty() &&
           !last.state.stopped_at;
}

}  // namespace

void settle_news(State& state, JobIndex index) {
    const Job& job = state.job(index);
    if (job.news == Job::kNoNews) return;
    auto& news = std::get<JobNews>(entries_of(state)[static_cast<std::size_t>(job.news)]);
    news.state = job.state;
    if (job.array) news.children = job.array->counts;
}

void add_news(State& state, JobIndex index) {
    Job& job = state.job(index);
    auto& entries = entries_of(state);
    job.news = static_cast<std::int32_t>(entries.size());
    entries.emplace_back(JobNews{.id = job.id,
                                 .queue = state.queue(job.queue).row.document.job_queue_name,
                                 .state = {},
                                 .children = {}});
}

void add_child_news(State& state, JobIndex array, std::int32_t child, model::JobStatus status) {
    const Job& job = state.job(array);
    auto& entries = entries_of(state);
    const model::JobId id = job.id.child(child);
    auto* last = entries.empty() ? nullptr : std::get_if<JobNews>(&entries.back());
    if (last && goes_on(*last, id, status)) {
        // A child with a slot has an entry of its own, which is settled later.
        if (last->count > 1 || !state.find_job(last->id)) {
            ++last->count;
            return;
        }
    }
    JobNews news{.id = id,
                 .queue = state.queue(job.queue).row.document.job_queue_name,
                 .state = {},
                 .children = {}};
    model::JobState& told = news.state;
    told.status = status;
    entries.emplace_back(std::move(news));
}

std::size_t count_news(const State& state) { return state.step.changes.news.entries.size(); }

void settle_child_news(State& state, std::size_t first, const model::JobState& how) {
    auto& entries = entries_of(state);
    for (std::size_t i = first; i < entries.size(); ++i) std::get<JobNews>(entries[i]).state = how;
}

void note_host_news(State& state, const Host& host) {
    tell(state, {.kind = Kind::Host,
                 .name = host.name,
                 .state = {},
                 .status = host.is_up ? "UP" : "UNAVAILABLE",
                 .status_reason = host.down_reason});
}

void note_host_removed(State& state, const Host& host) {
    if (host.is_fargate) return;
    tell(state, {.kind = Kind::Host,
                 .name = host.name,
                 .state = {},
                 .status = "REMOVED",
                 .status_reason = {}});
}

void collect_news(State& state, Timestamp now) {
    auto& changes = state.step.changes;
    for (const JobIndex index : state.step.dirty) settle_news(state, index);
    for (const auto& row : changes.environments) tell(state, news_of(row));
    for (const auto& row : changes.queues) tell(state, news_of(row));
    changes.news.at = now;
    changes.news.first_seq = state.next_event;
    state.next_event += changes.news.count();
}

void restore_news(State& state, const model::Snapshot& snapshot) {
    state.next_event = snapshot.next_event;
    for (const auto& row : snapshot.environments) note_told(state, news_of(row));
    for (const auto& row : snapshot.queues) note_told(state, news_of(row));
}

}  // namespace batchd::core
