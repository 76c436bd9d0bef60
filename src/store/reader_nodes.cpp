#include "batchd/store/reader.hpp"
#include "store/nodes.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {

Result<model::JobState> node_state(Database& database, std::int64_t job_seq, std::int32_t part,
                                   const model::JobState& whole) {
    if (!model::is_placed(whole.status) && !model::is_terminal(whole.status)) return whole;
    model::JobState node = whole;
    auto on_row = [&](Row& row) -> Result<> {
        read_state(row, node);
        return {};
    };
    static const std::string sql =
        "SELECT " + state_columns("child") + " FROM child WHERE job_seq = ? AND part = ?";
    BATCHD_TRY(database.each(sql, on_row, job_seq, part));
    return node;
}

Result<Page<JobSummary, std::int32_t>> Reader::list_nodes(const model::JobId& id,
                                                          model::JobStatus status,
                                                          std::optional<std::int32_t> after,
                                                          std::size_t limit) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    JobSummary whole;
    auto on_row = [&](Row& row) -> Result<> {
        row.read(whole.seq, whole.id, whole.name, whole.definition_name, whole.definition_revision,
                 whole.created_at, whole.share, whole.main_node);
        BATCHD_TRY(read_shape(row, whole.shape));
        read_state(row, whole.state);
        return {};
    };
    static const std::string sql =
        "SELECT seq, id, name, definition_name, definition_revision, created_at, share, main_node,"
        " milli_vcpu, memory_mib, gpus, fargate, consumables, nodes, " +
        state_columns("job") + " FROM job WHERE id = ?";
    BATCHD_TRY(database_->each(sql, on_row, id));
    std::vector<JobSummary> nodes;
    const auto most = static_cast<std::size_t>(one_more(limit));
    const std::int32_t count = count_nodes(whole.shape);
    for (std::int32_t i = after.value_or(-1) + 1; i < count && nodes.size() < most; ++i) {
        auto state = node_state(*database_, whole.seq, id.node(i).part, whole.state);
        if (!state) return std::unexpected(std::move(state).error());
        if (state->status != status) continue;
        JobSummary& node = nodes.emplace_back(whole);
        node.id = id.node(i);
        node.state = std::move(*state);
        auto on_exit = [&](Row& row) -> Result<> {
            row.read(node.exit_code, node.reason);
            return {};
        };
        BATCHD_TRY(database_->each(
            "SELECT exit_code, reason FROM attempt WHERE job_seq = ? AND part = ? AND number = ?",
            on_exit, node.seq, node.id.part, node.state.attempt));
    }
    return make_page(std::move(nodes), limit,
                     [](const JobSummary& node) { return node.id.index(); });
}

}  // namespace batchd::store
