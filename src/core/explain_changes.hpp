// What would have to change for a job to start.
#pragma once

#include "batchd/core/explain.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::core {

inline Fact fact(std::string code, std::string text,
                 std::vector<std::pair<std::string, Fact::Value>> details = {}) {
    return {.code = std::move(code), .text = std::move(text), .details = std::move(details)};
}
inline double to_vcpus(MilliVcpu amount) { return static_cast<double>(amount.value) / 1000; }

/// Fills would_start_if from the obstacles.
void add_counterfactuals(const State& state, const Job& job, Explanation& out);

}  // namespace batchd::core
