// What a job asks for and a host offers.
#pragma once

#include "batchd/base/units.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace batchd::model {

struct Resources {
    MilliVcpu vcpu;
    MiB memory;
    std::int32_t gpus = 0;

    friend auto operator<=>(const Resources&, const Resources&) = default;

    Resources& operator+=(const Resources& other) {
        vcpu += other.vcpu;
        memory += other.memory;
        gpus += other.gpus;
        return *this;
    }
    Resources& operator-=(const Resources& other) {
        vcpu -= other.vcpu;
        memory -= other.memory;
        gpus -= other.gpus;
        return *this;
    }
    friend Resources operator-(Resources a, const Resources& b) { return a -= b; }

    /// A host that lost GPUs in use has less than none free, and still takes what needs none.
    bool fits_in(const Resources& free) const {
        return vcpu <= free.vcpu && memory <= free.memory && (gpus == 0 || gpus <= free.gpus);
    }
};

/// "2 vCPU, 512 MiB" or "0.25 vCPU, 512 MiB, 1 GPU"
std::string to_string(const Resources& resources);

}  // namespace batchd::model
