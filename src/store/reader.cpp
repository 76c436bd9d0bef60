#include "batchd/store/reader.hpp"

#include "store/page.hpp"
#include "store/rows.hpp"

namespace batchd::store {

Reader::Reader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
    auto database = Database::open(path, Database::Access::ReadOnly);
    if (!database) return std::unexpected(std::move(database).error());
    BATCHD_TRY(database->execute("PRAGMA cache_size = -8192"));
    return std::unique_ptr<Reader>(new Reader(std::make_unique<Database>(std::move(*database))));
}

Result<> Reader::backup(const std::string& path) { return database_->backup(path); }

namespace {

/// A condition on a table's log_stream.
using Condition = std::string (*)(const std::string& table);

/// The logs in a group (?1), of attempts with one container and with several, by stream name. Both
/// halves come sorted out of their index.
std::string select_logs(Condition condition) {
    return "SELECT job.id, attempt.part, attempt.number, 0, log_group, log_stream,"
           " attempt.started_at FROM attempt JOIN job ON job.seq = attempt.job_seq"
           " WHERE log_group = ?1 AND log_group <> '' AND " +
           condition("attempt") +
           " UNION ALL"
           " SELECT job.id, log.part, log.number, container, log.log_group, log.log_stream,"
           " attempt.started_at FROM container_log AS log"
           " JOIN attempt ON attempt.job_seq = log.job_seq AND attempt.part = log.part"
           " AND attempt.number = log.number JOIN job ON job.seq = log.job_seq"
           " WHERE log.log_group = ?1 AND " +
           condition("log") + " ORDER BY 6";
}

void read_log(Row& row, LogStream& log) {
    std::int64_t container = 0;
    row.read(log.id.attempt.job, log.id.attempt.job.part, log.id.attempt.number, container,
             log.log_group, log.log_stream, log.started_at);
    log.id.container = static_cast<std::size_t>(container);
}

}  // namespace

Result<std::optional<LogStream>> Reader::log_by_name(const std::string& group,
                                                     const std::string& stream) {
    static const std::string sql =
        select_logs([](const std::string& table) { return table + ".log_stream = ?2"; }) +
        " LIMIT 1";
    std::optional<LogStream> found;
    auto on_row = [&](Row& row) -> Result<> {
        read_log(row, found.emplace());
        return {};
    };
    BATCHD_TRY(database_->each(sql, on_row, group, stream));
    return found;
}

Result<Page<LogStream, std::string>> Reader::log_streams(const std::string& group,
                                                         const std::string& prefix,
                                                         const std::optional<std::string>& after,
                                                         std::size_t limit) {
    static const std::string sql = select_logs([](const std::string& table) {
                                       return table +
                                              ".log_stream BETWEEN MAX(?2, ?4) AND ?3 AND " +
                                              table + ".log_stream <> ?4";
                                   }) +
                                   " LIMIT ?5";
    std::vector<LogStream> found;
    auto on_row = [&](Row& row) -> Result<> {
        read_log(row, found.emplace_back());
        return {};
    };
    // Names with the prefix stand together in the index; U+10FFFF sorts behind all that follows it.
    const std::string last = prefix + "\xf4\x8f\xbf\xbf";
    BATCHD_TRY(
        database_->each(sql, on_row, group, prefix, last, after.value_or(""), one_more(limit)));
    return make_page(std::move(found), limit, [](const LogStream& log) { return log.log_stream; });
}

Result<std::vector<std::string>> Reader::log_groups() {
    std::vector<std::string> groups;
    auto on_row = [&](Row& row) -> Result<> {
        row.read(groups.emplace_back());
        return {};
    };
    // From group to group by one search in the index each; DISTINCT would walk over all attempts.
    BATCHD_TRY(
        database_->each("WITH RECURSIVE found (name) AS (SELECT '' UNION ALL"
                        " SELECT (SELECT MIN(name) FROM ("
                        "  SELECT MIN(log_group) AS name FROM attempt WHERE log_group > found.name"
                        "  AND log_group <> '' UNION ALL"
                        "  SELECT MIN(log_group) FROM container_log WHERE log_group > found.name))"
                        " FROM found WHERE found.name IS NOT NULL)"
                        " SELECT name FROM found WHERE name <> ''",
                        on_row));
    return groups;
}

}  // namespace batchd::store
