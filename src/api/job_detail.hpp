// A stored job as DescribeJobs shows it; /api/v1 shows the same.
#pragma once

#include "api/call.hpp"
#include "batchd/base/json_text.hpp"

#include <string>

namespace batchd::api {

/// Appends the job as a JSON object. `more_members` ("" or `"a":1,...`) stand at its end.
void append_job_detail(std::string& out, const Services& services, const engine::View& view,
                       const store::JobDetail& job, std::string_view more_members = {});

/// The same with the statusReason that is stored, not with why the job waits now.
void append_job_as_stored(std::string& out, const model::Scope& scope, const engine::View& view,
                          const store::JobDetail& job);

/// arrayProperties of an array: size, statusSummary and its time; of a child: its index. Nothing
/// for other jobs.
void append_array_properties(json::ObjectText& object, std::string& out, const model::JobId& id,
                             std::int32_t size, const model::ArrayProgress& progress);

/// nodeProperties of a multi-node job's summary, or of a node's.
void append_node_properties(json::ObjectText& object, std::string& out, const model::JobId& id,
                            const model::Shape& shape, std::int32_t main_node);

/// statusReason: the stored one, or while the job is RUNNABLE why it waits. Empty if there is none.
std::string status_reason(const engine::View& view, const engine::QueueView* queue,
                          const core::Shape& shape, const model::JobState& state);

/// The ECS cluster that an environment shows in ARNs.
std::string cluster_of(const engine::View& view, const std::string& environment);

}  // namespace batchd::api
