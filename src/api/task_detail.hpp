// The containers of jobs with ecsProperties, as DescribeJobs shows them. Jobs with
// containerProperties cost nothing here but a look at the names of their members.
#pragma once

#include "batchd/model/job.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::api {

/// The JSON of ecsProperties in a stored model::JobSpec; empty if there is none.
std::string_view ecs_properties(std::string_view spec);

/// The task of a stored job; nullopt if it has containerProperties.
std::optional<model::EcsTaskProperties> task_in(std::string_view spec);

/// The names of its containers; empty if it has containerProperties.
std::vector<std::string> task_containers(std::string_view spec);

/// Appends the stored ecsProperties with what the newest attempt tells of each container.
void append_task(std::string& out, std::string_view stored, std::string_view container_instance_arn,
                 std::string_view task_arn, const model::Attempt& attempt);

/// Appends taskProperties of an attempt. `containers` are their names.
void append_task_attempt(std::string& out, std::string_view container_instance_arn,
                         std::string_view task_arn, const std::vector<std::string>& containers,
                         const model::Attempt& attempt);

}  // namespace batchd::api
