#include "batchd/base/time.hpp"

#include <fmt/chrono.h>

#include <atomic>

namespace batchd {

std::string to_iso8601(Timestamp t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (t - seconds).count());
}

Timestamp SystemClock::now() const {
    static std::atomic<std::int64_t> latest{0};
    const auto wall = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    std::int64_t now_ms = wall.time_since_epoch().count();
    std::int64_t seen = latest.load(std::memory_order_relaxed);
    while (seen < now_ms &&
           !latest.compare_exchange_weak(seen, now_ms, std::memory_order_relaxed)) {
    }
    return from_epoch_ms(std::max(seen, now_ms));
}

}  // namespace batchd
