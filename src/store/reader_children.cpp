#include "batchd/store/reader.hpp"
#include "store/children.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {
namespace {

/// What all children of an array share.
Result<JobSummary> read_array_summary(Database& database, std::int64_t seq) {
    JobSummary summary;
    auto on_row = [&](Row& row) -> Result<> {
        row.read(summary.seq, summary.id, summary.name, summary.definition_name,
                 summary.definition_revision, summary.created_at);
        row.read(summary.share);
        return read_shape(row, summary.shape);
    };
    BATCHD_TRY(database.each(
        "SELECT seq, id, name, definition_name, definition_revision, created_at, share,"
        " milli_vcpu, memory_mib, gpus, fargate, consumables, nodes FROM job WHERE seq = ?",
        on_row, seq));
    return summary;
}

Result<> read_exit(Database& database, JobSummary& child) {
    auto on_row = [&](Row& row) -> Result<> {
        row.read(child.exit_code, child.reason);
        return {};
    };
    return database.each(
        "SELECT exit_code, reason FROM attempt WHERE job_seq = ? AND part = ? AND number = ?",
        on_row, child.seq, child.id.part, child.state.attempt);
}

/// The indexes that stand on the page, and one more if there is.
std::vector<std::int32_t> chosen(const std::vector<model::JobStatus>& statuses,
                                 model::JobStatus status, std::int32_t first, std::size_t most) {
    std::vector<std::int32_t> indexes;
    for (auto i = static_cast<std::size_t>(first); i < statuses.size(); ++i) {
        if (statuses[i] != status) continue;
        indexes.push_back(static_cast<std::int32_t>(i));
        if (indexes.size() == most) break;
    }
    return indexes;
}

}  // namespace

Result<Page<JobSummary, std::int32_t>> Reader::list_children(const model::JobId& id,
                                                             model::JobStatus status,
                                                             std::optional<std::int32_t> after,
                                                             std::size_t limit) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    const auto array = read_array(*database_, id);
    if (!array) return std::unexpected(array.error());
    if (!*array) return Page<JobSummary, std::int32_t>{};
    const auto statuses = child_statuses(*database_, **array);
    if (!statuses) return std::unexpected(statuses.error());
    const auto summary = read_array_summary(*database_, (*array)->seq);
    if (!summary) return std::unexpected(summary.error());

    std::vector<JobSummary> children;
    const auto most = static_cast<std::size_t>(one_more(limit));
    for (const auto index : chosen(*statuses, status, after.value_or(-1) + 1, most)) {
        JobSummary child = *summary;
        child.id = id.child(index);
        auto state = child_state(*database_, **array, index, status);
        if (!state) return std::unexpected(std::move(state).error());
        child.state = std::move(**state);
        if (child.state.attempt > 0) BATCHD_TRY(read_exit(*database_, child));
        children.push_back(std::move(child));
    }
    return make_page(std::move(children), limit,
                     [](const JobSummary& child) { return child.id.index(); });
}

}  // namespace batchd::store
