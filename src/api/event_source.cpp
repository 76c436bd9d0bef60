#include "batchd/api/event_source.hpp"

#include "api/job_detail.hpp"

#include <cstring>

namespace batchd::api {
namespace {

using json::ObjectText;
using Kind = model::ResourceNews::Kind;

constexpr std::int64_t kReadAtOnce = 512;  // events
/// A page that finds nothing ends after so many; its reader goes on from there.
constexpr std::int64_t kMostLookedAt = 200'000;
constexpr std::size_t kMostRendered = 4096;
constexpr std::size_t kMostBytes = std::size_t{8} * 1024 * 1024;

/// The same for the same event for ever: consumers of EventBridge know repetitions by it.
std::string event_id(const Uuid& instance, std::int64_t seq) {
    constexpr std::uint8_t kVersion8 = 0x80;  // RFC 9562: bits of our own meaning
    constexpr std::uint8_t kVariant = 0x80;
    Uuid id = instance;
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[8 + i] =
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(seq) >> (56 - 8 * i));
    }
    // The first half of an instance is mostly time; its second half tells more.
    for (std::size_t i = 0; i < 8; ++i) id.bytes[i] ^= instance.bytes[8 + i];
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | kVersion8);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | kVariant);
    return to_string(id);
}

/// "2026-11-21T03:52:57Z", as EventBridge writes it.
std::string seconds_of(Timestamp at) {
    constexpr std::size_t kSeconds = 19;
    return to_iso8601(at).substr(0, kSeconds) + "Z";
}

std::string_view detail_type_of(const model::News& news) {
    const auto* resource = std::get_if<model::ResourceNews>(&news);
    if (!resource) return "Batch Job State Change";
    switch (resource->kind) {
        case Kind::ComputeEnvironment:
            return "Batch Compute Environment State Change";
        case Kind::JobQueue:
            return "Batch Job Queue State Change";
        case Kind::Host:
            return "Batch Host State Change";
    }
    return "";
}

std::string_view member_of(Kind kind) {
    switch (kind) {
        case Kind::ComputeEnvironment:
            return "computeEnvironment";
        case Kind::JobQueue:
            return "jobQueue";
        case Kind::Host:
            return "host";
    }
    return "";
}

std::string arn_of(const model::Scope& scope, const events::Event& event, const model::News& news) {
    const auto* resource = std::get_if<model::ResourceNews>(&news);
    if (!resource) return model::job_arn(scope, *event.job);
    switch (resource->kind) {
        case Kind::ComputeEnvironment:
            return model::batch_arn(scope, "compute-environment", resource->name);
        case Kind::JobQueue:
            return model::batch_arn(scope, "job-queue", resource->name);
        case Kind::Host:
            break;
    }
    return model::batch_arn(scope, "host", resource->name);
}

void append_resource(std::string& out, const std::string& arn, const model::ResourceNews& news) {
    const std::string member(member_of(news.kind));
    ObjectText detail(out);
    detail.string(member + "Name", news.name).string(member + "Arn", arn);
    if (!news.state.empty()) detail.string("state", news.state);
    detail.string("status", news.status);
    if (!news.status_reason.empty()) detail.string("statusReason", news.status_reason);
    detail.close();
}

/// Of a job that is not stored any more.
void append_bare_job(std::string& out, const model::Scope& scope, const events::Event& event,
                     const model::JobState& state) {
    ObjectText detail(out);
    detail.string("jobArn", model::job_arn(scope, *event.job));
    detail.string("jobId", model::to_string(*event.job));
    detail.string("jobQueue", model::batch_arn(scope, "job-queue", event.queue));
    detail.string("status", to_string(state.status));
    if (!state.status_reason.empty()) detail.string("statusReason", state.status_reason);
    if (state.started_at) detail.number("startedAt", to_epoch_ms(*state.started_at));
    if (state.stopped_at) detail.number("stoppedAt", to_epoch_ms(*state.stopped_at));
    detail.raw("attempts", "[]");
    detail.close();
}

}  // namespace

EventSource::EventSource(const engine::Engine& engine, store::ReaderPool& readers,
                         model::Scope scope, const std::string& instance)
    : engine_(engine),
      readers_(readers),
      scope_(std::move(scope)),
      instance_(parse_uuid(instance).value_or(Uuid{})) {}

Result<> EventSource::add_text(store::Reader& reader, events::Event& event, const model::News& news,
                               Timestamp at) const {
    const std::string arn = arn_of(scope_, event, news);
    std::string& out = event.text;
    ObjectText envelope(out);
    envelope.string("version", "0");
    envelope.string("id", event_id(instance_, event.seq));
    envelope.string("detail-type", detail_type_of(news));
    envelope.string("source", "aws.batch");
    envelope.string("account", scope_.account);
    envelope.string("time", seconds_of(at));
    envelope.string("region", scope_.region);
    envelope.name("resources");
    out += '[';
    json::append_string(out, arn);
    out += ']';
    envelope.number("sequence", event.seq);
    envelope.name("detail");
    if (const auto* resource = std::get_if<model::ResourceNews>(&news)) {
        append_resource(out, arn, *resource);
    } else {
        const auto& job_news = std::get<model::JobNews>(news);
        auto job = reader.job_as(*event.job, job_news.state);
        if (!job) return std::unexpected(std::move(job).error());
        if (!*job) {
            append_bare_job(out, scope_, event, job_news.state);
        } else {
            if (job_news.children) (*job)->array.counts = *job_news.children;
            (*job)->array.updated_at = at;
            append_job_as_stored(out, scope_, *engine_.view(), **job);
        }
    }
    envelope.close();
    return {};
}

Result<events::EventPtr> EventSource::render(store::Reader& reader, events::Event event,
                                             const model::News& news, Timestamp at) {
    if (auto known = cached(event.seq)) return known;
    BATCHD_TRY(add_text(reader, event, news, at));
    auto rendered = std::make_shared<const events::Event>(std::move(event));
    remember(rendered);
    return rendered;
}

Result<events::EventPtr> EventSource::render(events::Event event, const model::News& news,
                                             Timestamp at) {
    return readers_.with(
        [&](store::Reader& reader) { return render(reader, std::move(event), news, at); });
}

Result<> EventSource::add_matching(store::Reader& reader, const model::NewsBatch& batch,
                                   const events::Filter& filter, std::size_t limit, Page& page) {
    Result<> done;
    const auto on_event = [&](events::Event&& event, const model::News& news) {
        if (page.events.size() == limit) return false;
        const std::int64_t seq = event.seq;
        if (filter.matches(event)) {
            auto rendered = render(reader, std::move(event), news, batch.at);
            if (!rendered) {
                done = std::unexpected(std::move(rendered).error());
                return false;
            }
            page.events.push_back(std::move(*rendered));
        }
        page.position = seq;
        return true;
    };
    events::for_each_event(batch, page.position, on_event);
    return done;
}

Result<> EventSource::look_on(store::Reader& reader, const events::Filter& filter,
                              std::size_t limit, Page& page) {
    const auto stored = reader.news(page.position, kReadAtOnce);
    if (!stored) return std::unexpected(stored.error());
    page.oldest = stored->oldest;
    page.newest = stored->newest;
    if (limit == 0) return {};
    for (const auto& batch : stored->batches) {
        BATCHD_TRY(add_matching(reader, batch, filter, limit, page));
    }
    return {};
}

Result<EventSource::Page> EventSource::page(std::int64_t after, const events::Filter& filter,
                                            std::size_t limit) {
    return readers_.with([&](store::Reader& reader) -> Result<Page> {
        Page page{.events = {}, .position = after};
        const std::int64_t last = after + kMostLookedAt;
        do {
            const auto looked = look_on(reader, filter, limit, page);
            if (!looked && page.position == after) return std::unexpected(looked.error());
            if (!looked) break;  // the next page begins with what is damaged
        } while (page.events.size() < limit && page.position < std::min(last, page.newest));
        return page;
    });
}

events::EventPtr EventSource::cached(std::int64_t seq) const {
    const std::lock_guard lock(mutex_);
    const auto found = rendered_.find(seq);
    return found == rendered_.end() ? nullptr : found->second;
}

void EventSource::remember(const events::EventPtr& event) {
    const std::lock_guard lock(mutex_);
    if (!rendered_.emplace(event->seq, event).second) return;
    order_.push_back(event->seq);
    bytes_ += event->text.size();
    while (order_.size() > kMostRendered || bytes_ > kMostBytes) {
        const auto oldest = rendered_.extract(order_.front());
        bytes_ -= oldest.mapped()->text.size();
        order_.pop_front();
    }
}

}  // namespace batchd::api
