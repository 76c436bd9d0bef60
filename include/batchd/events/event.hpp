// One event of the feed, who wants to hear of it, and where events come from that are not in memory
// any more.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/news.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::events {

struct Event {
    std::int64_t seq = 0;
    std::string_view type;            ///< job, compute-environment, job-queue or host
    std::optional<model::JobId> job;  ///< of a job's
    model::JobStatus status{};        ///< likewise
    std::string queue;                ///< that it is about, or that the job is in; else empty
    std::string text;                 ///< JSON on one line
};
using EventPtr = std::shared_ptr<const Event>;

/// What is not set is not asked.
struct Filter {
    std::vector<std::string> queues;  ///< names
    std::optional<model::JobId> job;  ///< of an array or multi-node job its parts, too
    std::uint8_t statuses = 0;        ///< of jobs; a bit each, 0 for all and for other events, too

    static std::uint8_t bit(model::JobStatus status) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(status));
    }
    bool is_open() const { return queues.empty() && !job && statuses == 0; }
    bool matches(const Event& event) const;
};

/// Calls `on_event` for the events of a batch after the one of that number, in order, without
/// their text, until it returns false.
void for_each_event(const model::NewsBatch& batch, std::int64_t after,
                    const std::function<bool(Event&&, const model::News&)>& on_event);

/// Events with their text, from the stored feed.
class Source {
  public:
    virtual ~Source() = default;

    struct Page {
        std::vector<EventPtr> events;
        std::int64_t position = 0;  ///< the last event that was looked at, wanted or not
        std::int64_t oldest = 1;    ///< that is kept
        std::int64_t newest = 0;
    };
    /// Those after the one of that number that the filter lets through, `limit` at the most. The
    /// page may be empty, and yet more follow. Any thread; blocks.
    virtual Result<Page> page(std::int64_t after, const Filter& filter, std::size_t limit) = 0;

    /// The event with its text. Any thread; blocks.
    virtual Result<EventPtr> render(Event event, const model::News& news, Timestamp at) = 0;
};

}  // namespace batchd::events
