// What a job may ask for beyond AWS Batch: members of SubmitJob and RegisterJobDefinition that
// stock clients do not know, or tags `batchd:<kebab-case>` of either, which they do.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace batchd::model {

/// What is absent is not limited, or as the daemon's configuration says.
struct JobOptions {
    std::optional<std::int32_t> max_parallel;            ///< children of an array at once
    std::optional<std::int32_t> infrastructure_retries;  ///< see is_infrastructure_failure
    /// After an out-of-memory kill the next attempt gets the memory times this, ...
    std::optional<double> out_of_memory_factor;
    std::optional<std::int64_t> out_of_memory_limit;  ///< ... up to this; MiB
    /// For so long a job may be RUNNABLE (again), an attempt STARTING.
    std::optional<std::int32_t> max_queue_seconds;
    std::optional<std::int32_t> max_starting_seconds;
    std::optional<std::int64_t> deadline;      ///< milliseconds since 1970: the job ends by then
    std::optional<std::int32_t> stop_timeout;  ///< seconds between SIGTERM and SIGKILL
    std::optional<std::int32_t> max_running;   ///< jobs of the same definition's name at once
    /// Children of an array run in containers that others of it ran in before.
    std::optional<bool> warm_slots;

    friend bool operator==(const JobOptions&, const JobOptions&) = default;
};
BOOST_DESCRIBE_STRUCT(JobOptions, (),
                      (max_parallel, infrastructure_retries, out_of_memory_factor,
                       out_of_memory_limit, max_queue_seconds, max_starting_seconds, deadline,
                       stop_timeout, max_running, warm_slots))

inline constexpr std::string_view kOptionTag = "batchd:";

/// InvalidArgument names the member and its rule. Whether they fit the job is resolve()'s to check.
Result<> validate(const JobOptions& options);

/// From tags such as batchd:max-parallel; other tags are not looked at. InvalidArgument for a tag
/// that begins with "batchd:" and names no option, or whose value is none.
Result<JobOptions> options_of_tags(const StringMap& tags);

/// Fills what is absent in `options` from `base`.
void complete(JobOptions& options, const JobOptions& base);

}  // namespace batchd::model
