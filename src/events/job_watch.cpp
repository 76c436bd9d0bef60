#include "batchd/events/job_watch.hpp"

#include <utility>

namespace batchd::events {

JobWatch::Subscription::~Subscription() {
    const std::lock_guard lock(watch_->mutex_);
    const auto found = watch_->waiting_.find(id_);
    if (found == watch_->waiting_.end()) return;
    std::erase_if(found->second, [&](const auto& entry) { return entry.first == key_; });
    if (found->second.empty()) watch_->waiting_.erase(found);
}

std::unique_ptr<JobWatch::Subscription> JobWatch::subscribe(const model::JobId& id,
                                                            Callback changed) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t key = next_key_++;
    waiting_[id].emplace_back(key, std::move(changed));
    return std::make_unique<Subscription>(*this, id, key);
}

void JobWatch::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [id, callbacks] : waiting_) {
        for (const auto& [key, changed] : callbacks) changed();
    }
}

bool JobWatch::is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

void JobWatch::committed(const std::vector<ports::JobChange>& changes,
                         const std::vector<model::Attempt>&) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    for (const auto& change : changes) {
        const auto found = waiting_.find(change.id);
        if (found == waiting_.end()) continue;
        for (const auto& [key, changed] : found->second) changed();
    }
}

}  // namespace batchd::events
