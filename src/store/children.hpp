// Children of arrays: those with a row, and what the array's row says of the others.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"
#include "store/database.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace batchd::store {

/// An array as far as its children's states depend on it.
struct StoredArray {
    std::int64_t seq = 0;
    std::int32_t size = 0;
    model::Sequence sequence = model::Sequence::None;
    std::vector<model::Dependency> depends_on;
    model::ArrayProgress progress;
};

/// nullopt if there is no job of that UUID, or it is no array.
Result<std::optional<StoredArray>> read_array(Database& database, const model::JobId& id);

/// Of the array's row, by the job's seq; zeros if there is none.
Result<model::ArrayProgress> read_progress(Database& database, std::int64_t job_seq);

/// How those of the jobs that are PENDING arrays stand.
template <class Job>
Result<> read_pending_arrays(Database& database, std::vector<Job>& jobs) {
    for (Job& job : jobs) {
        if (job.state.status != model::JobStatus::Pending) continue;
        auto progress = read_progress(database, job.seq);
        if (!progress) return std::unexpected(std::move(progress).error());
        job.array = std::move(*progress);
    }
    return {};
}

/// By index. Costs in the size of the array.
Result<std::vector<model::JobStatus>> child_statuses(Database& database, const StoredArray& array);

/// nullopt beyond the array's size. `known` is the status that child_statuses gave it; without it
/// that may have to be called.
Result<std::optional<model::JobState>> child_state(
    Database& database, const StoredArray& array, std::int32_t index,
    std::optional<model::JobStatus> known = std::nullopt);

}  // namespace batchd::store
