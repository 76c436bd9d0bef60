// What the event feed tells: the changes of one committed step, in the order in which they
// happened. Each event has a number; numbers grow by one and are never given twice.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/job.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace batchd::model {

/// A job's, child's or node's status changed. Its submission is none of these.
struct JobNews {
    JobId id;                ///< with `count` > 1 the first of as many children in a row
    std::int32_t count = 1;  ///< so many events
    std::string queue;       ///< name
    JobState state;          ///< when the job left that status, or at the end of the step
    /// Of an array: how many children have which status.
    std::optional<std::array<std::int64_t, kJobStatusCount>> children;
    friend bool operator==(const JobNews&, const JobNews&) = default;
};

/// The state or status of something else changed.
struct ResourceNews {
    enum class Kind : std::uint8_t { ComputeEnvironment, JobQueue, Host };
    Kind kind = Kind::ComputeEnvironment;
    std::string name;
    std::string state;   ///< ENABLED or DISABLED; empty for hosts
    std::string status;  ///< VALID, ..., DELETED; of hosts UP, UNAVAILABLE, REMOVED
    std::string status_reason;
    friend bool operator==(const ResourceNews&, const ResourceNews&) = default;
};

using News = std::variant<JobNews, ResourceNews>;

struct NewsBatch {
    std::int64_t first_seq = 0;  ///< the number of its first event, from 1 on
    Timestamp at;
    std::vector<News> entries;

    std::int64_t count() const {
        std::int64_t events = 0;
        for (const News& entry : entries) {
            const auto* job = std::get_if<JobNews>(&entry);
            events += job ? job->count : 1;
        }
        return events;
    }
    std::int64_t end_seq() const { return first_seq + count(); }  ///< one past its last event
};

}  // namespace batchd::model
