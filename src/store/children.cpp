#include "store/children.hpp"

#include "store/rows.hpp"

namespace batchd::store {
namespace {

using model::JobStatus;

Result<std::optional<model::JobState>> read_child(Database& database, std::int64_t job_seq,
                                                  std::int32_t part) {
    std::optional<model::JobState> state;
    auto on_row = [&](Row& row) -> Result<> {
        read_state(row, state.emplace());
        return {};
    };
    static const std::string sql =
        "SELECT " + state_columns("child") + " FROM child WHERE job_seq = ? AND part = ?";
    BATCHD_TRY(database.each(sql, on_row, job_seq, part));
    return state;
}

/// Calls `on_child(index, status)` for each row.
template <class OnChild>
Result<> each_row(Database& database, std::int64_t job_seq, OnChild on_child) {
    auto on_row = [&](Row& row) -> Result<> {
        std::int32_t part = 0;
        JobStatus status{};
        row.read(part, status);
        on_child(static_cast<std::size_t>(part - 1), status);
        return {};
    };
    return database.each("SELECT part, status FROM child WHERE job_seq = ?", on_row, job_seq);
}

/// Whether the child waits for a sibling, or for its counterpart in another array.
Result<std::vector<bool>> held_back(Database& database, const StoredArray& array,
                                    const std::vector<JobStatus>& statuses) {
    std::vector<bool> held(statuses.size(), false);
    const bool is_sequence = array.sequence != model::Sequence::None;
    for (std::size_t i = 1; is_sequence && i < held.size(); ++i) {
        held[i] = held[i - 1] || !lets_pass(array.sequence, statuses[i - 1]);
    }
    for (const auto& [id, kind] : array.depends_on) {
        if (kind != model::Dependency::Kind::NToN) continue;
        const auto other = read_array(database, id);
        if (!other) return std::unexpected(other.error());
        if (!*other) continue;
        std::vector<bool> succeeded(held.size(), false);
        BATCHD_TRY(each_row(database, (*other)->seq, [&](std::size_t i, JobStatus status) {
            if (i < succeeded.size()) succeeded[i] = status == JobStatus::Succeeded;
        }));
        for (std::size_t i = 0; i < held.size(); ++i) held[i] = held[i] || !succeeded[i];
    }
    return held;
}

}  // namespace

Result<model::ArrayProgress> read_progress(Database& database, std::int64_t job_seq) {
    model::ArrayProgress progress;
    auto on_row = [&](Row& row) -> Result<> {
        std::optional<JobStatus> status;
        model::JobState unstarted;
        auto& counts = progress.counts;
        std::int64_t seq = 0;
        row.read(seq, progress.is_released);
        for (auto& count : counts) row.read(Within{count, 0, kMostUnits});
        row.read(progress.updated_at, status, unstarted.status_reason, unstarted.stopped_at,
                 unstarted.is_cancelled, unstarted.is_terminated);
        if (!status) return {};
        if (!model::is_terminal(*status)) {
            return fail(ErrorKind::Internal,
                        "unstarted_status is " + std::string(to_string(*status)));
        }
        unstarted.status = *status;
        progress.unstarted = std::move(unstarted);
        return {};
    };
    BATCHD_TRY(database.each(
        "SELECT job_seq, is_released, submitted, pending, runnable, starting, running, succeeded, "
        "failed,"
        " updated_at, unstarted_status, unstarted_reason, unstarted_at, unstarted_is_cancelled,"
        " unstarted_is_terminated FROM array WHERE job_seq = ?",
        on_row, job_seq));
    return progress;
}

Result<std::optional<StoredArray>> read_array(Database& database, const model::JobId& id) {
    std::optional<StoredArray> array;
    auto on_row = [&](Row& row) -> Result<> {
        array.emplace();
        row.read(array->seq, array->size, array->sequence, array->depends_on);
        return {};
    };
    BATCHD_TRY(
        database.each("SELECT seq, array_size, sequence, depends_on FROM job"
                      " WHERE id = ? AND array_size > 0",
                      on_row, id));
    if (!array) return array;
    auto progress = read_progress(database, array->seq);
    if (!progress) return std::unexpected(std::move(progress).error());
    array->progress = std::move(*progress);
    return array;
}

Result<std::vector<JobStatus>> child_statuses(Database& database, const StoredArray& array) {
    constexpr auto kUnknown = static_cast<JobStatus>(model::kJobStatusCount);
    std::vector<JobStatus> statuses(static_cast<std::size_t>(array.size), kUnknown);
    BATCHD_TRY(each_row(database, array.seq, [&](std::size_t i, JobStatus status) {
        if (i < statuses.size()) statuses[i] = status;
    }));
    const auto held = held_back(database, array, statuses);
    if (!held) return std::unexpected(held.error());
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (statuses[i] != kUnknown) continue;
        const bool waits = !array.progress.is_released || (*held)[i];
        statuses[i] = array.progress.unstarted ? array.progress.unstarted->status
                      : waits                  ? JobStatus::Pending
                                               : JobStatus::Runnable;
    }
    return statuses;
}

Result<std::optional<model::JobState>> child_state(Database& database, const StoredArray& array,
                                                   std::int32_t index,
                                                   std::optional<JobStatus> known) {
    if (index < 0 || index >= array.size) return std::nullopt;
    auto state = read_child(database, array.seq, index + 1);
    if (!state || *state) return state;
    if (array.progress.unstarted) return array.progress.unstarted;
    if (!known) {
        const auto statuses = child_statuses(database, array);
        if (!statuses) return std::unexpected(statuses.error());
        known = (*statuses)[static_cast<std::size_t>(index)];
    }
    model::JobState waiting;
    waiting.status = *known;
    return waiting;
}

}  // namespace batchd::store
