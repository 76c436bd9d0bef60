// When a call is tried again, and how long it waits.
#pragma once

#include "batchd/aws/error.hpp"
#include "batchd/base/time.hpp"

#include <mutex>

namespace batchd::aws {

/// Whether the very same request may succeed a little later.
bool is_retryable(const ApiError& error);

/// "Full jitter": anything from 0 to a limit that doubles, from 1 s to 20 s. `attempt` counts from
/// 1, `random` is in [0, 1).
Milliseconds retry_delay(int attempt, double random);

/// Tokens that retries of all calls share, as in the SDKs: when AWS is in trouble, each call's own
/// retries would multiply the load. Any thread.
class RetryBudget {
  public:
    /// False if there are too few tokens: the call has to be given up.
    bool take();
    /// A call succeeded; after a retry its tokens come back.
    void succeeded(bool after_retry);

  private:
    static constexpr int kCapacity = 500;
    static constexpr int kCost = 5;

    std::mutex mutex_;
    int tokens_ = kCapacity;  ///< guarded by mutex_
};

}  // namespace batchd::aws
