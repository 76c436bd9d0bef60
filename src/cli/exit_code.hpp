// The exit codes of the client, for scripts. docs/batchd.1 tells them to users.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace batchd::cli {

enum ExitCode : int {
    kSucceeded = 0,
    kWrongUse = 2,
    kUnauthorized = 64,
    kNotFound = 65,
    kConflict = 66,
    kUnreachable = 69,
    kSomeFailed = 100,
    kNotStarted = 101,  ///< it failed before its container started
    kEnded = 102,       ///< cancelled or terminated
    kTimedOut = 103,
    kWaitedTooLong = 124,  ///< the job goes on
    kSignalBase = 128,     ///< plus the number of the signal that ended us
};

/// Of a job that has ended, as GET /api/v1/jobs/{id} shows it: the code of its container, if that
/// has one.
int exit_code_of(const nlohmann::json& job);

/// Of several: kSucceeded or kSomeFailed; of one its own.
int exit_code_of(const std::vector<nlohmann::json>& jobs);

/// For an HTTP status that is an error.
int exit_code_of_status(int status);

}  // namespace batchd::cli
