#include "batchd/logs/log_remover.hpp"

#include "batchd/base/log.hpp"

#include <utility>

namespace batchd::logs {

LogRemover::LogRemover(LogStore& store) : store_(store), thread_([this] { loop(); }) {}

LogRemover::~LogRemover() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void LogRemover::remove(std::vector<model::LogId> logs) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.insert(waiting_.end(), logs.begin(), logs.end());
    }
    wake_.notify_one();
}

bool LogRemover::is_idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && !is_busy_;
}

void LogRemover::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        const auto logs = std::exchange(waiting_, {});
        is_busy_ = true;
        lock.unlock();
        for (const auto& id : logs) {
            if (const auto removed = store_.remove(id); !removed) {
                log::warn("retention: {}", removed.error().message);
            }
        }
        lock.lock();
        is_busy_ = false;
    }
}

}  // namespace batchd::logs
