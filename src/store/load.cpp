#include "store/load.hpp"

#include "store/children.hpp"
#include "store/codec.hpp"
#include "store/rows.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace batchd::store {
namespace {

Result<> load_environments(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& environment = snapshot.environments.emplace_back();
        std::string document;
        row.read(environment.id, environment.uuid, environment.status, environment.status_reason,
                 environment.created_at, environment.generation, environment.raised_vcpus,
                 document);
        return read_document(document, environment.document);
    };
    return database.each(
        "SELECT id, uuid, status, status_reason, created_at, generation, raised_vcpus, document"
        " FROM compute_environment"
        " WHERE status <> 'DELETED' ORDER BY id",
        on_row);
}

Result<> load_hosts(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& host = snapshot.hosts.emplace_back();
        std::string name;
        std::string document;
        row.read(name, host.environment_id, host.origin, host.drain_deadline, host.is_deleting,
                 host.created_at, document);
        BATCHD_TRY(read_document(document, host.document));
        if (host.document.name == name) return {};
        return fail(ErrorKind::Internal, "the stored document of host '" + name + "' is that of '" +
                                             host.document.name + "'");
    };
    return database.each(
        "SELECT name, environment_id, origin, drain_deadline, is_deleting, created_at, document"
        " FROM host ORDER BY name",
        on_row);
}

Result<> load_instances(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& instance = snapshot.instances.emplace_back();
        row.read(instance.id, instance.environment_id, instance.type, instance.zone,
                 instance.is_spot, instance.price, instance.status, instance.launched_at,
                 instance.generation, instance.has_run_job, instance.idle_since);
        return {};
    };
    return database.each(
        "SELECT id, environment_id, type, zone, is_spot, price, status, launched_at,"
        " generation, has_run_job, idle_since FROM instance WHERE ended_at IS NULL",
        on_row);
}

Result<> load_launches(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& launch = snapshot.open_launches.emplace_back();
        std::string document;
        row.read(launch.id, launch.environment_id, launch.at, launch.is_open, document);
        return read_document(document, launch.document);
    };
    return database.each(
        "SELECT id, environment_id, at, is_open, document FROM scaling_decision WHERE is_open",
        on_row);
}

Result<> load_queues(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& queue = snapshot.queues.emplace_back();
        std::string document;
        std::optional<std::string> pause;
        row.read(queue.id, queue.status, queue.status_reason, queue.created_at, document, pause);
        if (pause) BATCHD_TRY(read_document(*pause, queue.pause.emplace()));
        return read_document(document, queue.document);
    };
    return database.each(
        "SELECT id, status, status_reason, created_at, document, pause FROM job_queue"
        " WHERE status <> 'DELETED' ORDER BY id",
        on_row);
}

Result<> load_definitions(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& definition = snapshot.definitions.emplace_back();
        std::string document;
        row.read(definition.name, definition.revision, definition.created_at, document);
        auto decoded = std::make_shared<model::JobDefinition>();
        BATCHD_TRY(read_document(document, *decoded));
        definition.document = std::move(decoded);
        return {};
    };
    BATCHD_TRY(
        database.each("SELECT name, revision, created_at, document FROM job_definition"
                      " WHERE deregistered_at IS NULL ORDER BY name, revision",
                      on_row));
    auto on_name = [&](Row& row) -> Result<> {
        auto& [name, revision] = snapshot.last_revisions.emplace_back();
        row.read(name, revision);
        return {};
    };
    return database.each(
        "SELECT name, MAX(revision) FROM (SELECT name, revision FROM job_definition"
        " UNION ALL SELECT name, last_revision FROM removed_definition) GROUP BY name",
        on_name);
}

Result<> load_resources(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) { return read_resource(row, snapshot.resources.emplace_back()); };
    return database.each("SELECT kind, name, created_at, document FROM resource", on_row);
}

Result<> load_service_jobs(Database& database, ports::Snapshot& snapshot) {
    static const std::string sql = "SELECT " + std::string(kServiceJobColumns) +
                                   " FROM service_job WHERE stopped_at IS NULL ORDER BY seq";
    auto on_row = [&](Row& row) {
        return read_service_job(row, snapshot.service_jobs.emplace_back());
    };
    BATCHD_TRY(database.each(sql, on_row));
    const auto newest =
        query_value<std::optional<std::int64_t>>(database, "SELECT MAX(seq) FROM service_job");
    if (!newest) return std::unexpected(newest.error());
    snapshot.next_service_seq = newest->value_or(std::nullopt).value_or(0) + 1;
    return {};
}

/// A job is an array, or has nodes, or neither.
Result<> expect_one_kind(const model::JobTraits& traits) {
    const std::int32_t nodes = count_nodes(traits.shape);
    if (nodes > 0 && traits.array_size > 0) {
        return fail(ErrorKind::Internal,
                    "array_size is " + std::to_string(traits.array_size) + " of a multi-node job");
    }
    const bool is_paired = std::ranges::any_of(traits.depends_on, [](const auto& dependency) {
        return dependency.kind == model::Dependency::Kind::NToN;
    });
    if (is_paired && traits.array_size == 0) {
        return fail(ErrorKind::Internal, "depends_on has N_TO_N, but the job is no array");
    }
    if (traits.main_node < std::max(nodes, 1)) return {};
    return fail(ErrorKind::Internal, "main_node is " + std::to_string(traits.main_node) + " of " +
                                         std::to_string(nodes) + " nodes");
}

Result<> read_job(Row& row, ports::JobRow& job) {
    auto& traits = job.traits;
    std::optional<std::string> retry_rules;
    std::optional<std::string> options;
    row.read(job.seq, job.id, job.queue_id, job.name, job.definition_name, job.definition_revision,
             job.created_at, traits.share, traits.scheduling_priority, traits.attempts,
             traits.timeout, retry_rules, traits.depends_on, Within{traits.array_size, 0},
             traits.sequence, Within{traits.main_node, 0}, traits.flaw, options);
    if (options) BATCHD_TRY(read_document(*options, traits.options.emplace()));
    BATCHD_TRY(read_shape(row, traits.shape));
    BATCHD_TRY(expect_one_kind(traits));
    read_state(row, job.state);
    return retry_rules ? read_document(*retry_rules, traits.retry_rules) : Result<>{};
}

const std::string& select_jobs() {
    static const std::string sql =
        "SELECT seq, id, queue_id, name, definition_name, definition_revision, created_at,"
        " share, scheduling_priority, attempts, timeout_seconds,"
        " retry_rules, depends_on, array_size, sequence, main_node, flaw, options,"
        " milli_vcpu, memory_mib, gpus, fargate, consumables, nodes, " +
        state_columns("job") + " FROM job ";
    return sql;
}

// Unfinished jobs through the index by queue and status: the finished ones, which may be millions,
// cost nothing.

Result<> load_jobs(Database& database, ports::Snapshot& snapshot) {
    static const std::string sql =
        select_jobs() +
        "WHERE seq IN (SELECT seq FROM job WHERE queue_id IN (SELECT id FROM job_queue)"
        " AND status IN (0, 1, 3, 4)) ORDER BY seq";
    return database.each(sql,
                         [&](Row& row) { return read_job(row, snapshot.jobs.emplace_back()); });
}

/// A child has a row once it was placed, or ended apart from the others.
Result<> expect_child(const model::ChildPut& child) {
    if (child.part < 1) {
        return fail(ErrorKind::Internal, "part is " + std::to_string(child.part) + " in an array");
    }
    const auto& [status, attempt] = std::pair(child.state.status, child.state.attempt);
    if (model::is_terminal(status) || (status >= model::JobStatus::Runnable && attempt > 0)) {
        return {};
    }
    return fail(ErrorKind::Internal, "the child is " + std::string(to_string(status)) + " after " +
                                         std::to_string(attempt) + " attempts");
}

Result<> load_children(Database& database, std::int64_t job_seq, bool is_array,
                       ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& child = snapshot.children.emplace_back();
        row.read(child.job_seq, child.part);
        read_state(row, child.state);
        return is_array ? expect_child(child) : Result<>{};
    };
    static const std::string sql =
        "SELECT job_seq, part, " + state_columns("child") + " FROM child WHERE job_seq = ?";
    return database.each(sql, on_row, job_seq);
}

/// How the children ended of arrays that are over, but that a live one waits for N_TO_N.
Result<> load_pairs(Database& database, const ports::JobRow& job, ports::Snapshot& snapshot) {
    for (const auto& [id, kind] : job.traits.depends_on) {
        if (kind != model::Dependency::Kind::NToN) continue;
        const auto array = read_array(database, id);
        if (!array) return std::unexpected(array.error());
        if (!*array) continue;
        auto statuses = child_statuses(database, **array);
        if (!statuses) return std::unexpected(std::move(statuses).error());
        snapshot.ended_arrays.emplace_back(id, std::move(*statuses));
    }
    return {};
}

/// Which of a job, or of an array's children, have had an attempt that ran.
Result<> load_started(Database& database, const ports::JobRow& job, ports::Snapshot& snapshot) {
    const std::int32_t main_part =
        job.traits.shape.nodes.empty() ? 0 : job.id.node(job.traits.main_node).part;
    auto on_row = [&](Row& row) -> Result<> {
        std::int32_t part = 0;
        row.read(part);
        if (part == main_part) part = 0;
        if (part >= 0) snapshot.started.push_back({.uuid = job.id.uuid, .part = part});
        return {};
    };
    return database.each(
        "SELECT DISTINCT part FROM attempt WHERE job_seq = ? AND started_at IS NOT NULL", on_row,
        job.seq);
}

/// Children of arrays, and nodes of the multi-node jobs that are placed.
Result<> load_parts(Database& database, ports::Snapshot& snapshot) {
    for (auto& job : snapshot.jobs) {
        if (!job.traits.shape.nodes.empty() && model::is_placed(job.state.status)) {
            BATCHD_TRY(load_children(database, job.seq, false, snapshot));
        }
        if (job.state.attempt > 0 || job.traits.array_size > 0) {
            BATCHD_TRY(load_started(database, job, snapshot));
        }
        if (job.traits.array_size == 0) continue;
        auto progress = read_progress(database, job.seq);
        if (!progress) return std::unexpected(std::move(progress).error());
        job.array = std::move(*progress);
        const auto& counts = job.array.counts;
        if (std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) !=
            job.traits.array_size) {
            return fail(ErrorKind::Internal, "array_size of job " + to_string(job.id) + " is " +
                                                 std::to_string(job.traits.array_size) +
                                                 ", but its row in array counts otherwise");
        }
        BATCHD_TRY(load_children(database, job.seq, true, snapshot));
        BATCHD_TRY(load_pairs(database, job, snapshot));
    }
    return {};
}

Result<> load_attempts(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& attempt = snapshot.attempts.emplace_back();
        row.read(attempt.id.job);
        return read_attempt(row, attempt);
    };
    const std::string select = "SELECT job.id, " + std::string(kAttemptColumns);
    BATCHD_TRY(database.each(
        select + " FROM job JOIN attempt ON attempt.job_seq = job.seq AND part = 0"
                 " AND attempt.number = job.attempt"
                 " WHERE job.queue_id IN (SELECT id FROM job_queue) AND job.status IN (3, 4)"
                 " ORDER BY job.seq",
        on_row));
    BATCHD_TRY(database.each(
        select + " FROM job JOIN attempt ON attempt.job_seq = job.seq AND part < 0"
                 " AND attempt.number = job.attempt"
                 " WHERE job.queue_id IN (SELECT id FROM job_queue) AND job.status IN (3, 4)"
                 " AND nodes IS NOT NULL ORDER BY job.seq",
        on_row));
    return database.each(
        select +
            " FROM job JOIN child ON child.job_seq = job.seq"
            " JOIN attempt ON attempt.job_seq = job.seq AND attempt.part = child.part"
            " AND attempt.number = child.attempt"
            " WHERE job.queue_id IN (SELECT id FROM job_queue) AND job.status = 1"
            " AND child.status IN (3, 4) ORDER BY job.seq, child.part",
        on_row);
}

/// Those of the last minutes before the newest job.
Result<> load_submissions(Database& database, ports::Snapshot& snapshot) {
    auto on_row = [&](Row& row) -> Result<> {
        auto& submission = snapshot.recent_submissions.emplace_back();
        row.read(submission.job, submission.key.key, submission.key.request, submission.at);
        return {};
    };
    return database.each(
        "SELECT id, invocation, request_hash, created_at FROM job WHERE seq >"
        " coalesce((SELECT seq FROM job WHERE created_at <"
        "  (SELECT created_at FROM job ORDER BY seq DESC LIMIT 1) - 900000"
        "  ORDER BY seq DESC LIMIT 1), 0)"
        " AND invocation IS NOT NULL ORDER BY seq",
        on_row);
}

Result<> load_ended(Database& database, ports::Snapshot& snapshot) {
    return database.each("SELECT id, succeeded, failed FROM job_queue WHERE status <> 'DELETED'",
                         [&](Row& row) -> Result<> {
                             auto& ended = snapshot.ended.emplace_back();
                             row.read(ended.queue_id, ended.succeeded, ended.failed);
                             return {};
                         });
}

Result<> load_shares(Database& database, ports::Snapshot& snapshot) {
    return database.each("SELECT queue_id, identifier, past_vcpus, at FROM share",
                         [&](Row& row) -> Result<> {
                             auto& share = snapshot.shares.emplace_back();
                             row.read(share.queue_id, share.identifier, share.past_vcpus, share.at);
                             return {};
                         });
}

Result<> load_next_ids(Database& database, ports::Snapshot& snapshot) {
    return database.each(
        "SELECT 1 + max(coalesce((SELECT MAX(seq) FROM job), 0),"
        " coalesce((SELECT last_seq FROM removed), 0)),"
        " 1 + max(coalesce((SELECT MAX(id) FROM compute_environment), 0),"
        " coalesce((SELECT MAX(id) FROM job_queue), 0)),"
        " 1 + coalesce((SELECT MAX(id) FROM scaling_decision), 0),"
        " coalesce((SELECT first_seq + count FROM event_batch ORDER BY first_seq DESC LIMIT 1), 1)",
        [&](Row& row) -> Result<> {
            row.read(snapshot.next_seq, snapshot.next_id, snapshot.next_decision,
                     Within{snapshot.next_event, 1});
            return {};
        });
}

Result<> load_webhooks(Database& database, ports::Snapshot& snapshot) {
    static const std::string sql =
        "SELECT " + std::string(kWebhookColumns) + " FROM webhook ORDER BY name";
    return database.each(sql, [&](Row& row) -> Result<> {
        return read_webhook(row, snapshot.webhooks.emplace_back());
    });
}

}  // namespace

Result<> each_waiting_job(Database& database, const ports::Snapshot::VisitWaiting& visit) {
    static const std::string sql =
        select_jobs() + "WHERE queue_id IN (SELECT id FROM job_queue) AND status = 2";
    ports::Snapshot parts;
    return database.each(sql, [&](Row& row) -> Result<> {
        ports::JobRow job;
        BATCHD_TRY(read_job(row, job));
        if (job.state.attempt > 0) BATCHD_TRY(load_started(database, job, parts));
        const bool has_started = !parts.started.empty();
        parts.started.clear();
        return visit(job, has_started);
    });
}

Result<ports::Snapshot> load_snapshot(Database& database) {
    ports::Snapshot snapshot;
    BATCHD_TRY(load_environments(database, snapshot));
    BATCHD_TRY(load_hosts(database, snapshot));
    BATCHD_TRY(load_instances(database, snapshot));
    BATCHD_TRY(load_launches(database, snapshot));
    BATCHD_TRY(load_queues(database, snapshot));
    BATCHD_TRY(load_definitions(database, snapshot));
    BATCHD_TRY(load_resources(database, snapshot));
    BATCHD_TRY(load_service_jobs(database, snapshot));
    BATCHD_TRY(load_jobs(database, snapshot));
    BATCHD_TRY(load_parts(database, snapshot));
    BATCHD_TRY(load_attempts(database, snapshot));
    BATCHD_TRY(load_submissions(database, snapshot));
    BATCHD_TRY(load_ended(database, snapshot));
    BATCHD_TRY(load_shares(database, snapshot));
    BATCHD_TRY(load_webhooks(database, snapshot));
    BATCHD_TRY(load_next_ids(database, snapshot));
    return snapshot;
}

}  // namespace batchd::store
