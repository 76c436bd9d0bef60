// Events as documents: what was stored of them and of their jobs, in the shape of EventBridge's
// "Batch Job State Change". Any thread; blocks for reads of the database.
#pragma once

#include "batchd/base/uuid.hpp"
#include "batchd/engine/engine.hpp"
#include "batchd/events/event.hpp"
#include "batchd/model/names.hpp"
#include "batchd/store/reader_pool.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

namespace batchd::api {

class EventSource final : public events::Source {
  public:
    /// `readers` are not those of the API: who reads many events holds up nobody else. `instance`
    /// is the database's UUID: with an event's number it makes the event's id. All must outlive the
    /// source.
    EventSource(const engine::Engine& engine, store::ReaderPool& readers, model::Scope scope,
                const std::string& instance);

    Result<Page> page(std::int64_t after, const events::Filter& filter, std::size_t limit) override;
    Result<events::EventPtr> render(events::Event event, const model::News& news,
                                    Timestamp at) override;

  private:
    Result<> add_text(store::Reader& reader, events::Event& event, const model::News& news,
                      Timestamp at) const;
    Result<events::EventPtr> render(store::Reader& reader, events::Event event,
                                    const model::News& news, Timestamp at);
    Result<> look_on(store::Reader& reader, const events::Filter& filter, std::size_t limit,
                     Page& page);
    Result<> add_matching(store::Reader& reader, const model::NewsBatch& batch,
                          const events::Filter& filter, std::size_t limit, Page& page);
    events::EventPtr cached(std::int64_t seq) const;
    void remember(const events::EventPtr& event);

    const engine::Engine& engine_;
    store::ReaderPool& readers_;
    model::Scope scope_;
    Uuid instance_;

    mutable std::mutex mutex_;  ///< guards what was rendered lately
    std::unordered_map<std::int64_t, events::EventPtr> rendered_;
    std::deque<std::int64_t> order_;  ///< the oldest first
    std::size_t bytes_ = 0;
};

}  // namespace batchd::api
