// The durable state, as the engine needs it. Reading for clients is not here: see store/reader.hpp.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/changes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::ports {

/// Owned by the engine's thread; not thread-safe.
class Store {
  public:
    virtual ~Store() = default;

    /// Applies all changes and makes them durable (SQLite: one transaction, synchronous=FULL), or
    /// changes nothing. Unavailable when the disk refuses (full, I/O error), Internal otherwise.
    virtual Result<> commit(const Changes& changes) = 0;

    /// Whether the disk takes writes again after a failed commit: a real, durable write.
    virtual Result<> probe() = 0;

    virtual Result<Snapshot> load() = 0;

    /// How a job or child that is not live any more has ended; nullopt if there is none of that id.
    virtual Result<std::optional<model::JobState>> ended_state(const model::JobId& id) = 0;

    /// By index, how the children of an array ended; empty if the job is no array or is not stored.
    virtual Result<std::vector<model::JobStatus>> ended_children(const model::JobId& array) = 0;

    /// Whether a service job was submitted with that clientToken.
    virtual Result<bool> knows_token(const std::string& client_token) = 0;

    /// The job that was submitted with that key of the client's own (model::SubmissionKey).
    virtual Result<std::optional<model::RecentSubmission>> find_submission(
        const std::string& key) = 0;

    /// NotFound if the job is not stored.
    virtual Result<std::shared_ptr<const model::JobSpec>> job_spec(std::int64_t seq) = 0;

    /// Those that the job's tasks get with propagateTags: its own and its definition's, whose ARN
    /// with revision is given; the job's stand above.
    virtual Result<model::StringMap> task_tags(std::int64_t seq, const std::string& definition) = 0;

    /// A few milliseconds of housekeeping, for when nobody waits. Gives the time of the next one:
    /// `now` if there is more to do. It changes nothing that load() gives.
    virtual Result<Timestamp> tend(Timestamp now) = 0;

    /// Whether a job that is not stored may have been: whether jobs as old as its id were removed.
    virtual Result<bool> may_have_removed(const model::JobId& id) = 0;
};

}  // namespace batchd::ports
