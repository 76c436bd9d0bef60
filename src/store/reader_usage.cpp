#include "batchd/store/reader.hpp"
#include "store/rows.hpp"

#include <fmt/format.h>

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

}  // namespace

Result<std::vector<Usage>> Reader::usage(const UsageQuery& query) {
    constexpr double kHour = 3'600'000;  // in milliseconds
    std::vector<Usage> list;
    auto on_row = [&](Row& row) -> Result<> {
        auto& usage = list.emplace_back();
        std::int64_t milliseconds = 0;
        std::int64_t cost = 0;
        row.read(usage.key, usage.attempts, milliseconds, cost);
        usage.hours = static_cast<double>(milliseconds) / kHour;
        usage.cost_usd = static_cast<double>(cost) / 1e9;
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
    return list;
}

}  // namespace batchd::store
