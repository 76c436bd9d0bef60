#include "batchd/store/reader.hpp"
#include "store/children.hpp"
#include "store/like.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {

Result<Page<ConsumerSummary, std::int64_t>> Reader::list_consumers(
    const std::string& consumable, const ConsumerFilter& filter, std::optional<std::int64_t> before,
    std::size_t limit) {
    std::optional<std::string> pattern;
    if (filter.name) {
        const bool is_prefix = filter.name->ends_with('*');
        pattern = like_pattern(filter.name->substr(0, filter.name->size() - (is_prefix ? 1 : 0)),
                               is_prefix);
    }
    std::vector<ConsumerSummary> jobs;
    auto on_row = [&](Row& row) -> Result<> {
        ConsumerSummary& job = jobs.emplace_back();
        row.read(job.seq, job.id, job.queue, job.name, job.definition_name, job.definition_revision,
                 job.created_at, job.share, job.quantity);
        BATCHD_TRY(read_shape(row, job.shape));
        read_state(row, job.state);
        return {};
    };
    static const std::string sql =
        "SELECT job.seq, job.id, job_queue.name, job.name, definition_name, definition_revision,"
        " job.created_at, share, quantity, milli_vcpu, memory_mib, gpus, fargate, consumables,"
        " nodes, " +
        state_columns("job") +
        " FROM job_consumable JOIN job ON job.seq = job_seq"
        " JOIN job_queue ON job_queue.id = job.queue_id"
        " WHERE job_consumable.name = ?1 AND job_seq < ?2"
        " AND (?3 IS NULL OR job.status = ?3) AND (?4 IS NULL OR job.name LIKE ?4 ESCAPE '\\')"
        " ORDER BY job_seq DESC LIMIT ?5";
    BATCHD_TRY(database_->each(sql, on_row, consumable,
                               before.value_or(std::numeric_limits<std::int64_t>::max()),
                               filter.status, pattern, one_more(limit)));
    BATCHD_TRY(read_pending_arrays(*database_, jobs));
    return make_page(std::move(jobs), limit, [](const ConsumerSummary& job) { return job.seq; });
}

}  // namespace batchd::store
