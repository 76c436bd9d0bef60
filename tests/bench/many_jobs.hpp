// Jobs in large numbers: how they are submitted, counted and asked for.
#pragma once

#include "batchd.hpp"
#include "latencies.hpp"

#include <functional>
#include <random>

namespace batchd::bench {

/// In one jobs:batch or array.
inline constexpr std::size_t kTogether = 10'000;

/// Jobs by jobs:batch of `together`, one request after the other; `on_answer` gets each answer's
/// body, if it is there.
Result<> submit_singles(const Batchd& batchd, std::size_t jobs, std::size_t together = kTogether,
                        const std::function<void(const std::string&)>& on_answer = {});

/// One after the other; `children` in all.
Result<> submit_arrays(const Batchd& batchd, std::size_t children);

/// SubmitJob of an array.
std::string array_request(std::size_t number, std::size_t size);

/// Puts the ids of all jobs in an answer to jobs:batch behind those that are there.
void add_job_ids(const std::string& answer, std::vector<std::string>& ids);

/// DescribeJobs of 100 of them, at random.
std::string describe_request(const std::vector<std::string>& ids, std::mt19937& random);

/// How many have SUCCEEDED, by the daemon's own count. An array itself is a job, too.
Result<std::size_t> succeeded_jobs(const Batchd& batchd);

/// Returns when so many have; those that were submitted last may take some minutes.
Result<> wait_until_succeeded(const Batchd& batchd, std::size_t jobs);

double seconds_since(SteadyClock::time_point begin);

}  // namespace batchd::bench
