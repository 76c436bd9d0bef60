// GET /api/v1/events: the ordered feed of everything that changes, as a stream (Server-Sent Events
// or lines of JSON) or a page at a time.
#include "api/errors.hpp"
#include "api/native/event_query.hpp"
#include "api/native/routes.hpp"
#include "api/signal.hpp"
#include "batchd/base/log.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace batchd::api::native {
namespace {

using events::EventPtr;
using events::Source;
using std::chrono::steady_clock;

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
constexpr std::size_t kPageEvents = 64;  // read at once for a stream
/// Browsers' EventSource connects again after this.
constexpr std::string_view kOpening = "retry: 2000\n: the events of batchd\n\n";

Task<Source::Page> read_page(const Services* services, std::int64_t after, events::Filter filter,
                             std::size_t limit) {
    return on_thread(services->feed_threads, [services, after, filter = std::move(filter), limit] {
        return services->events.page(after, filter, limit);
    });
}

/// Whether somebody who has seen events up to `after` misses some: they were pruned, or the number
/// is none of this feed's.
bool is_lost(std::int64_t after, const Source::Page& page) {
    return after + 1 < page.oldest || after > page.newest;
}

/// From where those go on to whom that happened.
std::int64_t resume_point(std::int64_t after, const Source::Page& page) {
    return is_lost(after, page) ? page.oldest - 1 : after;
}

/// How events look in a stream.
class Form {
  public:
    explicit Form(bool is_sse) : is_sse_(is_sse) {}

    void add(std::string& out, const events::Event& event) const {
        if (is_sse_)
            fmt::format_to(std::back_inserter(out), "id: {}\nevent: {}\ndata: ", event.seq,
                           event.type);
        out += event.text;
        out += is_sse_ ? "\n\n" : "\n";
    }

    /// `after` was asked for, but the feed goes on with `oldest`.
    void add_reset(std::string& out, std::int64_t after, std::int64_t oldest) const {
        const std::string text =
            fmt::format(R"({{"detail-type":"Batch Event Feed Reset","source":"aws.batch",)"
                        R"("detail":{{"requested":{},"oldest":{}}}}})",
                        after, oldest);
        if (is_sse_) {
            fmt::format_to(std::back_inserter(out), "id: {}\nevent: reset\ndata: {}\n\n",
                           oldest - 1, text);
        } else {
            out += text + "\n";
        }
    }

    /// Tells that the connection is alive, and, as a browser keeps it, up to where nothing was
    /// missed.
    std::string heartbeat(std::int64_t position) const {
        return is_sse_ ? fmt::format(": heartbeat\nid: {}\n\n", position) : "\n";
    }

  private:
    bool is_sse_;
};

/// One client that follows the feed.
struct EventStream {
    const Services* services = nullptr;
    EventQuery query;
    std::int64_t position = 0;              ///< the last event that the client has
    std::optional<std::int64_t> lost_from;  ///< what it asked for, if that is not there any more

    Form form() const { return Form(query.format == EventQuery::Format::Sse); }
};

/// The next events, from memory or else from the database; empty if there are none yet.
Task<std::vector<EventPtr>> next_events(const EventStream& stream,
                                        events::Feed::Subscription& subscription,
                                        std::string& chunk) {
    auto taken = subscription.take(kChunkBytes);
    while (taken.is_behind) {
        const std::int64_t position = subscription.position();
        auto page = co_await read_page(stream.services, position, stream.query.filter, kPageEvents);
        if (!page) co_return error_of(page);
        if (is_lost(position, *page)) stream.form().add_reset(chunk, position, page->oldest);
        subscription.move_to(page->position);
        if (!page->events.empty() || !chunk.empty()) co_return std::move(page->events);
        taken = subscription.take(kChunkBytes);
    }
    co_return std::move(taken.events);
}

/// False if the stream goes on, but not to this client.
boost::asio::awaitable<bool> run(EventStream stream, http::BodyWriter& writer) {
    const auto& services = *stream.services;
    const Form form = stream.form();
    auto signal = std::make_shared<Signal>(co_await boost::asio::this_coro::executor);
    const auto subscription = services.feed.subscribe(stream.query.filter, stream.position,
                                                      [signal] { signal->notify(); });
    std::string chunk(stream.query.format == EventQuery::Format::Sse ? kOpening : "");
    if (stream.lost_from) form.add_reset(chunk, *stream.lost_from, stream.position + 1);
    auto left = stream.query.limit.value_or(std::numeric_limits<std::size_t>::max());
    auto next_heartbeat = steady_clock::now() + services.heartbeat;
    while (true) {
        const auto found = co_await next_events(stream, *subscription, chunk);
        if (!found) {
            log::error("a stream of events ends after {}: {}", subscription->position(),
                       found.error().message);
            co_return false;
        }
        for (const auto& event : *found) {
            if (left == 0) break;
            form.add(chunk, *event);
            --left;
        }
        if (!chunk.empty()) {
            if (!co_await writer.write(std::exchange(chunk, {}))) co_return false;
            next_heartbeat = steady_clock::now() + services.heartbeat;
        }
        if (left == 0 || services.feed.is_closed()) co_return true;
        if (!found->empty()) continue;
        const auto rest = std::chrono::ceil<Milliseconds>(next_heartbeat - steady_clock::now());
        if (rest <= Milliseconds{0}) {
            chunk = form.heartbeat(subscription->position());
        } else {
            co_await signal->wait(rest);
        }
    }
}

http::Response stream_response(EventStream stream) {
    const bool is_sse = stream.query.format == EventQuery::Format::Sse;
    http::Response response;
    response.headers.add("Content-Type", is_sse ? "text/event-stream" : "application/x-ndjson");
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("X-Accel-Buffering", "no");  // a proxy's buffer would hold events back
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.stream = [stream = std::move(stream)](http::BodyWriter& writer) {
        return run(stream, writer);
    };
    return response;
}

http::Response lines_response(const Source::Page& page) {
    http::Response response;
    response.headers.add("Content-Type", "application/x-ndjson");
    response.headers.add("Cache-Control", "no-store");
    for (const auto& event : page.events) response.body += event->text + "\n";
    return response;
}

http::Response page_response(const Source::Page& page, bool is_reset) {
    std::string text = R"({"events":[)";
    for (const auto& event : page.events) {
        if (text.back() != '[') text += ',';
        text += event->text;
    }
    fmt::format_to(std::back_inserter(text), R"(],"next":{},"oldest":{},"newest":{},"reset":{}}})",
                   page.position, page.oldest, page.newest, is_reset);
    return json_response(200, text + "\n");
}

Task<http::Response> answer_page(NativeCall call, EventQuery query) {
    const std::int64_t after = query.after.value_or(0);
    auto page = co_await read_page(call.services, after, query.filter, 0);
    if (!page) co_return error_of(page);
    const bool is_reset = query.after && is_lost(after, *page);
    page = co_await read_page(call.services, resume_point(after, *page), query.filter,
                              query.limit.value_or(EventQuery::kDefaultLimit));
    if (!page) co_return error_of(page);
    if (query.format == EventQuery::Format::Lines) co_return lines_response(*page);
    co_return page_response(*page, is_reset);
}

}  // namespace

Task<http::Response> get_events(NativeCall call) {
    auto query = parse_event_query(*call.services, call.request);
    if (!query) co_return error_of(query);
    if (query->filter.job) {
        auto job = co_await find_job(call.services, model::to_string(*query->filter.job));
        if (!job) co_return error_of(job);
    }
    if (!query->follow) co_return co_await answer_page(std::move(call), std::move(*query));
    EventStream stream{.services = call.services,
                       .query = std::move(*query),
                       .position = call.services->feed.newest(),
                       .lost_from = {}};
    if (const auto after = stream.query.after) {
        auto page = co_await read_page(call.services, *after, stream.query.filter, 0);
        if (!page) co_return error_of(page);
        stream.position = resume_point(*after, *page);
        if (is_lost(*after, *page)) stream.lost_from = after;
    }
    co_return stream_response(std::move(stream));
}

}  // namespace batchd::api::native
