#include "batchd/store/reader.hpp"

#include "store/page.hpp"
#include "store/rows.hpp"

#include <algorithm>

namespace batchd::store {

Reader::Reader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
    auto database = Database::open(path, Database::Access::ReadOnly);
    if (!database) return std::unexpected(std::move(database).error());
    BATCHD_TRY(database->execute("PRAGMA cache_size = -16384"));
    return std::unique_ptr<Reader>(new Reader(std::make_unique<Database>(std::move(*database))));
}

Result<> Reader::backup(const std::string& path) { return database_->backup(path); }

Result<std::optional<model::Attempt>> Reader::attempt_by_log_stream(const std::string& group,
                                                                    const std::string& stream) {
    std::optional<model::Attempt> found;
    auto on_row = [&](Row& row) -> Result<> {
        row.read(found.emplace().id.job);
        read_attempt(row, *found);
        return {};
    };
    BATCHD_TRY(database_->each(
        "SELECT job.id, part, number, compute_environment, host, container_id, log_group, "
        "log_stream,"
        " attempt.started_at, attempt.stopped_at, exit_code, reason, attempt.status_reason"
        " FROM attempt JOIN job ON job.seq = attempt.job_seq"
        " WHERE log_group = ? AND log_stream = ? LIMIT 1",
        on_row, group, stream));
    return found;
}

Result<Page<model::Attempt, std::string>> Reader::log_streams(
    const std::string& group, const std::string& prefix, const std::optional<std::string>& after,
    std::size_t limit) {
    std::vector<model::Attempt> found;
    auto on_row = [&](Row& row) -> Result<> {
        model::Attempt& attempt = found.emplace_back();
        row.read(attempt.id.job);
        read_attempt(row, attempt);
        return {};
    };
    // Names with the prefix stand together in the index; U+10FFFF sorts behind all that follows it.
    const std::string first = after ? std::max(prefix, *after) : prefix;
    const std::string last = prefix + "\xf4\x8f\xbf\xbf";
    BATCHD_TRY(database_->each(
        "SELECT job.id, part, number, compute_environment, host, container_id, log_group, "
        "log_stream,"
        " attempt.started_at, attempt.stopped_at, exit_code, reason, attempt.status_reason"
        " FROM attempt JOIN job ON job.seq = attempt.job_seq"
        " WHERE log_group = ? AND log_stream BETWEEN ? AND ? AND log_stream <> ?"
        " ORDER BY log_stream LIMIT ?",
        on_row, group, first, last, after.value_or(""), one_more(limit)));
    return make_page(std::move(found), limit,
                     [](const model::Attempt& attempt) { return attempt.log_stream; });
}

Result<std::vector<std::string>> Reader::log_groups() {
    std::vector<std::string> groups;
    auto on_row = [&](Row& row) -> Result<> {
        row.read(groups.emplace_back());
        return {};
    };
    // From group to group by one search in the index each; DISTINCT would walk over all attempts.
    BATCHD_TRY(
        database_->each("WITH RECURSIVE found (name) AS ("
                        " SELECT MIN(log_group) FROM attempt WHERE log_group > ''"
                        " UNION ALL"
                        " SELECT (SELECT MIN(log_group) FROM attempt WHERE log_group > found.name)"
                        " FROM found WHERE found.name IS NOT NULL)"
                        " SELECT name FROM found WHERE name IS NOT NULL",
                        on_row));
    return groups;
}

}  // namespace batchd::store
