#include "batchd/store/reader.hpp"
#include "store/like.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

#include <limits>

namespace batchd::store {
namespace {

const std::string kSelect = std::string("SELECT ") + std::string(kServiceJobColumns) +
                            ", job_queue.name, service_job.tags FROM service_job"
                            " JOIN job_queue ON job_queue.id = service_job.queue_id";

Result<> read_detail(Row& row, ServiceJobDetail& job) {
    BATCHD_TRY(read_service_job(row, job.row));
    row.read(job.queue, job.tags);
    return {};
}

}  // namespace

Result<std::optional<ServiceJobDetail>> Reader::service_job(const model::JobId& id) {
    std::optional<ServiceJobDetail> job;
    auto on_row = [&](Row& row) { return read_detail(row, job.emplace()); };
    BATCHD_TRY(database_->each(kSelect + " WHERE service_job.id = ?", on_row, id));
    return job;
}

Result<Page<ServiceJobDetail, std::int64_t>> Reader::service_jobs(
    std::int64_t queue_id, const ServiceJobFilter& filter, std::optional<std::int64_t> before,
    std::size_t limit) {
    static const std::string sql =
        kSelect +
        " WHERE service_job.seq < ?1 AND service_job.queue_id = ?2"
        " AND (?3 IS NULL OR (service_job.stopped_at IS NOT NULL) = ?3)"
        " AND (?4 IS NULL OR service_job.name LIKE ?4 ESCAPE '\\')"
        " AND (?5 IS NULL OR service_job.created_at < ?5)"
        " AND (?6 IS NULL OR service_job.created_at > ?6)"
        " AND (?7 IS NULL OR json_extract(service_job.document, '$.shareIdentifier') = ?7)"
        " AND (?8 IS NULL OR json_extract(service_job.document, '$.quotaShareName') = ?8)"
        " ORDER BY service_job.seq DESC LIMIT ?9";
    std::optional<std::string> pattern;
    if (filter.name) pattern = like_pattern(filter.name->text, filter.name->is_prefix);
    std::vector<ServiceJobDetail> jobs;
    auto on_row = [&](Row& row) { return read_detail(row, jobs.emplace_back()); };
    BATCHD_TRY(database_->each(
        sql, on_row, before.value_or(std::numeric_limits<std::int64_t>::max()), queue_id,
        filter.has_ended, pattern, filter.created_before, filter.created_after,
        filter.share_identifier, filter.quota_share_name, one_more(limit)));
    return make_page(std::move(jobs), limit,
                     [](const ServiceJobDetail& job) { return job.row.seq; });
}

}  // namespace batchd::store
