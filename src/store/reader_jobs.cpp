#include "batchd/store/reader.hpp"
#include "store/children.hpp"
#include "store/like.hpp"
#include "store/nodes.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {
namespace {

Result<> read_attempts(Database& database, std::int64_t job_seq, const model::JobId& job,
                       std::vector<model::Attempt>& attempts) {
    static const std::string sql = "SELECT " + std::string(kAttemptColumns) +
                                   " FROM attempt WHERE job_seq = ? AND part = ? ORDER BY number";
    auto on_row = [&](Row& row) -> Result<> {
        model::Attempt& attempt = attempts.emplace_back();
        attempt.id.job = job;
        return read_attempt(row, attempt);
    };
    return database.each(sql, on_row, job_seq, job.part);
}

/// Of a child that nothing else keeps from being placed.
void note_max_parallel(const StoredArray& array, JobDetail& job) {
    if (job.state.status != model::JobStatus::Runnable || !job.options ||
        !job.options->max_parallel) {
        return;
    }
    const auto& counts = array.progress.counts;
    const auto running = counts[static_cast<std::size_t>(model::JobStatus::Starting)] +
                         counts[static_cast<std::size_t>(model::JobStatus::Running)];
    if (running < *job.options->max_parallel) return;
    job.state.status_reason = "LIMIT:MAX_PARALLEL - the array runs " + std::to_string(running) +
                              " children, as many as its maxParallel allows.";
}

/// Turns the array that was read into one of its children. False if it has no such child.
Result<bool> become_child(Database& database, JobDetail& job) {
    const auto array = read_array(database, job.id);
    if (!array) return std::unexpected(array.error());
    if (!*array) return false;
    auto state = child_state(database, **array, job.id.index());
    if (!state) return std::unexpected(std::move(state).error());
    if (!*state) return false;
    auto hold = std::exchange(job.state.hold, std::nullopt);
    job.state = std::move(**state);
    if (hold) job.state.hold = std::move(hold);
    note_max_parallel(**array, job);
    return true;
}

/// Turns the multi-node job that was read into one of its nodes. False if it has no such node.
Result<bool> become_node(Database& database, JobDetail& job) {
    if (job.id.index() >= count_nodes(job.shape)) return false;
    auto state = node_state(database, job.seq, job.id.part, job.state);
    if (!state) return std::unexpected(std::move(state).error());
    job.state = std::move(*state);
    auto spec = from_json<model::JobSpec>(job.spec);
    if (!spec) return std::unexpected(std::move(spec).error());
    job.spec = to_json(model::spec_of_node(std::move(*spec), job.id.index()));
    return true;
}

/// Of a multi-node job those of its main node.
Result<> complete_attempts(Database& database, JobDetail& job) {
    if (job.state.attempt == 0) return {};
    const bool is_whole = !job.id.is_node() && !job.id.is_child();
    const bool is_gang = is_whole && !job.shape.nodes.empty();
    const model::JobId main = is_gang ? job.id.node(job.main_node) : job.id;
    return read_attempts(database, job.seq, main, job.attempts);
}

/// What a job is beside its row: an array, a child of one, a node, and its attempts. False if there
/// is no such child or node.
Result<bool> complete(Database& database, JobDetail& job) {
    if (job.id.is_node()) {
        const auto is_there = become_node(database, job);
        if (!is_there || !*is_there) return is_there;
    } else if (job.id.is_child()) {
        const auto is_there = become_child(database, job);
        if (!is_there || !*is_there) return is_there;
    } else if (job.array_size > 0) {
        auto progress = read_progress(database, job.seq);
        if (!progress) return std::unexpected(std::move(progress).error());
        job.array = std::move(*progress);
    }
    BATCHD_TRY(complete_attempts(database, job));
    return true;
}

/// The row of the whole job, under the id that was asked for.
Result<std::optional<JobDetail>> read_row(Database& database, const model::JobId& id) {
    std::optional<JobDetail> found;
    auto on_row = [&](Row& row) -> Result<> {
        JobDetail& job = found.emplace();
        job.id = id;
        std::optional<std::string> options;
        row.read(job.seq, job.queue, job.name, job.created_at, job.spec, job.tags, job.array_size,
                 job.main_node, options);
        if (options) BATCHD_TRY(read_document(*options, job.options.emplace()));
        BATCHD_TRY(read_shape(row, job.shape));
        read_state(row, job.state);
        return {};
    };
    static const std::string sql =
        "SELECT job.seq, job_queue.name, job.name, job.created_at, spec, job.tags, array_size,"
        " main_node, options, milli_vcpu, memory_mib, gpus, fargate, consumables, nodes, " +
        state_columns("job") +
        " FROM job JOIN job_queue ON job_queue.id = job.queue_id"
        " JOIN job_spec ON job_spec.job_seq = job.seq WHERE job.id = ?";
    BATCHD_TRY(database.each(sql, on_row, id));
    return found;
}

Result<> read_job(Database& database, const model::JobId& id, std::vector<JobDetail>& jobs) {
    auto job = read_row(database, id);
    if (!job) return std::unexpected(std::move(job).error());
    if (!*job) return {};
    const auto is_there = complete(database, **job);
    if (!is_there) return std::unexpected(is_there.error());
    if (*is_there) jobs.push_back(*std::move(*job));
    return {};
}

/// Attempts as they stood with the job's state: later ones were not there, the newest may have gone
/// on since.
void rewind_attempts(JobDetail& job) {
    const auto& state = job.state;
    std::erase_if(job.attempts, [&](const auto& each) { return each.id.number > state.attempt; });
    if (job.attempts.empty() || !model::is_placed(state.status)) return;
    model::Attempt& newest = job.attempts.back();
    newest.stopped_at.reset();
    newest.exit_code.reset();
    newest.reason.clear();
    newest.status_reason.clear();
    for (auto& container : newest.containers) {
        container.exit_code.reset();
        container.reason.clear();
    }
    if (state.status == model::JobStatus::Running) return;
    newest.started_at.reset();
    newest.container_id.clear();
    newest.address.clear();
    newest.log_stream.clear();
    newest.containers.clear();
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

Result<std::optional<JobDetail>> Reader::job_as(const model::JobId& id,
                                                const model::JobState& state) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    auto job = read_row(*database_, id);
    if (!job || !*job) return job;
    JobDetail& detail = **job;
    if (id.is_node()) {
        const auto is_there = become_node(*database_, detail);
        if (!is_there) return std::unexpected(is_there.error());
        if (!*is_there) return std::nullopt;
    }
    detail.state = state;
    BATCHD_TRY(complete_attempts(*database_, detail));
    rewind_attempts(detail);
    return job;
}

namespace {

const std::string kSelectSummary =
    "SELECT job.seq, job.id, job.name, definition_name, definition_revision, job.created_at,"
    " array_size, attempt.exit_code, attempt.reason, share, milli_vcpu, memory_mib, gpus,"
    " fargate, consumables, nodes, " +
    state_columns("job") +
    " FROM job LEFT JOIN attempt ON attempt.job_seq = job.seq AND attempt.number = job.attempt"
    " AND attempt.part = CASE WHEN nodes IS NULL THEN 0 ELSE -1 - main_node END";

Result<> read_summary(Row& row, JobSummary& job) {
    row.read(job.seq, job.id, job.name, job.definition_name, job.definition_revision,
             job.created_at, job.array_size, job.exit_code, job.reason, job.share);
    BATCHD_TRY(read_shape(row, job.shape));
    read_state(row, job.state);
    return {};
}

Result<Page<JobSummary, std::int64_t>> summary_page(Database& database,
                                                    std::vector<JobSummary> jobs,
                                                    std::size_t limit) {
    for (JobSummary& job : jobs) {
        if (job.array_size == 0) continue;
        auto progress = read_progress(database, job.seq);
        if (!progress) return std::unexpected(std::move(progress).error());
        job.array = std::move(*progress);
    }
    return make_page(std::move(jobs), limit, [](const JobSummary& job) { return job.seq; });
}

/// For LIKE, which disregards the case of ASCII letters; `\` escapes.
std::optional<std::string> pattern_of(const std::optional<JobFilter::Name>& name) {
    if (!name) return std::nullopt;
    return like_pattern(name->text, name->is_prefix);
}

std::optional<std::string> text_of(const std::optional<JobFilter::Name>& name) {
    return name ? std::optional(name->text) : std::nullopt;
}

}  // namespace

Result<Page<JobSummary, std::int64_t>> Reader::list_jobs(std::int64_t queue_id,
                                                         model::JobStatus status,
                                                         std::optional<std::int64_t> before,
                                                         std::size_t limit) {
    static const std::string sql = kSelectSummary +
                                   " WHERE job.queue_id = ? AND job.status = ? AND job.seq < ?"
                                   " ORDER BY job.seq DESC LIMIT ?";
    std::vector<JobSummary> jobs;
    auto on_row = [&](Row& row) { return read_summary(row, jobs.emplace_back()); };
    BATCHD_TRY(database_->each(sql, on_row, queue_id, status,
                               before.value_or(std::numeric_limits<std::int64_t>::max()),
                               one_more(limit)));
    return summary_page(*database_, std::move(jobs), limit);
}

Result<Page<JobSummary, std::int64_t>> Reader::filter_jobs(std::int64_t queue_id,
                                                           const JobFilter& filter,
                                                           std::optional<std::int64_t> before,
                                                           std::size_t limit) {
    // Jobs are walked from the newest on, until the page is full.
    static const std::string sql =
        kSelectSummary +
        " WHERE job.seq < ?1 AND +job.queue_id = ?2"
        " AND (?3 IS NULL OR job.name LIKE ?3 ESCAPE '\\')"
        " AND (?4 IS NULL OR definition_name = ?4"
        "  OR (?9 AND substr(definition_name, 1, length(?4)) = ?4))"
        " AND (?5 IS NULL OR definition_revision = ?5)"
        " AND (?6 IS NULL OR job.created_at < ?6) AND (?7 IS NULL OR job.created_at > ?7)"
        " AND (?10 IS NULL OR share = ?10) AND (?11 IS NULL OR job.status = ?11)"
        " ORDER BY job.seq DESC LIMIT ?8";
    std::vector<JobSummary> jobs;
    auto on_row = [&](Row& row) { return read_summary(row, jobs.emplace_back()); };
    BATCHD_TRY(database_->each(
        sql, on_row, before.value_or(std::numeric_limits<std::int64_t>::max()), queue_id,
        pattern_of(filter.name), text_of(filter.definition_name), filter.definition_revision,
        filter.created_before, filter.created_after, one_more(limit),
        filter.definition_name && filter.definition_name->is_prefix, filter.share, filter.status));
    return summary_page(*database_, std::move(jobs), limit);
}

Result<std::optional<model::JobStatus>> Reader::job_status(const model::JobId& id) {
    const auto found = jobs(std::span(&id, 1));
    if (!found) return std::unexpected(found.error());
    return found->empty() ? std::nullopt : std::optional(found->front().state.status);
}

Result<std::vector<model::Attempt>> Reader::attempts(const model::JobId& id) {
    const auto seq = query_value<std::int64_t>(*database_, "SELECT seq FROM job WHERE id = ?", id);
    if (!seq) return std::unexpected(seq.error());
    std::vector<model::Attempt> attempts;
    if (*seq) BATCHD_TRY(read_attempts(*database_, **seq, id, attempts));
    return attempts;
}

Result<std::optional<model::JobId>> Reader::submission(const std::string& key) {
    return query_value<model::JobId>(*database_, "SELECT id FROM job WHERE idempotency_key = ?",
                                     key);
}

}  // namespace batchd::store
