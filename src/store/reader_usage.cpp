#include "batchd/store/reader.hpp"
#include "store/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::store {
namespace {

std::string_view key_of(UsageQuery::By by) {
    switch (by) {
        case UsageQuery::By::Queue:
            return "job_queue.name";
        case UsageQuery::By::ComputeEnvironment:
            return "attempt.compute_environment";
        case UsageQuery::By::JobName:
            return "job.name";
        case UsageQuery::By::Job:
            return "lower(hex(job.id))";
        case UsageQuery::By::Tag:
            return "coalesce((SELECT value FROM json_each(job.tags) WHERE key = ?5), '')";
    }
    return "";
}

constexpr double kHour = 3'600'000;  // in milliseconds

double in_usd(std::int64_t nano_usd) { return static_cast<double>(nano_usd) / 1e9; }

/// An environment may have had instances without attempts.
Result<> add_instances(Database& database, const UsageQuery& query, std::vector<Usage>& list) {
    auto on_row = [&](Row& row) -> Result<> {
        std::string name;
        std::int64_t milliseconds = 0;
        std::int64_t cost = 0;
        row.read(name, milliseconds, cost);
        auto usage = std::ranges::find(list, name, &Usage::key);
        if (usage == list.end()) usage = list.insert(usage, Usage{});
        usage->key = name;
        usage->instance_hours = static_cast<double>(milliseconds) / kHour;
        usage->instance_cost_usd = in_usd(cost);
        return {};
    };
    const auto sql = fmt::format(
        "WITH part AS (SELECT e.name AS name, i.price AS price,"
        " min(coalesce(i.ended_at, ?2), ?2) - max(i.launched_at, ?1) AS spent"
        " FROM compute_environment e JOIN instance i ON i.environment_id = e.id"
        " WHERE (i.ended_at > ?1 OR i.ended_at IS NULL) AND i.launched_at < ?2)"
        " SELECT name, sum(spent), CAST(sum(price * 1000 * (spent / {:.1f})) AS INTEGER)"
        " FROM part GROUP BY name",
        kHour);
    return database.each(sql, on_row, query.since, query.until);
}

}  // namespace

Result<std::vector<Usage>> Reader::usage(const UsageQuery& query) {
    std::vector<Usage> list;
    auto on_row = [&](Row& row) -> Result<> {
        auto& usage = list.emplace_back();
        std::int64_t milliseconds = 0;
        std::int64_t cost = 0;
        row.read(usage.key, usage.attempts, milliseconds, cost);
        usage.hours = static_cast<double>(milliseconds) / kHour;
        usage.cost_usd = in_usd(cost);
        return {};
    };
    // The part of each attempt that lies within the time asked for; one that runs ends with it.
    const auto sql = fmt::format(
        "WITH part AS (SELECT {} AS key, attempt.price AS price,"
        " min(coalesce(attempt.stopped_at, ?2), ?2) - max(attempt.started_at, ?1) AS spent"
        " FROM attempt JOIN job ON job.seq = attempt.job_seq"
        " JOIN job_queue ON job_queue.id = job.queue_id"
        " WHERE (attempt.stopped_at > ?1 OR attempt.stopped_at IS NULL)"
        " AND attempt.started_at < ?2 AND (?3 IS NULL OR job_queue.name = ?3))"
        " SELECT key, count(*), sum(spent), CAST(sum(price * 1000 * (spent / {:.1f})) AS INTEGER)"
        " FROM part GROUP BY key ORDER BY 4 DESC, 3 DESC LIMIT ?4",
        key_of(query.by), kHour);
    const auto limit = static_cast<std::int64_t>(query.limit);
    if (query.by == UsageQuery::By::Tag) {
        BATCHD_TRY(
            database_->each(sql, on_row, query.since, query.until, query.queue, limit, query.tag));
    } else {
        BATCHD_TRY(database_->each(sql, on_row, query.since, query.until, query.queue, limit));
    }
    if (query.by == UsageQuery::By::ComputeEnvironment && !query.queue) {
        BATCHD_TRY(add_instances(*database_, query, list));
    }
    return list;
}

}  // namespace batchd::store
