// The durable state, as the engine needs it. Reading for clients is not here: see store/reader.hpp.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/changes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::ports {

/// All that the engine needs to go on after a restart. Jobs that ended are not part of it.
struct Snapshot {
    std::vector<EnvironmentRow> environments;  ///< without deleted ones
    std::vector<QueueRow> queues;              ///< without deleted ones
    std::vector<DefinitionRow> definitions;    ///< the active ones
    /// The highest revision ever given to each name, inactive ones included.
    std::vector<std::pair<std::string, std::int32_t>> last_revisions;
    std::vector<JobRow> jobs;              ///< not terminal, ascending by seq
    std::vector<model::Attempt> attempts;  ///< the newest attempt of each STARTING or RUNNING job
    /// Ended dependencies of jobs that still wait are told apart by what is missing in `jobs`;
    /// those that failed cannot be there, because failure propagates in the same transaction.
    std::int64_t next_seq = 1;
    std::int64_t next_id = 1;  ///< for environments and queues
};

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

    /// The status of a job, ended or not; nullopt if there is none of that id.
    virtual Result<std::optional<model::JobStatus>> job_status(const model::JobId& id) = 0;

    /// NotFound if the job is not stored.
    virtual Result<model::JobSpec> job_spec(std::int64_t seq) = 0;
};

}  // namespace batchd::ports
