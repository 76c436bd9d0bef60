// What a job definition may hold that no Docker Engine can give its jobs.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job_definition.hpp"

namespace batchd::model {

/// InvalidArgument names the member: volumes on EFS and S3, FireLens. Fargate serves them.
Result<> expect_served_by_docker(const JobDefinition& definition);

}  // namespace batchd::model
