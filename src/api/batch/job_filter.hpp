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

/// Of any case. InvalidArgument names the field and the values that there are.
Result<model::JobStatus> to_job_status(const std::string& field, const std::string& text);

/// A token whose key is a job's seq.
Result<std::optional<std::int64_t>> read_seq_token(const std::string& kind,
                                                   const std::optional<std::string>& token);

/// nullopt without filters. InvalidArgument names what AWS's rules are: one filter a call, with one
/// value; names are case-sensitive.
Result<std::optional<store::JobFilter>> to_job_filter(const model::Scope& scope,
                                                      const std::vector<KeyValuesPair>& filters);

}  // namespace batchd::api::batch
