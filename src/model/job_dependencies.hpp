// dependsOn: what a job waits for.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/limits.hpp"

#include <vector>

namespace batchd::model {

struct ResolvedDependencies {
    std::vector<Dependency> jobs;  ///< without repetition, in the order of the request
    Sequence sequence = Sequence::None;
    std::vector<JobDependency> shown;  ///< as DescribeJobs shows them: without repetition, too
};

/// InvalidArgument if a rule is broken that needs no other job to be looked at.
Result<ResolvedDependencies> resolve_dependencies(const std::vector<JobDependency>& depends_on,
                                                  bool is_array, const Limits& limits);

}  // namespace batchd::model
