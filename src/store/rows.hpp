// Reading groups of columns that several queries select in the same order.
#pragma once

#include "batchd/model/changes.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/shape.hpp"
#include "store/codec.hpp"
#include "store/database.hpp"

#include <string>

namespace batchd::store {

/// Far more than a job may have.
inline constexpr std::int64_t kMostAttempts = 1'000'000;

/// The columns of tables job and child that read_state reads, in its order. `table`: "job" or
/// "child".
inline std::string state_columns(const std::string& table) {
    std::string columns;
    for (const char* name :
         {"status", "status_reason", "attempt", "started_at", "stopped_at", "is_cancelled",
          "is_terminated", "infrastructure_failures", "grown_memory_mib", "hold"}) {
        columns += (columns.empty() ? "" : ", ") + table + "." + name;
    }
    return columns;
}

inline void read_state(Row& row, model::JobState& state) {
    row.read(state.status, state.status_reason, Within{state.attempt, 0, kMostAttempts},
             state.started_at, state.stopped_at, state.is_cancelled, state.is_terminated,
             Within{state.infrastructure_failures, 0, kMostAttempts}, state.memory, state.hold);
}

template <class T>
Result<> read_document(const std::string& text, T& out) {
    auto value = from_json<T>(text);
    if (!value) return std::unexpected(std::move(value).error());
    out = std::move(*value);
    return {};
}

/// The columns of table attempt that read_attempt reads, in its order.
inline constexpr std::string_view kAttemptColumns =
    "attempt.part, attempt.number, compute_environment, host, container_id, address, log_group, "
    "log_stream,"
    " attempt.started_at, attempt.stopped_at, exit_code, reason, attempt.status_reason,"
    " containers, gpu_ids, price, peak_memory, cpu_ms";

/// kAttemptColumns; the job's UUID is the caller's to fill in.
inline Result<> read_attempt(Row& row, model::Attempt& attempt) {
    std::optional<std::string> containers;
    std::optional<std::string> gpus;
    std::optional<std::int64_t> peak_memory;
    std::optional<std::int64_t> cpu;
    row.read(attempt.id.job.part, Within{attempt.id.number, 1, kMostAttempts},
             attempt.compute_environment, attempt.host, attempt.container_id, attempt.address,
             attempt.log_group, attempt.log_stream, attempt.started_at, attempt.stopped_at,
             attempt.exit_code, attempt.reason, attempt.status_reason, containers, gpus,
             attempt.price, peak_memory, cpu);
    if (peak_memory && cpu) {
        attempt.use = {.peak_memory_bytes = *peak_memory, .cpu_milliseconds = *cpu};
    }
    if (gpus) BATCHD_TRY(read_document(*gpus, attempt.gpus));
    return containers ? read_document(*containers, attempt.containers) : Result<>{};
}

/// kind, name, created_at, document
inline Result<> read_resource(Row& row, model::ResourceRow& resource) {
    std::string text;
    row.read(resource.kind, resource.name, resource.created_at, text);
    auto document = resource_from_json(resource.kind, text);
    if (!document) return std::unexpected(std::move(document).error());
    resource.document = std::move(*document);
    return {};
}

/// milli_vcpu, memory_mib, gpus, fargate, consumables, nodes
inline Result<> read_shape(Row& row, model::Shape& shape) {
    std::optional<std::string> consumables;
    std::optional<std::string> nodes;
    row.read(shape.resources.vcpu, shape.resources.memory, Within{shape.resources.gpus, 0},
             shape.fargate, consumables, nodes);
    if (consumables) BATCHD_TRY(read_document(*consumables, shape.consumables));
    return nodes ? read_document(*nodes, shape.nodes) : Result<>{};
}

/// For read_service_job.
inline constexpr std::string_view kServiceJobColumns =
    "service_job.seq, service_job.id, service_job.queue_id,"
    " service_job.status_reason, service_job.created_at, service_job.stopped_at,"
    " service_job.document";

inline Result<> read_service_job(Row& row, model::ServiceJobRow& job) {
    std::string document;
    row.read(job.seq, job.id, job.queue_id, job.status_reason, job.created_at, job.stopped_at,
             document);
    return read_document(document, job.document);
}

/// For read_webhook.
inline constexpr std::string_view kWebhookColumns =
    "name, is_configured, created_at, done, tries, failing_since, next_try, last_error, document";

inline Result<> read_webhook(Row& row, model::WebhookRow& webhook) {
    std::string name;
    std::string document;
    auto& progress = webhook.progress;
    row.read(name, webhook.is_configured, webhook.created_at, Within{progress.done, 0},
             Within{progress.tries, 0}, progress.failing_since, progress.next_try,
             progress.last_error, document);
    return read_document(document, webhook.document);
}

/// The first row's only column, nullopt without a row.
template <class T, class... Parameters>
Result<std::optional<T>> query_value(Database& database, std::string_view sql,
                                     const Parameters&... parameters) {
    std::optional<T> value;
    auto on_row = [&](Row& row) -> Result<> {
        if (!value) row.read(value.emplace());
        return {};
    };
    BATCHD_TRY(database.each(sql, on_row, parameters...));
    return value;
}

}  // namespace batchd::store
