// What PENDING jobs wait for, from the stored jobs: their statusReason, where AWS has none.
#pragma once

#include "batchd/core/explain.hpp"
#include "batchd/store/reader.hpp"

#include <string>
#include <vector>

namespace batchd::api {

/// dependsOn of a stored specification.
std::vector<core::Awaited> awaited_of(const std::string& spec);

/// "DEPENDENCY:WAITING - waits for job <id> (RUNNING) and 2 more." in the statusReason of a job
/// that has none and waits for others or, as an array, for its children.
Result<> note_awaited(store::Reader& reader, store::JobDetail& job);

/// The same for lists, without a look at other jobs; empty if the job needs none. `array`: of a
/// job that is one, else zeros.
std::string pending_reason(const model::JobState& state, const model::ArrayProgress& array);

}  // namespace batchd::api
