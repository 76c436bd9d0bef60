// Removes logs on a thread of its own: a large file may take the file system a while.
#pragma once

#include "batchd/logs/log_store.hpp"
#include "batchd/ports/retention.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace batchd::logs {

/// What is not removed when it is destroyed stays; its jobs do, too, and are found again.
class LogRemover final : public ports::LogRemover {
  public:
    /// The store must outlive it.
    explicit LogRemover(LogStore& store);
    ~LogRemover() override;
    LogRemover(const LogRemover&) = delete;
    LogRemover& operator=(const LogRemover&) = delete;

    void remove(std::vector<model::LogId> logs) override;
    bool is_idle() const override;

  private:
    void loop();

    LogStore& store_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<model::LogId> waiting_;
    bool is_busy_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace batchd::logs
