// The live end of the event feed: committed events are rendered once, kept for a short while, and
// whoever waits for them is woken. What is not there any more is read from the Source.
//
// Nobody holds up anybody: the engine hands over what it committed and goes on, one thread renders,
// a subscriber takes events at its own pace and costs no more than its position while it does not.
#pragma once

#include "batchd/events/event.hpp"
#include "batchd/ports/event_sink.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace batchd::events {

/// Any thread. Without subscribers it costs the engine one lock a commit.
class Feed final : public ports::EventSink {
  public:
    struct Limits {
        std::size_t window_events = 4096;  ///< kept in memory
        std::size_t window_bytes = std::size_t{8} * 1024 * 1024;
        std::int64_t pending_events = 20'000;  ///< that wait to be rendered; beyond, they are not
    };
    Feed() : Feed(Limits{}) {}
    explicit Feed(Limits limits) : limits_(limits) {}
    ~Feed() override;

    /// Starts the thread. `source` must outlive it; `newest` is the last event that is stored.
    void run(Source& source, std::int64_t newest);
    /// Wakes everybody; from then on is_closed() holds, and who waits gives up.
    void close();
    bool is_closed() const;
    /// Ends the thread.
    void stop();

    /// The number of the last committed event.
    std::int64_t newest() const;

    void committed(const std::vector<ports::JobChange>&,
                   const std::vector<model::Attempt>&) override {}
    void told(const std::shared_ptr<const model::NewsBatch>& news) override;

    using Wake = std::function<void()>;

    /// One reader's place in the feed; one thread at a time. Ends with its destruction.
    class Subscription {
      public:
        ~Subscription();
        Subscription(const Subscription&) = delete;
        Subscription& operator=(const Subscription&) = delete;

        struct Taken {
            std::vector<EventPtr> events;
            bool is_behind = false;  ///< what comes next is not in memory: ask the Source
        };
        /// The next events that are wanted, of about as many bytes; empty if there are none yet.
        Taken take(std::size_t max_bytes);
        std::int64_t position() const;        ///< the last event that was taken or passed over
        void move_to(std::int64_t position);  ///< after reading from the Source

      private:
        friend class Feed;
        struct State {
            Filter filter;
            std::int64_t position = 0;
            Wake wake;
        };
        Subscription(Feed& feed, std::list<State>::iterator state) : feed_(feed), state_(state) {}

        Feed& feed_;
        std::list<State>::iterator state_;  ///< guarded by the feed's mutex
    };

    /// For events after the one of that number. `wake` is called when there may be something to
    /// take, until the subscription ends; it must not block, nor call the feed.
    std::unique_ptr<Subscription> subscribe(Filter filter, std::int64_t after, Wake wake);

  private:
    using Batch = std::shared_ptr<const model::NewsBatch>;

    void loop(Source& source);
    void deliver(Source& source, const model::NewsBatch& batch);
    bool is_wanted(const Event& event) const;
    void publish(std::vector<EventPtr> events);
    void skip_to(std::int64_t seq);
    void trim();

    const Limits limits_;
    mutable std::mutex mutex_;  ///< guards all that follows
    std::condition_variable has_work_;
    std::list<Subscription::State> subscribers_;
    std::deque<Batch> pending_;
    std::int64_t pending_events_ = 0;
    std::deque<EventPtr> window_;  ///< without gaps; those that nobody wanted have no text
    std::size_t window_bytes_ = 0;
    std::int64_t newest_ = 0;  ///< committed
    std::int64_t tip_ = 0;     ///< that went through the window, or past it
    bool closed_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace batchd::events
