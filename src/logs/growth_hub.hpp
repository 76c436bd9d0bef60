// Which logs are open, and who wants to know of changes. Any thread.
#pragma once

#include "batchd/model/ids.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace batchd::logs {

class GrowthHub {
  public:
    /// False if it is open already.
    bool mark_open(const model::LogId& id);
    /// Wakes the followers.
    void mark_closed(const model::LogId& id);
    bool is_open(const model::LogId& id) const;

    /// Wakes the followers. Costs an atomic load while nobody follows any log.
    void notify(const model::LogId& id);

    std::uint64_t add(const model::LogId& id, std::function<void()> on_change);
    void remove(std::uint64_t token);

  private:
    void wake(const model::LogId& id);  ///< with the lock held

    mutable std::mutex mutex_;
    std::unordered_set<model::LogId> open_;
    std::unordered_map<model::LogId, std::map<std::uint64_t, std::function<void()>>> followers_;
    std::unordered_map<std::uint64_t, model::LogId> followed_;  ///< by token
    std::uint64_t next_token_ = 1;
    std::atomic<std::size_t> count_ = 0;  ///< of followers
};

}  // namespace batchd::logs
