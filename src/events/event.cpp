#include "batchd/events/event.hpp"

#include <algorithm>

namespace batchd::events {
namespace {

using Kind = model::ResourceNews::Kind;

std::string_view type_of(Kind kind) {
    switch (kind) {
        case Kind::ComputeEnvironment:
            return "compute-environment";
        case Kind::JobQueue:
            return "job-queue";
        case Kind::Host:
            return "host";
    }
    return "";
}

Event event_of(const model::JobNews& news, std::int32_t offset) {
    model::JobId id = news.id;
    id.part += offset;
    return {.type = "job", .job = id, .status = news.state.status, .queue = news.queue, .text = {}};
}

Event event_of(const model::ResourceNews& news) {
    return {.type = type_of(news.kind),
            .job = {},
            .queue = news.kind == Kind::JobQueue ? news.name : std::string(),
            .text = {}};
}

}  // namespace

bool Filter::matches(const Event& event) const {
    if (statuses != 0 && (!event.job || (statuses & bit(event.status)) == 0)) return false;
    if (job && (!event.job || (*event.job != *job && event.job->whole() != *job))) return false;
    return queues.empty() || std::ranges::count(queues, event.queue) > 0;
}

void for_each_event(const model::NewsBatch& batch, std::int64_t after,
                    const std::function<bool(Event&&, const model::News&)>& on_event) {
    std::int64_t seq = batch.first_seq;
    for (const model::News& entry : batch.entries) {
        const auto* job = std::get_if<model::JobNews>(&entry);
        const std::int32_t count = job ? job->count : 1;
        const auto known = std::clamp<std::int64_t>(after + 1 - seq, 0, count);
        for (auto i = static_cast<std::int32_t>(known); i < count; ++i) {
            Event event = job ? event_of(*job, i) : event_of(std::get<model::ResourceNews>(entry));
            event.seq = seq + i;
            if (!on_event(std::move(event), entry)) return;
        }
        seq += count;
    }
}

}  // namespace batchd::events
