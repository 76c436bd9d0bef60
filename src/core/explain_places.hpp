// What stands in a job's way in one environment and on its hosts.
#pragma once

#include "batchd/core/explain.hpp"

namespace batchd::core {

EnvironmentExplanation explain_environment(const State& state, const Job& job, EnvironmentIndex e,
                                           Timestamp now);

}  // namespace batchd::core
