// What a SubmitJob request asks for in vain.
#pragma once

#include "batchd/model/job.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace batchd::model {

/// A sentence for each; nullopt if all of it counts. `spec` is what the request resolved to,
/// `used_parameters` are those that its commands refer to.
std::optional<std::vector<std::string>> warnings_of(const SubmitJobRequest& request,
                                                    const JobDefinition& definition,
                                                    const JobSpec& spec,
                                                    const std::set<std::string>& used_parameters);

}  // namespace batchd::model
