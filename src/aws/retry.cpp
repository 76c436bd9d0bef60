#include "aws/retry.hpp"

#include <algorithm>

namespace batchd::aws {

bool is_retryable(const ApiError& error) {
    if (error.error_class == ErrorClass::Throttling) return true;
    if (error.error_class != ErrorClass::Unreachable) return false;
    // A redirect, or a 403 of some proxy, stays what it is.
    return error.status < 300 || error.status == 429 || error.status >= 500;
}

Milliseconds retry_delay(int attempt, double random) {
    constexpr Milliseconds kFirst{1'000};
    constexpr Milliseconds kLimit{20'000};
    const Milliseconds limit = std::min(kFirst * (1 << std::clamp(attempt - 1, 0, 10)), kLimit);
    return Milliseconds{static_cast<std::int64_t>(static_cast<double>(limit.count()) * random)};
}

bool RetryBudget::take() {
    const std::scoped_lock lock(mutex_);
    if (tokens_ < kCost) return false;
    tokens_ -= kCost;
    return true;
}

void RetryBudget::succeeded(bool after_retry) {
    const std::scoped_lock lock(mutex_);
    tokens_ = std::min(tokens_ + (after_retry ? kCost : 1), kCapacity);
}

}  // namespace batchd::aws
