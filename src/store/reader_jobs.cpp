#include "batchd/store/reader.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {
namespace {

Result<> read_attempts(Database& database, std::int64_t job_seq, const model::JobId& job,
                       std::vector<model::Attempt>& attempts) {
    auto on_row = [&](Row& row) -> Result<> {
        model::Attempt& attempt = attempts.emplace_back();
        attempt.id.job = job;
        read_attempt(row, attempt);
        return {};
    };
    return database.each(
        "SELECT number, compute_environment, host, container_id, log_group, log_stream,"
        " started_at, stopped_at, exit_code, reason, status_reason"
        " FROM attempt WHERE job_seq = ? ORDER BY number",
        on_row, job_seq);
}

Result<> read_job(Database& database, const model::JobId& id, std::vector<JobDetail>& jobs) {
    const std::size_t before = jobs.size();
    auto on_row = [&](Row& row) -> Result<> {
        JobDetail& job = jobs.emplace_back();
        job.id = id;
        row.read(job.seq, job.queue, job.name, job.created_at, job.spec, job.tags);
        read_shape(row, job.resources, job.fargate);
        read_state(row, job.state);
        return {};
    };
    BATCHD_TRY(
        database.each("SELECT job.seq, job_queue.name, job.name, job.created_at, spec, job.tags,"
                      " milli_vcpu, memory_mib, gpus, fargate, job.status, job.status_reason, "
                      "attempt, started_at, stopped_at, is_cancelled,"
                      " is_terminated"
                      " FROM job JOIN job_queue ON job_queue.id = job.queue_id"
                      " JOIN job_spec ON job_spec.job_seq = job.seq WHERE job.id = ?",
                      on_row, id));
    if (jobs.size() == before || jobs.back().state.attempt == 0) return {};
    return read_attempts(database, jobs.back().seq, id, jobs.back().attempts);
}

}  // namespace

Result<std::vector<JobDetail>> Reader::jobs(std::span<const model::JobId> ids) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    std::vector<JobDetail> jobs;
    jobs.reserve(ids.size());
    for (const model::JobId& id : ids) BATCHD_TRY(read_job(*database_, id, jobs));
    return jobs;
}

Result<Page<JobSummary, std::int64_t>> Reader::list_jobs(std::int64_t queue_id,
                                                         model::JobStatus status,
                                                         std::optional<std::int64_t> before,
                                                         std::size_t limit) {
    std::vector<JobSummary> jobs;
    auto on_row = [&](Row& row) -> Result<> {
        JobSummary& job = jobs.emplace_back();
        row.read(job.seq, job.id, job.name, job.definition_name, job.definition_revision,
                 job.created_at, job.exit_code, job.reason);
        read_shape(row, job.resources, job.fargate);
        read_state(row, job.state);
        return {};
    };
    BATCHD_TRY(database_->each(
        "SELECT job.seq, job.id, job.name, definition_name, definition_revision, job.created_at,"
        " attempt.exit_code, attempt.reason, milli_vcpu, memory_mib, gpus, fargate, job.status, "
        "job.status_reason,"
        " job.attempt, job.started_at, job.stopped_at, job.is_cancelled, job.is_terminated"
        " FROM job LEFT JOIN attempt ON attempt.job_seq = job.seq AND attempt.number = job.attempt"
        " WHERE job.queue_id = ? AND job.status = ? AND job.seq < ?"
        " ORDER BY job.seq DESC LIMIT ?",
        on_row, queue_id, status, before.value_or(std::numeric_limits<std::int64_t>::max()),
        one_more(limit)));
    return make_page(std::move(jobs), limit, [](const JobSummary& job) { return job.seq; });
}

Result<std::optional<model::JobStatus>> Reader::job_status(const model::JobId& id) {
    return query_value<model::JobStatus>(*database_, "SELECT status FROM job WHERE id = ?", id);
}

Result<std::vector<model::Attempt>> Reader::attempts(const model::JobId& id) {
    const auto seq = query_value<std::int64_t>(*database_, "SELECT seq FROM job WHERE id = ?", id);
    if (!seq) return std::unexpected(seq.error());
    std::vector<model::Attempt> attempts;
    if (*seq) BATCHD_TRY(read_attempts(*database_, **seq, id, attempts));
    return attempts;
}

}  // namespace batchd::store
