// Tells whoever waits for a job that it changed.
#pragma once

#include "batchd/ports/event_sink.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace batchd::events {

/// Any thread. Costs the engine one look at an empty map as long as nobody waits.
class JobWatch final : public ports::EventSink {
  public:
    using Callback = std::function<void()>;

    /// Ends with its destruction; the callback may still be running then on the engine's thread.
    class Subscription {
      public:
        Subscription(JobWatch& watch, model::JobId id, std::uint64_t key)
            : watch_(&watch), id_(id), key_(key) {}
        ~Subscription();
        Subscription(const Subscription&) = delete;
        Subscription& operator=(const Subscription&) = delete;

      private:
        JobWatch* watch_;
        model::JobId id_;
        std::uint64_t key_;
    };

    /// `changed` is called after each commit that changed the job; it must not block. Subscribe
    /// first, then read the job: no change can fall in between.
    std::unique_ptr<Subscription> subscribe(const model::JobId& id, Callback changed);

    /// Calls every callback once more; from then on is_closed() holds, and who waits gives up.
    void close();
    bool is_closed() const;

    void committed(const std::vector<ports::JobChange>& changes,
                   const std::vector<model::Attempt>& ended) override;

  private:
    mutable std::mutex mutex_;
    bool closed_ = false;
    std::uint64_t next_key_ = 1;
    std::unordered_map<model::JobId, std::vector<std::pair<std::uint64_t, Callback>>> waiting_;
};

}  // namespace batchd::events
