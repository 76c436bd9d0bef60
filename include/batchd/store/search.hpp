// A search over all jobs, live and ended: what is asked, and what is found.
//
// It is answered from an index of blocks of 4096 jobs, by seq: for each term (a queue, a name, a
// tag ...) the set of the block's jobs that have it, so that a block costs a few lookups whatever
// is combined. SqliteStore::tend builds it behind the writer's back; jobs that it has not come to
// yet are looked at one by one. docs/architecture.md says why.
#pragma once

#include "batchd/store/reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace batchd::store {

/// All that is set must hold. Names compare byte by byte.
struct SearchQuery {
    std::optional<std::string> queue = {};        ///< name
    std::vector<model::JobStatus> statuses = {};  ///< one of them; empty: any
    std::optional<JobFilter::Name> name = {};
    std::optional<JobFilter::Name> image = {};
    std::optional<JobFilter::Name> definition = {};  ///< of "name:revision"
    std::vector<std::pair<std::string, std::string>> tags = {};
    std::optional<std::int32_t> exit_code =
        {};                                     ///< of the newest attempt; only ended jobs have one
    std::optional<Timestamp> since = {};        ///< createdAt, inclusive
    std::optional<Timestamp> until = {};        ///< createdAt, exclusive
    std::optional<Timestamp> ended_since = {};  ///< stoppedAt of an ended job, inclusive
    bool oldest_first = false;
    std::optional<std::int64_t> after = {};  ///< cursor: seq of the last job of the page before
    std::size_t limit = 100;
};

/// Arrays and multi-node jobs as one.
struct FoundJob {
    std::int64_t seq = 0;
    model::JobId id;
    std::string name;
    std::string queue;  ///< name
    Timestamp created_at;
    model::JobState state;
    model::Shape shape;
    std::int32_t array_size = 0;
    model::ArrayProgress array;             ///< of a PENDING array
    std::optional<std::int32_t> exit_code;  ///< of the newest attempt
    std::string image;                      ///< of its first container
    std::string tags;                       ///< JSON object
};

using SearchPage = Page<FoundJob, std::int64_t>;

}  // namespace batchd::store
