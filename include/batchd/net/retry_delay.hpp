// How long to wait before the next try.
#pragma once

#include "batchd/base/time.hpp"

#include <algorithm>

namespace batchd::net {

/// Doubles from `first` up to `limit`. Not thread-safe.
class RetryDelay {
  public:
    constexpr RetryDelay(Milliseconds first, Milliseconds limit)
        : first_(first), limit_(limit), next_(first) {}

    constexpr Milliseconds next() {
        const Milliseconds now = next_;
        next_ = std::min(next_ * 2, limit_);
        return now;
    }
    constexpr void reset() { next_ = first_; }

  private:
    Milliseconds first_;
    Milliseconds limit_;
    Milliseconds next_;
};

}  // namespace batchd::net
