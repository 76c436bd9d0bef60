#include "store/apply.hpp"

#include "store/codec.hpp"

namespace batchd::store {
namespace {

Result<> put(Database& database, const ports::EnvironmentRow& row) {
    BATCHD_TRY(
        database.run("INSERT INTO compute_environment"
                     " (id, name, uuid, status, status_reason, created_at, document)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?)"
                     " ON CONFLICT (id) DO UPDATE SET name = excluded.name, uuid = excluded.uuid,"
                     " status = excluded.status, status_reason = excluded.status_reason,"
                     " created_at = excluded.created_at, document = excluded.document",
                     row.id, row.document.compute_environment_name, row.uuid, row.status,
                     row.status_reason, row.created_at, to_json(row.document)));
    return {};
}

Result<> put(Database& database, const ports::QueueRow& row) {
    BATCHD_TRY(database.run(
        "INSERT INTO job_queue (id, name, status, status_reason, created_at, document)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status,"
        " status_reason = excluded.status_reason, created_at = excluded.created_at,"
        " document = excluded.document",
        row.id, row.document.job_queue_name, row.status, row.status_reason, row.created_at,
        to_json(row.document)));
    return {};
}

Result<> put(Database& database, const ports::DefinitionRow& row) {
    BATCHD_TRY(
        database.run("INSERT INTO job_definition (name, revision, active, created_at, document)"
                     " VALUES (?, ?, ?, ?, ?)"
                     " ON CONFLICT (name, revision) DO UPDATE SET active = excluded.active,"
                     " created_at = excluded.created_at, document = excluded.document",
                     row.name, row.revision, row.active, row.created_at, to_json(*row.document)));
    return {};
}

Result<> put(Database& database, const ports::JobInsert& insert) {
    const ports::JobRow& row = insert.row;
    const model::JobTraits& traits = row.traits;
    const model::JobState& state = row.state;
    std::optional<std::string> retry_rules;
    if (!traits.retry_rules.empty()) retry_rules = to_json(traits.retry_rules);
    BATCHD_TRY(database.run(
        "INSERT INTO job (seq, id, queue_id, name, definition_name, definition_revision, "
        "created_at,"
        " milli_vcpu, memory_mib, gpus, fargate, scheduling_priority, attempts, timeout_seconds,"
        " retry_rules, depends_on, tags,"
        " status, status_reason, attempt, started_at, stopped_at, is_cancelled, is_terminated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.seq, row.id, row.queue_id, row.name, row.definition_name, row.definition_revision,
        row.created_at, traits.resources.vcpu, traits.resources.memory, traits.resources.gpus,
        traits.fargate, traits.scheduling_priority, traits.attempts, traits.timeout, retry_rules,
        traits.depends_on, insert.tags, state.status, state.status_reason, state.attempt,
        state.started_at, state.stopped_at, state.is_cancelled, state.is_terminated));
    BATCHD_TRY(
        database.run("INSERT INTO job_spec (job_seq, spec) VALUES (?, ?)", row.seq, insert.spec));
    return {};
}

Result<> put(Database& database, const ports::JobUpdate& update) {
    const model::JobState& state = update.state;
    const auto changed = database.run(
        "UPDATE job SET status = ?, status_reason = ?, attempt = ?, started_at = ?, stopped_at = ?,"
        " is_cancelled = ?, is_terminated = ? WHERE seq = ?",
        state.status, state.status_reason, state.attempt, state.started_at, state.stopped_at,
        state.is_cancelled, state.is_terminated, update.seq);
    if (!changed) return std::unexpected(changed.error());
    if (*changed == 1) return {};
    return fail(ErrorKind::Internal,
                "job number " + std::to_string(update.seq) + " is to change, but is not stored");
}

Result<> put(Database& database, const ports::AttemptPut& row) {
    const model::Attempt& attempt = row.attempt;
    BATCHD_TRY(database.run(
        "INSERT INTO attempt (job_seq, number, compute_environment, host, container_id, log_group,"
        " log_stream, started_at, stopped_at, exit_code, reason, status_reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (job_seq, number) DO UPDATE SET"
        " compute_environment = excluded.compute_environment, host = excluded.host,"
        " container_id = excluded.container_id, log_group = excluded.log_group,"
        " log_stream = excluded.log_stream, started_at = excluded.started_at,"
        " stopped_at = excluded.stopped_at, exit_code = excluded.exit_code,"
        " reason = excluded.reason, status_reason = excluded.status_reason",
        row.job_seq, attempt.id.number, attempt.compute_environment, attempt.host,
        attempt.container_id, attempt.log_group, attempt.log_stream, attempt.started_at,
        attempt.stopped_at, attempt.exit_code, attempt.reason, attempt.status_reason));
    return {};
}

Result<> put(Database& database, const ports::TagPatch& tags) {
    const ports::ResourceKey& key = tags.key;
    Result<std::int64_t> changed;
    switch (key.kind) {
        case ports::ResourceKind::ComputeEnvironment:
            changed = database.run(
                "UPDATE compute_environment SET tags = json_patch(tags, ?)"
                " WHERE name = ? AND status <> 'DELETED'",
                tags.patch, key.name);
            break;
        case ports::ResourceKind::JobQueue:
            changed = database.run(
                "UPDATE job_queue SET tags = json_patch(tags, ?)"
                " WHERE name = ? AND status <> 'DELETED'",
                tags.patch, key.name);
            break;
        case ports::ResourceKind::JobDefinition:
            changed = database.run(
                "UPDATE job_definition SET tags = json_patch(tags, ?)"
                " WHERE name = ? AND revision = ?",
                tags.patch, key.name, key.revision);
            break;
        case ports::ResourceKind::Job:
            changed = database.run("UPDATE job SET tags = json_patch(tags, ?) WHERE id = ?",
                                   tags.patch, key.job);
            break;
    }
    BATCHD_TRY(changed);
    return {};
}

template <class Rows>
Result<> put_all(Database& database, const Rows& rows) {
    for (const auto& row : rows) BATCHD_TRY(put(database, row));
    return {};
}

}  // namespace

Result<> apply(Database& database, const ports::Changes& changes) {
    BATCHD_TRY(put_all(database, changes.environments));
    BATCHD_TRY(put_all(database, changes.queues));
    BATCHD_TRY(put_all(database, changes.definitions));
    BATCHD_TRY(put_all(database, changes.new_jobs));
    BATCHD_TRY(put_all(database, changes.jobs));
    BATCHD_TRY(put_all(database, changes.attempts));
    return put_all(database, changes.tags);
}

}  // namespace batchd::store
