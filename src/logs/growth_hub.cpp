#include "logs/growth_hub.hpp"

#include <utility>

namespace batchd::logs {

bool GrowthHub::mark_open(const model::LogId& id) {
    const std::lock_guard lock(mutex_);
    return open_.insert(id).second;
}

void GrowthHub::mark_closed(const model::LogId& id) {
    const std::lock_guard lock(mutex_);
    open_.erase(id);
    wake(id);
}

bool GrowthHub::is_open(const model::LogId& id) const {
    const std::lock_guard lock(mutex_);
    return open_.contains(id);
}

void GrowthHub::notify(const model::LogId& id) {
    // A follower that is not counted yet reads the file after this, and finds what was written.
    if (count_ == 0) return;
    const std::lock_guard lock(mutex_);
    wake(id);
}

// Under the lock, so that remove() returns only when no call is running.
void GrowthHub::wake(const model::LogId& id) {
    const auto found = followers_.find(id);
    if (found == followers_.end()) return;
    for (const auto& [token, on_change] : found->second) on_change();
}

std::uint64_t GrowthHub::add(const model::LogId& id, std::function<void()> on_change) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t token = next_token_++;
    followers_[id].emplace(token, std::move(on_change));
    followed_.emplace(token, id);
    ++count_;
    return token;
}

void GrowthHub::remove(std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    const auto followed = followed_.extract(token);
    const auto found = followers_.find(followed.mapped());
    found->second.erase(token);
    if (found->second.empty()) followers_.erase(found);
    --count_;
}

}  // namespace batchd::logs
