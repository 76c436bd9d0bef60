// Nodes of multi-node jobs: their rows are what the newest attempt left.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"
#include "store/database.hpp"

#include <cstdint>

namespace batchd::store {

/// A node stands as the whole job does, until an attempt has begun.
Result<model::JobState> node_state(Database& database, std::int64_t job_seq, std::int32_t part,
                                   const model::JobState& whole);

}  // namespace batchd::store
