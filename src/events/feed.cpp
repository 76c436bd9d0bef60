#include "batchd/events/feed.hpp"

#include "batchd/base/log.hpp"

#include <algorithm>

namespace batchd::events {
namespace {

/// So many events are rendered before those that wait for them are woken.
constexpr std::size_t kSlice = 64;

}  // namespace

Feed::~Feed() { stop(); }

void Feed::run(Source& source, std::int64_t newest) {
    {
        const std::lock_guard lock(mutex_);
        newest_ = std::max(newest_, newest);
        tip_ = newest_;
    }
    thread_ = std::thread([this, &source] { loop(source); });
}

void Feed::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& subscriber : subscribers_) subscriber.wake();
}

bool Feed::is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

void Feed::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    has_work_.notify_one();
    if (thread_.joinable()) thread_.join();
}

std::int64_t Feed::newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
}

void Feed::told(const Batch& news) {
    {
        const std::lock_guard lock(mutex_);
        newest_ = news->end_seq() - 1;
        if (subscribers_.empty()) {
            skip_to(newest_);
            return;
        }
        const std::int64_t events = news->count();
        if (pending_events_ + events > limits_.pending_events) {
            skip_to(
                newest_);  // more than can be rendered in time: the subscribers read on their own
            return;
        }
        pending_.push_back(news);
        pending_events_ += events;
    }
    has_work_.notify_one();
}

/// Nothing up to that event comes through the window.
void Feed::skip_to(std::int64_t seq) {
    pending_.clear();
    pending_events_ = 0;
    window_.clear();
    window_bytes_ = 0;
    tip_ = seq;
    for (const auto& subscriber : subscribers_) subscriber.wake();
}

void Feed::loop(Source& source) {
    std::unique_lock lock(mutex_);
    while (true) {
        has_work_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
        if (stopping_) return;
        const Batch batch = std::move(pending_.front());
        pending_.pop_front();
        pending_events_ -= batch->count();
        lock.unlock();
        deliver(source, *batch);
        lock.lock();
    }
}

/// Renders a batch slice by slice. What cannot be rendered goes on without its text.
void Feed::deliver(Source& source, const model::NewsBatch& batch) {
    std::vector<EventPtr> slice;
    for_each_event(batch, batch.first_seq - 1, [&](Event&& event, const model::News& news) {
        if (!is_wanted(event)) {
            slice.push_back(std::make_shared<const Event>(std::move(event)));
        } else if (auto rendered = source.render(event, news, batch.at)) {
            slice.push_back(std::move(*rendered));
        } else {
            log::warn("event {}: {}", event.seq, rendered.error().message);
            slice.push_back(std::make_shared<const Event>(std::move(event)));
        }
        if (slice.size() == kSlice) publish(std::exchange(slice, {}));
        return true;
    });
    if (!slice.empty()) publish(std::move(slice));
}

bool Feed::is_wanted(const Event& event) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(subscribers_,
                               [&](const auto& each) { return each.filter.matches(event); });
}

void Feed::publish(std::vector<EventPtr> events) {
    const std::lock_guard lock(mutex_);
    if (tip_ + 1 != events.front()->seq) return;  // the engine has skipped them meanwhile
    const std::int64_t before = tip_;
    tip_ = events.back()->seq;
    for (auto& subscriber : subscribers_) {
        const bool is_concerned = std::ranges::any_of(
            events, [&](const auto& event) { return subscriber.filter.matches(*event); });
        if (is_concerned) {
            subscriber.wake();
        } else if (subscriber.position == before) {
            subscriber.position = tip_;  // it need not look at what does not concern it
        }
    }
    for (auto& event : events) {
        window_bytes_ += event->text.size();
        window_.push_back(std::move(event));
    }
    trim();
}

void Feed::trim() {
    while (window_.size() > limits_.window_events || window_bytes_ > limits_.window_bytes) {
        window_bytes_ -= window_.front()->text.size();
        window_.pop_front();
    }
}

std::unique_ptr<Feed::Subscription> Feed::subscribe(Filter filter, std::int64_t after, Wake wake) {
    const std::lock_guard lock(mutex_);
    const auto state = subscribers_.insert(
        subscribers_.end(),
        {.filter = std::move(filter), .position = after, .wake = std::move(wake)});
    return std::unique_ptr<Subscription>(new Subscription(*this, state));
}

Feed::Subscription::~Subscription() {
    const std::lock_guard lock(feed_.mutex_);
    feed_.subscribers_.erase(state_);
}

Feed::Subscription::Taken Feed::Subscription::take(std::size_t max_bytes) {
    const std::lock_guard lock(feed_.mutex_);
    Taken taken;
    if (state_->position >= feed_.tip_) return taken;
    const auto& window = feed_.window_;
    if (window.empty() || state_->position + 1 < window.front()->seq) {
        taken.is_behind = true;
        return taken;
    }
    std::size_t bytes = 0;
    for (auto at = static_cast<std::size_t>(state_->position + 1 - window.front()->seq);
         at < window.size() && bytes < max_bytes; ++at) {
        const EventPtr& event = window[at];
        if (state_->filter.matches(*event)) {
            if (event->text.empty()) {
                taken.is_behind = taken.events.empty();
                return taken;
            }
            bytes += event->text.size();
            taken.events.push_back(event);
        }
        state_->position = event->seq;
    }
    return taken;
}

std::int64_t Feed::Subscription::position() const {
    const std::lock_guard lock(feed_.mutex_);
    return state_->position;
}

void Feed::Subscription::move_to(std::int64_t position) {
    const std::lock_guard lock(feed_.mutex_);
    state_->position = std::max(state_->position, position);
}

}  // namespace batchd::events
