// Who holds what a waiting job lacks, and whose end would give enough of it.
#pragma once

#include "batchd/core/state.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace batchd::core {

/// "job X, RUNNING since 2026-11-21T03:52:57.123Z, its timeout ends at …" of the first three, and
/// how many more there are.
std::string names_of(const std::vector<const Job*>& jobs);
/// With commas.
std::string ids_of(const std::vector<const Job*>& jobs);

/// Those that will probably end first: by their timeout, then those that have run the longest.
void sort_by_end(std::vector<const Job*>& jobs);

/// As few of the jobs as give enough together, by `gives` of each; empty if all do not.
template <class Amount, class Gives, class IsEnough>
std::vector<const Job*> fewest(std::vector<const Job*> jobs, Amount sum, Gives gives,
                               IsEnough is_enough) {
    sort_by_end(jobs);
    const auto alone = std::ranges::find_if(jobs, [&](const Job* job) {
        Amount one = sum;
        one += gives(*job);
        return is_enough(one);
    });
    if (alone != jobs.end()) return {*alone};
    std::multimap<Amount, const Job*, std::greater<>> by_size;  // keeps the order among equals
    for (const Job* job : jobs) by_size.emplace(gives(*job), job);
    std::vector<const Job*> chosen;
    for (const auto& [amount, job] : by_size) {
        chosen.push_back(job);
        sum += amount;
        if (is_enough(sum)) return chosen;
    }
    return {};
}

/// Jobs with an attempt there.
std::vector<const Job*> attempts_on(const State& state, const Host& host);

/// Those of all hosts for which `is_wanted(const Job&)`.
template <class Predicate>
std::vector<const Job*> attempts_where(const State& state, Predicate is_wanted) {
    std::vector<const Job*> jobs;
    for (const Host& host : state.hosts) {
        for (const JobIndex index : host.attempts) {
            if (is_wanted(state.job(index))) jobs.push_back(&state.job(index));
        }
    }
    return jobs;
}

/// The jobs that hold units of a consumable resource; a multi-node job once.
std::vector<const Job*> holders_of(const State& state, const std::string& resource);

}  // namespace batchd::core
