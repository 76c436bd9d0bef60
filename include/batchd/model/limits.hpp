// AWS's limits, which the operator may set otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace batchd::model {

struct Limits {
    std::int32_t array_size = 10'000;  ///< children of one array
};

}  // namespace batchd::model
