#include "batchd/store/sqlite_store.hpp"

#include "batchd/base/uuid.hpp"
#include "store/apply.hpp"
#include "store/children.hpp"
#include "store/definition_retainer.hpp"
#include "store/dependents.hpp"
#include "store/load.hpp"
#include "store/migrations.hpp"
#include "store/retainer.hpp"
#include "store/rows.hpp"
#include "store/search_index.hpp"

#include <algorithm>

namespace batchd::store {
namespace {

constexpr Seconds kTendInterval{1};

/// A checkpoint every 40 MB of log instead of every 4: each page that many commits wrote reaches
/// the database file once.
constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    " PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -32768";

/// Batches of events between two looks at those that may go, and how many go then at the most.
constexpr int kPruneEvery = 64;
constexpr std::int64_t kMostPruned = 1024;

Result<std::string> read_or_make_instance_id(Database& database) {
    BATCHD_TRY(database.run("INSERT OR IGNORE INTO meta (key, value) VALUES ('instance_id', ?)",
                            to_string(make_uuid(SystemClock{}.now()))));
    auto id =
        query_value<std::string>(database, "SELECT value FROM meta WHERE key = 'instance_id'");
    if (!id) return std::unexpected(std::move(id).error());
    return id->value_or("");
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Database> database, std::string instance_id,
                         EventRetention retention)
    : database_(std::move(database)),
      index_(std::make_unique<SearchIndex>(*database_)),
      dependents_(std::make_unique<Dependents>()),
      instance_id_(std::move(instance_id)),
      retention_(retention) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       EventRetention retention) {
    auto opened = Database::open(path, Database::Access::ReadWrite);
    if (!opened) return std::unexpected(std::move(opened).error());
    auto database = std::make_unique<Database>(std::move(*opened));
    BATCHD_TRY(database->execute(kPragmas));
    BATCHD_TRY(migrate(*database));
    auto instance_id = read_or_make_instance_id(*database);
    if (!instance_id) return std::unexpected(std::move(instance_id).error());
    return std::unique_ptr<SqliteStore>(
        new SqliteStore(std::move(database), std::move(*instance_id), retention));
}

Result<> SqliteStore::commit(const ports::Changes& changes) {
    if (changes.empty()) return {};
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Write);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    BATCHD_TRY(apply(*database_, changes));
    BATCHD_TRY(prune_events(changes.news));
    BATCHD_TRY(transaction->commit());
    index_->committed(changes);
    dependents_->committed(changes);
    return {};
}

void SqliteStore::retain(Retention retention, ports::LogRemover& logs, ports::RetentionSink& sink) {
    definition_retainer_ =
        std::make_unique<DefinitionRetainer>(*database_, retention.inactive_definitions);
    retainer_ = std::make_unique<Retainer>(*database_, *index_, *dependents_, std::move(retention),
                                           logs, sink);
}

Result<Timestamp> SqliteStore::tend(Timestamp now) {
    const auto was_busy = index_->advance(now);
    if (was_busy && *was_busy) return now;
    const Timestamp later = now + kTendInterval;
    const Result<Timestamp> rest =
        was_busy ? Result<Timestamp>(later) : std::unexpected(was_busy.error());
    if (!retainer_) return rest;
    const auto jobs = retainer_->advance(now);
    const auto definitions = definition_retainer_->advance(now);
    if (!jobs) return jobs;
    if (!definitions) return definitions;
    if (!was_busy) return rest;  // a damaged row keeps nothing else
    return std::min({*jobs, *definitions, later});
}

/// A UUIDv7 begins with its time in milliseconds.
Result<bool> SqliteStore::may_have_removed(const model::JobId& id) {
    constexpr std::size_t kTimeBytes = 6;
    const auto last =
        query_value<std::int64_t>(*database_, "SELECT last_created FROM removed WHERE one = 1");
    if (!last) return std::unexpected(last.error());
    std::int64_t made_at = 0;
    for (std::size_t i = 0; i < kTimeBytes; ++i) made_at = made_at << 8 | id.uuid.bytes[i];
    return *last && made_at <= **last && id.uuid.bytes[kTimeBytes] >> 4 == 7;
}

/// Now and then, in the transaction under way, and a bounded number of rows: a commit stays short.
/// The batch that was just written stays, whatever its age and size.
Result<> SqliteStore::prune_events(const model::NewsBatch& news) {
    if (news.entries.empty() || --batches_to_prune_ > 0) return {};
    batches_to_prune_ = kPruneEvery;
    BATCHD_TRY(database_->run(
        "DELETE FROM event_batch WHERE first_seq < ?1 AND first_seq <"
        " (SELECT coalesce((SELECT first_seq FROM event_batch"
        "  WHERE first_seq + count > ?2 AND at >= ?3 ORDER BY first_seq LIMIT 1), ?1))"
        " AND first_seq < (SELECT coalesce((SELECT first_seq FROM event_batch"
        "  ORDER BY first_seq LIMIT 1 OFFSET ?4), ?1))",
        news.first_seq, news.end_seq() - retention_.events, news.at - retention_.age, kMostPruned));
    return {};
}

Result<> SqliteStore::probe() {
    BATCHD_TRY(
        database_->run("INSERT INTO meta (key, value) VALUES ('probes', '1')"
                       " ON CONFLICT (key) DO UPDATE SET value = CAST(value + 1 AS TEXT)"));
    return {};
}

Result<ports::Snapshot> SqliteStore::load() {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    auto snapshot = load_snapshot(*database_);
    if (!snapshot) return snapshot;
    dependents_->load(snapshot->jobs);
    snapshot->waiting = [this](const ports::Snapshot::VisitWaiting& visit) {
        return each_waiting_job(*database_, [&](const ports::JobRow& job, bool has_started) {
            dependents_->add(job);
            return visit(job, has_started);
        });
    };
    return snapshot;
}

Result<std::optional<model::JobState>> SqliteStore::ended_state(const model::JobId& id) {
    if (id.is_child()) {
        const auto array = read_array(*database_, id.whole());
        if (!array) return std::unexpected(array.error());
        if (!*array) return std::nullopt;
        return child_state(*database_, **array, id.index());
    }
    std::optional<model::JobState> state;
    auto on_row = [&](Row& row) -> Result<> {
        read_state(row, state.emplace());
        return {};
    };
    BATCHD_TRY(database_->each(
        "SELECT status, status_reason, attempt, started_at, stopped_at, is_cancelled, is_terminated"
        " FROM job WHERE id = ?",
        on_row, id));
    return state;
}

Result<std::vector<model::JobStatus>> SqliteStore::ended_children(const model::JobId& id) {
    const auto array = read_array(*database_, id);
    if (!array) return std::unexpected(array.error());
    if (!*array) return std::vector<model::JobStatus>{};
    return child_statuses(*database_, **array);
}

Result<bool> SqliteStore::knows_token(const std::string& client_token) {
    const auto found = query_value<std::int64_t>(
        *database_, "SELECT 1 FROM service_job WHERE client_token = ?", client_token);
    if (!found) return std::unexpected(found.error());
    return found->has_value();
}

Result<std::optional<model::RecentSubmission>> SqliteStore::find_submission(
    const std::string& key) {
    std::optional<model::RecentSubmission> found;
    auto on_row = [&](Row& row) -> Result<> {
        auto& first = found.emplace();
        first.key = {.key = key, .is_explicit = true, .request = 0};
        row.read(first.job, first.key.request, first.at);
        return {};
    };
    BATCHD_TRY(database_->each(
        "SELECT id, request_hash, created_at FROM job WHERE idempotency_key = ?", on_row, key));
    return found;
}

Result<std::shared_ptr<const model::JobSpec>> SqliteStore::job_spec(std::int64_t seq) {
    auto text =
        query_value<std::string>(*database_, "SELECT spec FROM job_spec WHERE job_seq = ?", seq);
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text) {
        return fail(ErrorKind::NotFound, "job number " + std::to_string(seq) + " is not stored");
    }
    if (!last_spec_ || **text != last_spec_text_) {
        auto spec = from_json<model::JobSpec>(**text);
        if (!spec) return std::unexpected(std::move(spec).error());
        last_spec_ = std::make_shared<const model::JobSpec>(*std::move(spec));
        last_spec_text_ = **std::move(text);
    }
    return last_spec_;
}

Result<model::StringMap> SqliteStore::task_tags(std::int64_t seq, const std::string& definition) {
    const auto own =
        query_value<std::string>(*database_, "SELECT tags FROM job WHERE seq = ?", seq);
    if (!own) return std::unexpected(own.error());
    const auto slash = definition.rfind('/');  // "arn:.../name:revision"
    const auto colon = definition.rfind(':');
    const auto inherited = query_value<std::string>(
        *database_, "SELECT tags FROM job_definition WHERE name = ? AND revision = ?",
        definition.substr(slash + 1, colon - slash - 1), definition.substr(colon + 1));
    if (!inherited) return std::unexpected(inherited.error());
    auto tags = from_json<model::StringMap>(own->value_or("{}"));
    auto more = from_json<model::StringMap>(inherited->value_or("{}"));
    if (!tags || !more) return tags ? more : tags;
    tags->merge(*more);
    return tags;
}

}  // namespace batchd::store
