// How long ended jobs and job definitions are kept.
#pragma once

#include "batchd/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace batchd::store {

/// Above them stand a queue's tags batchd:retain-succeeded and batchd:retain-failed.
struct Retention {
    /// From a job's end; 0: for ever. In a queue's, what is not set is as for all queues.
    struct Ages {
        std::optional<Seconds> succeeded;
        std::optional<Seconds> failed;
    };
    Ages ages;
    std::map<std::string, Ages> queues;  ///< by name
    /// Of the database: above it the oldest ended jobs go, whatever their age. 0: no limit.
    std::int64_t max_bytes = 0;
    /// INACTIVE revisions that no live job was submitted with, from their deregistration; 0: for
    /// ever.
    Seconds inactive_definitions{0};
};

}  // namespace batchd::store
