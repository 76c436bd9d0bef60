#include "batchd/store/reader.hpp"
#include "store/like.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {
namespace {

/// For `x IN (SELECT value FROM json_each(?))`: the names as a JSON list, NULL for all.
std::optional<std::string> name_list(const std::vector<std::string>& names) {
    if (names.empty()) return std::nullopt;
    return to_json(names);
}

Result<> read_queue(Row& row, QueueDetail& queue) {
    std::string document;
    std::optional<std::string> pause;
    row.read(queue.row.id, queue.row.status, queue.row.status_reason, queue.row.created_at,
             document, queue.tags, pause);
    if (pause) BATCHD_TRY(read_document(*pause, queue.row.pause.emplace()));
    return read_document(document, queue.row.document);
}

Result<> read_environment(Row& row, EnvironmentDetail& environment) {
    std::string document;
    row.read(environment.row.id, environment.row.uuid, environment.row.status,
             environment.row.status_reason, environment.row.created_at, document, environment.tags);
    return read_document(document, environment.row.document);
}

}  // namespace

Result<std::optional<QueueDetail>> Reader::queue_by_name(const std::string& name) {
    auto page = queues({name}, std::nullopt, 1);
    if (!page) return std::unexpected(std::move(page).error());
    if (page->items.empty()) return std::nullopt;
    return std::move(page->items.front());
}

Result<Page<EnvironmentDetail, std::string>> Reader::environments(
    const std::vector<std::string>& names, const std::optional<std::string>& after,
    std::size_t limit) {
    std::vector<EnvironmentDetail> found;
    auto on_row = [&](Row& row) { return read_environment(row, found.emplace_back()); };
    const auto wanted = name_list(names);
    BATCHD_TRY(database_->each(
        "SELECT id, uuid, status, status_reason, created_at, document, tags"
        " FROM compute_environment WHERE status <> 'DELETED' AND name > ?"
        " AND (? IS NULL OR name IN (SELECT value FROM json_each(?))) ORDER BY name LIMIT ?",
        on_row, after.value_or(""), wanted, wanted, one_more(limit)));
    return make_page(std::move(found), limit, [](const EnvironmentDetail& environment) {
        return environment.row.document.compute_environment_name;
    });
}

Result<Page<QueueDetail, std::string>> Reader::queues(const std::vector<std::string>& names,
                                                      const std::optional<std::string>& after,
                                                      std::size_t limit) {
    std::vector<QueueDetail> found;
    auto on_row = [&](Row& row) { return read_queue(row, found.emplace_back()); };
    const auto wanted = name_list(names);
    BATCHD_TRY(database_->each(
        "SELECT id, status, status_reason, created_at, document, tags, pause"
        " FROM job_queue WHERE status <> 'DELETED' AND name > ?"
        " AND (? IS NULL OR name IN (SELECT value FROM json_each(?))) ORDER BY name LIMIT ?",
        on_row, after.value_or(""), wanted, wanted, one_more(limit)));
    return make_page(std::move(found), limit,
                     [](const QueueDetail& queue) { return queue.row.document.job_queue_name; });
}

Result<Page<ResourceDetail, std::string>> Reader::resources(const ResourceFilter& filter,
                                                            const std::optional<std::string>& after,
                                                            std::size_t limit) {
    std::vector<ResourceDetail> found;
    auto on_row = [&](Row& row) -> Result<> {
        auto& resource = found.emplace_back();
        BATCHD_TRY(read_resource(row, resource.row));
        row.read(resource.tags);
        return {};
    };
    std::vector<std::string> patterns;
    for (const std::string_view pattern : filter.patterns) {
        const bool is_prefix = pattern.ends_with('*');
        patterns.push_back(
            like_pattern(pattern.substr(0, pattern.size() - (is_prefix ? 1 : 0)), is_prefix));
    }
    BATCHD_TRY(database_->each(
        "SELECT kind, name, created_at, document, tags FROM resource WHERE kind = ?1 AND name > ?2"
        " AND (?3 IS NULL OR name IN (SELECT value FROM json_each(?3)))"
        " AND (?4 IS NULL OR EXISTS"
        " (SELECT 1 FROM json_each(?4) WHERE resource.name LIKE value ESCAPE '\\'))"
        " AND substr(name, 1, length(?6)) = ?6 ORDER BY name LIMIT ?5",
        on_row, filter.kind, after.value_or(""), name_list(filter.names), name_list(patterns),
        one_more(limit), filter.prefix));
    return make_page(std::move(found), limit,
                     [](const ResourceDetail& resource) { return resource.row.name; });
}

Result<std::optional<std::string>> Reader::tags(const ports::ResourceKey& key) {
    switch (key.kind) {
        case ports::ResourceKind::ComputeEnvironment:
            return query_value<std::string>(
                *database_,
                "SELECT tags FROM compute_environment WHERE name = ? AND status <> 'DELETED'",
                key.name);
        case ports::ResourceKind::JobQueue:
            return query_value<std::string>(
                *database_, "SELECT tags FROM job_queue WHERE name = ? AND status <> 'DELETED'",
                key.name);
        case ports::ResourceKind::JobDefinition:
            return query_value<std::string>(
                *database_, "SELECT tags FROM job_definition WHERE name = ? AND revision = ?",
                key.name, key.revision);
        case ports::ResourceKind::Job:
            return query_value<std::string>(*database_, "SELECT tags FROM job WHERE id = ?",
                                            key.job);
        case ports::ResourceKind::ServiceJob:
            return query_value<std::string>(*database_, "SELECT tags FROM service_job WHERE id = ?",
                                            key.job);
        case ports::ResourceKind::SchedulingPolicy:
        case ports::ResourceKind::ConsumableResource:
        case ports::ResourceKind::ServiceEnvironment:
        case ports::ResourceKind::AppliedUpdate:
        case ports::ResourceKind::QuotaShare:
            return query_value<std::string>(*database_,
                                            "SELECT tags FROM resource WHERE kind = ? AND name = ?",
                                            key.kind, key.name);
    }
    return std::nullopt;
}

}  // namespace batchd::store
