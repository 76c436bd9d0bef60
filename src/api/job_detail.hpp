// A stored job as DescribeJobs shows it; /api/v1 shows the same.
#pragma once

#include "api/call.hpp"

namespace batchd::api {

Json job_detail(const Services& services, const store::JobDetail& job);

/// statusReason: the stored one, or while the job is RUNNABLE why it waits. Empty if there is none.
std::string status_reason(const engine::View& view, const std::string& queue,
                          const model::JobState& state, const Json& container,
                          const Json& platform_capabilities);

/// The ECS cluster that an environment shows in ARNs.
std::string cluster_of(const engine::View& view, const std::string& environment);

}  // namespace batchd::api
