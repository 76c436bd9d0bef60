// How many jobs are served before one.
#pragma once

#include "batchd/core/explain.hpp"

namespace batchd::core {

/// Of a RUNNABLE job, or of an array by the next of its children; `id` is the job's, or that of a
/// child which has no slot, `job` its array then.
Position position_of(const State& state, const Job& job, const model::JobId& id, Timestamp now);

}  // namespace batchd::core
