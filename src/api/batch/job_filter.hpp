// The `filters` of ListJobs.
#pragma once

#include "api/call.hpp"

#include <boost/describe/class.hpp>

namespace batchd::api::batch {

struct KeyValuesPair {
    std::string name;
    std::vector<std::string> values;
};
BOOST_DESCRIBE_STRUCT(KeyValuesPair, (), (name, values))

/// nullopt without filters. InvalidArgument names what AWS's rules are: one filter a call, with one
/// value; names are case-sensitive.
Result<std::optional<store::JobFilter>> to_job_filter(const model::Scope& scope,
                                                      const std::vector<KeyValuesPair>& filters);

}  // namespace batchd::api::batch
