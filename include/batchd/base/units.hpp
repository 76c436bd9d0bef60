// Numbers that carry their unit in the type.
#pragma once

#include <compare>
#include <cstdint>

namespace batchd {

/// A number with a unit: no mixing with other units, no silent conversion to or from plain
/// integers.
template <class Tag>
struct Quantity {
    std::int64_t value = 0;

    constexpr Quantity() = default;
    constexpr explicit Quantity(std::int64_t v) : value(v) {}
    friend constexpr auto operator<=>(Quantity, Quantity) = default;
    friend constexpr Quantity operator+(Quantity a, Quantity b) {
        return Quantity{a.value + b.value};
    }
    friend constexpr Quantity operator-(Quantity a, Quantity b) {
        return Quantity{a.value - b.value};
    }
    constexpr Quantity& operator+=(Quantity o) {
        value += o.value;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity o) {
        value -= o.value;
        return *this;
    }
};

using MilliVcpu = Quantity<struct MilliVcpuTag>;  ///< 1,000 to the vCPU; Fargate has quarters
using MiB = Quantity<struct MiBTag>;

constexpr MilliVcpu vcpus(std::int64_t n) { return MilliVcpu{n * 1000}; }

}  // namespace batchd
