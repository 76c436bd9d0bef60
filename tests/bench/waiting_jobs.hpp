// What single jobs cost while they wait, whatever their number.
#pragma once

#include "load.hpp"
#include "many_jobs.hpp"

#include <optional>

namespace batchd::bench {

struct WaitingJobs {
    double submit_seconds = 0;
    double empty_mib = 0;  ///< memory of the daemon before
    double submitted_mib = 0;
    double settled_mib = 0;           ///< half a minute later
    double first_answer_seconds = 0;  ///< from the start after a SIGKILL on
    double scheduling_seconds = 0;
    double restarted_mib = 0;
};

/// Submits so many, by jobs:batch of `together`, to a daemon without an Engine, kills it and starts
/// it again. `batchd` is the one that has them then.
Result<WaitingJobs> make_waiting_jobs(const Setup& setup, std::size_t jobs, std::size_t together,
                                      std::optional<Batchd>& batchd);

struct Submits {
    LoadResult result{};
    double cpu_us = 0;  ///< of the daemon, for one
};

/// Durable SubmitJob on 64 connections; the first is called job number `first`.
Result<Submits> submit_beside(const Batchd& batchd, std::size_t first);

}  // namespace batchd::bench
