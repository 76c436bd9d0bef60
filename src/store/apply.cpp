#include "store/apply.hpp"

#include "store/codec.hpp"
#include "store/news_codec.hpp"

#include <fmt/format.h>

namespace batchd::store {
namespace {

constexpr std::int64_t kKeptDecisions = 10'000;  // of an environment
constexpr std::int64_t kPruneEvery = 256;

Result<> put(Database& database, const ports::EnvironmentRow& row) {
    BATCHD_TRY(database.run(
        "INSERT INTO compute_environment"
        " (id, name, uuid, status, status_reason, created_at, generation, raised_vcpus,"
        " document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, uuid = excluded.uuid,"
        " status = excluded.status, status_reason = excluded.status_reason,"
        " created_at = excluded.created_at, generation = excluded.generation,"
        " raised_vcpus = excluded.raised_vcpus, document = excluded.document",
        row.id, row.document.compute_environment_name, row.uuid, row.status, row.status_reason,
        row.created_at, row.generation, row.raised_vcpus, to_json(row.document)));
    return {};
}

Result<> put(Database& database, const model::HostRow& row) {
    if (row.is_gone) {
        BATCHD_TRY(database.run("DELETE FROM host WHERE name = ?", row.document.name));
        return {};
    }
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO host (name, environment_id, origin, drain_deadline, is_deleting,"
        " created_at, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
        row.document.name, row.environment_id, row.origin, row.drain_deadline, row.is_deleting,
        row.created_at, to_json(row.document)));
    return {};
}

Result<> put(Database& database, const model::InstanceRow& row) {
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO instance (id, environment_id, type, zone, is_spot, price, status,"
        " launched_at, generation, has_run_job, idle_since, ended_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.id, row.environment_id, row.type, row.zone, row.is_spot, row.price, row.status,
        row.launched_at, row.generation, row.has_run_job, row.idle_since, row.ended_at));
    return {};
}

/// Keeps the newest decisions of an environment, those that are open, and the instances that ended
/// last.
Result<> prune_decisions(Database& database, std::int64_t environment_id) {
    BATCHD_TRY(database.run(
        "DELETE FROM instance WHERE environment_id = ?1 AND ended_at <"
        " (SELECT ended_at FROM instance WHERE environment_id = ?1 AND ended_at IS NOT NULL"
        " ORDER BY ended_at DESC LIMIT 1 OFFSET ?2)",
        environment_id, kKeptDecisions));
    BATCHD_TRY(database.run(
        "DELETE FROM scaling_decision WHERE environment_id = ?1 AND NOT is_open AND id <="
        " (SELECT id FROM scaling_decision WHERE environment_id = ?1 ORDER BY id DESC"
        " LIMIT 1 OFFSET ?2)",
        environment_id, kKeptDecisions));
    return {};
}

Result<> put(Database& database, const model::DecisionRow& row) {
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO scaling_decision (id, environment_id, at, is_open, document)"
        " VALUES (?, ?, ?, ?, ?)",
        row.id, row.environment_id, row.at, row.is_open, to_json(row.document)));
    return row.id % kPruneEvery == 0 ? prune_decisions(database, row.environment_id) : Result<>{};
}

Result<> put(Database& database, const ports::QueueRow& row) {
    BATCHD_TRY(database.run(
        "INSERT INTO job_queue (id, name, status, status_reason, created_at, document, pause)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status,"
        " status_reason = excluded.status_reason, created_at = excluded.created_at,"
        " document = excluded.document, pause = excluded.pause",
        row.id, row.document.job_queue_name, row.status, row.status_reason, row.created_at,
        to_json(row.document), row.pause ? std::optional(to_json(*row.pause)) : std::nullopt));
    return {};
}

Result<> put(Database& database, const ports::DefinitionRow& row) {
    BATCHD_TRY(database.run(
        "INSERT INTO job_definition (name, revision, created_at, deregistered_at, document)"
        " VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (name, revision) DO UPDATE SET created_at = excluded.created_at,"
        " deregistered_at = excluded.deregistered_at, document = excluded.document",
        row.name, row.revision, row.created_at, row.deregistered_at, to_json(*row.document)));
    return {};
}

Result<> put(Database& database, const ports::ResourceRow& row) {
    if (std::holds_alternative<std::monostate>(row.document)) {
        BATCHD_TRY(
            database.run("DELETE FROM resource WHERE kind = ? AND name = ?", row.kind, row.name));
        return {};
    }
    BATCHD_TRY(
        database.run("INSERT INTO resource (kind, name, created_at, document) VALUES (?, ?, ?, ?)"
                     " ON CONFLICT (kind, name) DO UPDATE SET created_at = excluded.created_at,"
                     " document = excluded.document",
                     row.kind, row.name, row.created_at, to_json(row.document)));
    return {};
}

Result<> put(Database& database, const ports::ServiceJobRow& row) {
    BATCHD_TRY(database.run(
        "INSERT INTO service_job (seq, id, queue_id, name, status_reason, created_at,"
        " stopped_at, client_token, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (seq) DO UPDATE SET status_reason = excluded.status_reason,"
        " stopped_at = excluded.stopped_at, document = excluded.document",
        row.seq, row.id, row.queue_id, row.document.job_name, row.status_reason, row.created_at,
        row.stopped_at, row.document.client_token, to_json(row.document)));
    return {};
}

Result<> put(Database& database, std::int64_t job_seq, const model::ArrayProgress& array) {
    const auto& counts = array.counts;
    const auto unstarted = array.unstarted.value_or(model::JobState{});
    const bool is_set = array.unstarted.has_value();
    const auto if_set = [&](auto value) { return is_set ? std::optional(value) : std::nullopt; };
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO array (job_seq, is_released, submitted, pending, runnable, "
        "starting,"
        " running, succeeded, failed, updated_at, unstarted_status, unstarted_reason, unstarted_at,"
        " unstarted_is_cancelled, unstarted_is_terminated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        job_seq, array.is_released, counts[0], counts[1], counts[2], counts[3], counts[4],
        counts[5], counts[6], array.updated_at, if_set(unstarted.status),
        if_set(unstarted.status_reason), unstarted.stopped_at, if_set(unstarted.is_cancelled),
        if_set(unstarted.is_terminated)));
    return {};
}

std::optional<std::string> key_if(const std::optional<model::SubmissionKey>& key,
                                  bool is_explicit) {
    return key && key->is_explicit == is_explicit ? std::optional(key->key) : std::nullopt;
}

Result<> put(Database& database, const ports::JobInsert& insert) {
    const ports::JobRow& row = insert.row;
    const model::JobTraits& traits = row.traits;
    const model::JobState& state = row.state;
    std::optional<std::string> retry_rules;
    if (!traits.retry_rules.empty()) retry_rules = to_json(traits.retry_rules);
    std::optional<std::string> consumables;
    if (!traits.shape.consumables.empty()) consumables = to_json(traits.shape.consumables);
    std::optional<std::string> nodes;
    if (!traits.shape.nodes.empty()) nodes = to_json(traits.shape.nodes);
    std::optional<std::string> options;
    if (traits.options) options = to_json(*traits.options);
    std::optional<Blob> depends_on;
    if (!traits.depends_on.empty()) depends_on.emplace(encode(traits.depends_on));
    BATCHD_TRY(database.run(
        "INSERT INTO job (seq, id, queue_id, name, definition_name, definition_revision, "
        "created_at,"
        " milli_vcpu, memory_mib, gpus, fargate, consumables, nodes, share, scheduling_priority, "
        "attempts,"
        " timeout_seconds, retry_rules, depends_on, array_size, sequence, main_node, flaw, "
        "tags,"
        " status, status_reason, attempt, started_at, stopped_at, is_cancelled, is_terminated,"
        " infrastructure_failures, grown_memory_mib, hold, options, idempotency_key, invocation,"
        " request_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.seq, row.id, row.queue_id, row.name, row.definition_name, row.definition_revision,
        row.created_at, traits.shape.resources.vcpu, traits.shape.resources.memory,
        traits.shape.resources.gpus, traits.shape.fargate, consumables, nodes, traits.share,
        traits.scheduling_priority, traits.attempts, traits.timeout, retry_rules, depends_on,
        traits.array_size, traits.sequence, traits.main_node, traits.flaw, insert.tags,
        state.status, state.status_reason, state.attempt, state.started_at, state.stopped_at,
        state.is_cancelled, state.is_terminated, state.infrastructure_failures, state.memory,
        state.hold, options, key_if(row.key, true), key_if(row.key, false),
        row.key ? std::optional(row.key->request) : std::nullopt));
    BATCHD_TRY(
        database.run("INSERT INTO job_spec (job_seq, spec) VALUES (?, ?)", row.seq, insert.spec));
    for (const auto& need : traits.shape.consumables) {
        if (need.limit > 0) continue;
        BATCHD_TRY(
            database.run("INSERT INTO job_consumable (name, job_seq, quantity) VALUES (?, ?, ?)",
                         need.name, row.seq, need.quantity));
    }
    if (traits.array_size > 0) BATCHD_TRY(put(database, row.seq, row.array));
    return {};
}

Result<> put(Database& database, const ports::JobUpdate& update) {
    const model::JobState& state = update.state;
    const auto changed = database.run(
        "UPDATE job SET status = ?, status_reason = ?, attempt = ?, started_at = ?, stopped_at = ?,"
        " is_cancelled = ?, is_terminated = ?, infrastructure_failures = ?, grown_memory_mib = ?,"
        " hold = ? WHERE seq = ?",
        state.status, state.status_reason, state.attempt, state.started_at, state.stopped_at,
        state.is_cancelled, state.is_terminated, state.infrastructure_failures, state.memory,
        state.hold, update.seq);
    if (!changed) return std::unexpected(changed.error());
    if (*changed != 1) {
        return fail(ErrorKind::Internal, "job number " + std::to_string(update.seq) +
                                             " is to change, but is not stored");
    }
    return update.array ? put(database, update.seq, *update.array) : Result<>{};
}

Result<> put(Database& database, const ports::ChildPut& child) {
    const model::JobState& state = child.state;
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO child (job_seq, part, status, status_reason, attempt, started_at,"
        " stopped_at, is_cancelled, is_terminated, infrastructure_failures, grown_memory_mib, hold)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        child.job_seq, child.part, state.status, state.status_reason, state.attempt,
        state.started_at, state.stopped_at, state.is_cancelled, state.is_terminated,
        state.infrastructure_failures, state.memory, state.hold));
    return {};
}

Result<> put(Database& database, const ports::EndedCount& ended) {
    BATCHD_TRY(database.run("UPDATE job_queue SET succeeded = ?, failed = ? WHERE id = ?",
                            ended.succeeded, ended.failed, ended.queue_id));
    return {};
}

Result<> put(Database& database, const ports::ShareRow& share) {
    if (share.is_gone) {
        BATCHD_TRY(database.run("DELETE FROM share WHERE queue_id = ? AND identifier = ?",
                                share.queue_id, share.identifier));
        return {};
    }
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO share (queue_id, identifier, past_vcpus, at) VALUES (?, ?, ?, ?)",
        share.queue_id, share.identifier, share.past_vcpus, share.at));
    return {};
}

Result<> put_logs(Database& database, const ports::AttemptPut& row) {
    const auto& containers = row.attempt.containers;
    for (std::size_t i = 0; i < containers.size(); ++i) {
        if (containers[i].log_stream.empty()) continue;
        BATCHD_TRY(database.run(
            "INSERT OR REPLACE INTO container_log (log_group, log_stream, job_seq, part, number,"
            " container) VALUES (?, ?, ?, ?, ?, ?)",
            containers[i].log_group, containers[i].log_stream, row.job_seq, row.attempt.id.job.part,
            row.attempt.id.number, static_cast<std::int64_t>(i)));
    }
    return {};
}

std::optional<std::string> containers_of(const model::Attempt& attempt) {
    if (attempt.containers.empty()) return std::nullopt;
    return to_json(attempt.containers);
}

Result<> put_all_of(Database& database, const ports::AttemptPut& row) {
    const model::Attempt& attempt = row.attempt;
    std::optional<std::string> gpus;
    if (!attempt.gpus.empty()) gpus = to_json(attempt.gpus);
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO attempt (job_seq, part, number, compute_environment, host,"
        " container_id, address, log_group, log_stream, started_at, stopped_at, exit_code,"
        " reason, status_reason, containers, gpu_ids, price, peak_memory, cpu_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.job_seq, attempt.id.job.part, attempt.id.number, attempt.compute_environment,
        attempt.host, attempt.container_id, attempt.address, attempt.log_group, attempt.log_stream,
        attempt.started_at, attempt.stopped_at, attempt.exit_code, attempt.reason,
        attempt.status_reason, containers_of(attempt), gpus, attempt.price,
        attempt.use ? std::optional(attempt.use->peak_memory_bytes) : std::nullopt,
        attempt.use ? std::optional(attempt.use->cpu_milliseconds) : std::nullopt));
    return {};
}

/// Of the indexes on attempts only that of log streams is touched.
Result<std::int64_t> put_start(Database& database, const ports::AttemptPut& row) {
    const model::Attempt& attempt = row.attempt;
    return database.run(
        "UPDATE attempt SET container_id = ?, address = ?, log_group = ?, log_stream = ?,"
        " started_at = ?, containers = ? WHERE job_seq = ? AND part = ? AND number = ?",
        attempt.container_id, attempt.address, attempt.log_group, attempt.log_stream,
        attempt.started_at, containers_of(attempt), row.job_seq, attempt.id.job.part,
        attempt.id.number);
}

/// Of the indexes on attempts only that of ends is touched.
Result<std::int64_t> put_end(Database& database, const ports::AttemptPut& row) {
    const model::Attempt& attempt = row.attempt;
    return database.run(
        "UPDATE attempt SET stopped_at = ?, exit_code = ?, reason = ?, status_reason = ?,"
        " containers = ?, peak_memory = ?, cpu_ms = ?"
        " WHERE job_seq = ? AND part = ? AND number = ?",
        attempt.stopped_at, attempt.exit_code, attempt.reason, attempt.status_reason,
        containers_of(attempt),
        attempt.use ? std::optional(attempt.use->peak_memory_bytes) : std::nullopt,
        attempt.use ? std::optional(attempt.use->cpu_milliseconds) : std::nullopt, row.job_seq,
        attempt.id.job.part, attempt.id.number);
}

Result<> put(Database& database, const ports::AttemptPut& row) {
    using What = ports::AttemptPut::What;
    if (row.what == What::All) {
        BATCHD_TRY(put_all_of(database, row));
    } else {
        const auto changed =
            row.what == What::Start ? put_start(database, row) : put_end(database, row);
        if (!changed) return std::unexpected(changed.error());
        if (*changed != 1) {
            return fail(ErrorKind::Internal,
                        fmt::format("attempt {} of job number {} is to change, but is not stored",
                                    row.attempt.id.number, row.job_seq));
        }
    }
    return put_logs(database, row);
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
        case ports::ResourceKind::ServiceJob:
            changed = database.run("UPDATE service_job SET tags = json_patch(tags, ?) WHERE id = ?",
                                   tags.patch, key.job);
            break;
        case ports::ResourceKind::SchedulingPolicy:
        case ports::ResourceKind::ConsumableResource:
        case ports::ResourceKind::ServiceEnvironment:
        case ports::ResourceKind::AppliedUpdate:
        case ports::ResourceKind::QuotaShare:
            changed = database.run(
                "UPDATE resource SET tags = json_patch(tags, ?) WHERE kind = ? AND name = ?",
                tags.patch, key.kind, key.name);
            break;
    }
    BATCHD_TRY(changed);
    return {};
}

Result<> put(Database& database, const model::WebhookRow& row) {
    const std::string& name = row.document.name;
    if (row.is_gone) {
        BATCHD_TRY(database.run("DELETE FROM undelivered WHERE webhook = ?", name));
        BATCHD_TRY(database.run("DELETE FROM webhook WHERE name = ?", name));
        return {};
    }
    const model::WebhookProgress& progress = row.progress;
    BATCHD_TRY(database.run(
        "INSERT INTO webhook (name, is_configured, created_at, done, tries, failing_since,"
        " next_try, last_error, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET is_configured = excluded.is_configured,"
        " done = excluded.done, tries = excluded.tries, failing_since = excluded.failing_since,"
        " next_try = excluded.next_try, last_error = excluded.last_error,"
        " document = excluded.document",
        name, row.is_configured, row.created_at, progress.done, progress.tries,
        progress.failing_since, progress.next_try, progress.last_error, to_json(row.document)));
    return {};
}

Result<> put(Database& database, const model::UndeliveredRow& row) {
    if (row.is_gone) {
        BATCHD_TRY(database.run("DELETE FROM undelivered WHERE webhook = ? AND first_seq = ?",
                                row.webhook, row.first_seq));
        return {};
    }
    BATCHD_TRY(database.run(
        "INSERT OR REPLACE INTO undelivered (webhook, first_seq, last_seq, at, tries, error)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        row.webhook, row.first_seq, row.last_seq, row.at, row.tries, row.error));
    return {};
}

Result<> put(Database& database, const model::NewsBatch& news) {
    if (news.entries.empty()) return {};
    BATCHD_TRY(
        database.run("INSERT INTO event_batch (first_seq, count, at, body) VALUES (?, ?, ?, ?)",
                     news.first_seq, news.count(), news.at, Blob{encode(news)}));
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
    BATCHD_TRY(put_all(database, changes.hosts));
    BATCHD_TRY(put_all(database, changes.instances));
    BATCHD_TRY(put_all(database, changes.decisions));
    BATCHD_TRY(put_all(database, changes.queues));
    BATCHD_TRY(put_all(database, changes.definitions));
    BATCHD_TRY(put_all(database, changes.resources));
    BATCHD_TRY(put_all(database, changes.service_jobs));
    BATCHD_TRY(put_all(database, changes.new_jobs));
    BATCHD_TRY(put_all(database, changes.jobs));
    BATCHD_TRY(put_all(database, changes.children));
    BATCHD_TRY(put_all(database, changes.ended));
    BATCHD_TRY(put_all(database, changes.shares));
    BATCHD_TRY(put_all(database, changes.attempts));
    BATCHD_TRY(put_all(database, changes.tags));
    BATCHD_TRY(put_all(database, changes.webhooks));
    BATCHD_TRY(put_all(database, changes.undelivered));
    return put(database, changes.news);
}

}  // namespace batchd::store
