// Durations, and what to say of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace batchd::bench {

using SteadyClock = std::chrono::steady_clock;

class Latencies {
  public:
    void add(SteadyClock::duration duration) { all_.push_back(duration); }
    void add(const Latencies& other) {
        all_.insert(all_.end(), other.all_.begin(), other.all_.end());
    }
    std::size_t count() const { return all_.size(); }

    /// `fraction` 0.5 is the median; 0 if there are none.
    double percentile_ms(double fraction) const {
        if (all_.empty()) return 0;
        auto sorted = all_;
        const auto last = static_cast<double>(sorted.size() - 1);
        const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(last * fraction);
        std::ranges::nth_element(sorted, at);
        return std::chrono::duration<double, std::milli>(*at).count();
    }

  private:
    std::vector<SteadyClock::duration> all_;
};

}  // namespace batchd::bench
