// The durable state on SQLite: what the engine writes, and reads again at its start.
//
// One thread at a time (the engine's). That no other process writes the file is the caller's to
// ensure. Clients read through store/reader.hpp.
#pragma once

#include "batchd/ports/retention.hpp"
#include "batchd/ports/store.hpp"
#include "batchd/store/retention.hpp"

#include <memory>
#include <string>

namespace batchd::store {

class Database;
class SearchIndex;
class Dependents;
class DefinitionRetainer;
class Retainer;

/// Which events are kept for those who read the feed later: whatever one of the two asks to drop
/// goes, a commit at a time, some commits later.
struct EventRetention {
    std::int64_t events = 1'000'000;
    Seconds age = std::chrono::hours{24 * 30};
};

class SqliteStore final : public ports::Store {
  public:
    /// Opens the database file at `path`, makes it if there is none, and brings its schema up to
    /// date. Unavailable, with the file's name, if it cannot be opened or written, is damaged or no
    /// database; Conflict if a newer batchd wrote it.
    static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                     EventRetention retention = {});
    ~SqliteStore() override;

    /// Which ended jobs and job definitions tend() removes; before, it removes none. Logs are
    /// removed first, so that none is left over. `logs` and `sink` must outlive the store.
    void retain(Retention retention, ports::LogRemover& logs, ports::RetentionSink& sink);

    /// A random UUID as text, given once to this database.
    const std::string& instance_id() const { return instance_id_; }

    /// A failed commit changes nothing and leaves the store usable. An update of a job that is not
    /// stored is Internal; a tag patch for a resource that does not exist is ignored.
    Result<> commit(const ports::Changes& changes) override;
    /// Brings the search index up to date (store/search.hpp), and removes jobs once retain() said
    /// which, and the live ones are known from load().
    Result<Timestamp> tend(Timestamp now) override;
    Result<bool> may_have_removed(const model::JobId& id) override;
    Result<> probe() override;
    Result<ports::Snapshot> load() override;
    Result<std::optional<model::JobState>> ended_state(const model::JobId& id) override;
    Result<std::vector<model::JobStatus>> ended_children(const model::JobId& id) override;
    Result<bool> knows_token(const std::string& client_token) override;
    Result<std::optional<model::RecentSubmission>> find_submission(const std::string& key) override;
    /// Children of an array and jobs that are alike come one after another: the last one is kept.
    Result<std::shared_ptr<const model::JobSpec>> job_spec(std::int64_t seq) override;
    Result<model::StringMap> task_tags(std::int64_t seq, const std::string& definition) override;

  private:
    SqliteStore(std::unique_ptr<Database> database, std::string instance_id,
                EventRetention retention);
    Result<> prune_events(const model::NewsBatch& news);

    std::unique_ptr<Database> database_;
    std::unique_ptr<SearchIndex> index_;
    std::unique_ptr<Dependents> dependents_;
    std::unique_ptr<Retainer> retainer_;
    std::unique_ptr<DefinitionRetainer> definition_retainer_;
    std::string instance_id_;
    std::string last_spec_text_;
    std::shared_ptr<const model::JobSpec> last_spec_;
    EventRetention retention_;
    int batches_to_prune_ = 0;  ///< so many more, then events are pruned
};

}  // namespace batchd::store
