// What clients may ask of the stored state, on a read-only connection: a query sees every commit
// that returned before it, and never holds up the writer.
//
// A Reader belongs to one thread at a time; see reader_pool.hpp to share some. The SqliteStore of
// the file must have been opened before. Errors are Unavailable or Internal, as in
// sqlite_store.hpp.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/changes.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace batchd::store {

class Database;
struct SearchQuery;
struct FoundJob;

/// At most as many items as asked for; `next` is the cursor that continues after them, absent at
/// the end. Cursors are keys, so that rows which come or go between two pages shift nothing.
template <class Item, class Cursor>
struct Page {
    std::vector<Item> items;
    std::optional<Cursor> next;
};

/// A job with all that DescribeJobs shows.
struct JobDetail {
    std::int64_t seq = 0;
    model::JobId id;
    std::string queue;  ///< name
    std::string name;
    Timestamp created_at;
    model::JobState state;
    model::Shape shape;
    std::int32_t array_size = 0;  ///< of an array, or of the one whose child the job is
    model::ArrayProgress array;   ///< of an array
    std::int32_t main_node = 0;   ///< of a multi-node job, also if this is a node
    std::optional<model::JobOptions> options = {};
    /// model::JobSpec as JSON; of a node as model::spec_of_node gives it.
    std::string spec;
    std::string tags;  ///< JSON object
    /// Ascending by number; of a multi-node job those of its main node.
    std::vector<model::Attempt> attempts;
};

/// A job as ListJobs shows it.
struct JobSummary {
    std::int64_t seq = 0;
    model::JobId id;
    std::string name;
    std::string definition_name;
    std::int32_t definition_revision = 0;
    Timestamp created_at;
    model::JobState state;
    std::string share;
    model::Shape shape;
    std::int32_t array_size = 0;            ///< of an array
    model::ArrayProgress array;             ///< of an array
    std::int32_t main_node = 0;             ///< if this is a node
    std::optional<std::int32_t> exit_code;  ///< of the newest attempt
    std::string reason;                     ///< of the newest attempt's container
};

/// A job that asks for a consumable resource.
struct ConsumerSummary {
    std::int64_t seq = 0;
    model::JobId id;
    std::string queue;  ///< name
    std::string name;
    std::string definition_name;
    std::int32_t definition_revision = 0;
    Timestamp created_at;
    std::string share;
    model::Shape shape;
    model::JobState state;
    model::ArrayProgress array;  ///< of a PENDING array
    std::int64_t quantity = 0;
};

struct ConsumerFilter {
    std::optional<model::JobStatus> status;
    std::optional<std::string> name;  ///< as JobFilter::name, with '*' at its end a prefix
};

/// Where a container's output is, in CloudWatch Logs' words and in ours.
struct LogStream {
    model::LogId id;
    std::string log_group;
    std::string log_stream;
    std::optional<Timestamp> started_at;  ///< of the attempt
};

/// Which jobs of a queue ListJobs shows, whatever their status; what is not set is not asked.
struct JobFilter {
    /// A whole name, or with `is_prefix` its beginning.
    struct Name {
        std::string text;
        bool is_prefix = false;
    };
    std::optional<Name> name;  ///< without regard to case (ASCII)
    std::optional<Name> definition_name;
    std::optional<std::int32_t> definition_revision;
    std::optional<Timestamp> created_before;  ///< exclusive
    std::optional<Timestamp> created_after;   ///< exclusive
    std::optional<std::string> share;
    std::optional<model::JobStatus> status;
};

struct EnvironmentDetail {
    ports::EnvironmentRow row;
    std::string tags;  ///< JSON object
};

struct QueueDetail {
    ports::QueueRow row;
    std::string tags;  ///< JSON object
};

struct DefinitionDetail {
    ports::DefinitionRow row;
    std::string tags;  ///< JSON object
};

struct ResourceDetail {
    ports::ResourceRow row;
    std::string tags;  ///< JSON object
};

struct ResourceFilter {
    ports::ResourceKind kind = ports::ResourceKind::SchedulingPolicy;
    std::vector<std::string> names;  ///< if not empty, the only ones asked for
    /// If not empty, only names that match one of them: case does not count, and '*' at the end
    /// stands for whatever follows.
    std::vector<std::string> patterns;
    std::string prefix = {};  ///< only names that begin with it
};

struct ServiceJobDetail {
    ports::ServiceJobRow row;
    std::string queue;  ///< name
    std::string tags;   ///< JSON object
};

/// Which service jobs of a queue to list; what is not set is not asked.
struct ServiceJobFilter {
    std::optional<bool> has_ended;
    std::optional<JobFilter::Name> name;      ///< without regard to case (ASCII)
    std::optional<Timestamp> created_before;  ///< exclusive
    std::optional<Timestamp> created_after;   ///< exclusive
    std::optional<std::string> share_identifier;
    std::optional<std::string> quota_share_name;
};

/// (name, revision)
using DefinitionKey = std::pair<std::string, std::int32_t>;

struct DefinitionFilter {
    /// If not empty, the only ones asked for; without a revision all of that name.
    std::vector<std::pair<std::string, std::optional<std::int32_t>>> only;
    std::optional<std::string> name;
    std::optional<bool> active;
};

struct UsageQuery {
    enum class By { Queue, ComputeEnvironment, JobName, Job, Tag };
    By by = By::Queue;
    std::string tag;                   ///< the key; by tag
    std::optional<std::string> queue;  ///< by name: of its jobs only
    Timestamp since;                   ///< of attempts, what lies between
    Timestamp until;
    std::size_t limit = 0;
};

/// Of the attempts that share a key.
struct Usage {
    std::string key;  ///< a name, a job's id, a tag's value; empty without the tag
    std::int64_t attempts = 0;
    double hours = 0;     ///< for which they ran
    double cost_usd = 0;  ///< of those whose price is known
    /// By compute environment of instances: their own hours and cost, idle time included.
    std::optional<double> instance_hours;
    std::optional<double> instance_cost_usd;
};

/// Some of the event feed.
struct NewsPage {
    /// Those that hold an event after the one asked for, and perhaps some before it; in order.
    std::vector<model::NewsBatch> batches;
    std::int64_t oldest = 1;  ///< the number of the oldest event that is kept
    std::int64_t newest = 0;  ///< of the last one
};

class Reader {
  public:
    static Result<std::unique_ptr<Reader>> open(const std::string& path);
    ~Reader();

    /// In the order of `ids`; unknown ids are left out, repeated ones repeated. One consistent
    /// moment for all.
    Result<std::vector<JobDetail>> jobs(std::span<const model::JobId> ids);

    /// Newest first. `before` is a cursor: the seq of the last job of the page before.
    Result<Page<JobSummary, std::int64_t>> list_jobs(std::int64_t queue_id, model::JobStatus status,
                                                     std::optional<std::int64_t> before,
                                                     std::size_t limit);

    /// As list_jobs, by filter instead of status.
    Result<Page<JobSummary, std::int64_t>> filter_jobs(std::int64_t queue_id,
                                                       const JobFilter& filter,
                                                       std::optional<std::int64_t> before,
                                                       std::size_t limit);

    /// In order of submission; see store/search.hpp.
    Result<Page<FoundJob, std::int64_t>> search(const SearchQuery& query);

    /// The children of an array with that status, ascending by index; empty if the job is no array.
    /// `after` is the last index of the page before.
    Result<Page<JobSummary, std::int32_t>> list_children(const model::JobId& array,
                                                         model::JobStatus status,
                                                         std::optional<std::int32_t> after,
                                                         std::size_t limit);

    /// The same for the nodes of a multi-node job.
    Result<Page<JobSummary, std::int32_t>> list_nodes(const model::JobId& job,
                                                      model::JobStatus status,
                                                      std::optional<std::int32_t> after,
                                                      std::size_t limit);

    /// Newest first, arrays as one; by the resource's name.
    Result<Page<ConsumerSummary, std::int64_t>> list_consumers(const std::string& consumable,
                                                               const ConsumerFilter& filter,
                                                               std::optional<std::int64_t> before,
                                                               std::size_t limit);

    Result<std::optional<ServiceJobDetail>> service_job(const model::JobId& id);
    /// Newest first. `before` is a cursor: the seq of the last one of the page before.
    Result<Page<ServiceJobDetail, std::int64_t>> service_jobs(std::int64_t queue_id,
                                                              const ServiceJobFilter& filter,
                                                              std::optional<std::int64_t> before,
                                                              std::size_t limit);

    /// A job, child or node as it was with that state: what the stored one has become since is not
    /// part of it. Costs the same for a child of a large array. nullopt if the job is not stored.
    Result<std::optional<JobDetail>> job_as(const model::JobId& id, const model::JobState& state);

    /// Events after the one of that number, batches of about `limit` events in all.
    Result<NewsPage> news(std::int64_t after, std::int64_t limit);

    /// By name.
    Result<std::vector<model::WebhookRow>> webhooks();
    /// What was given up, by number. `after` is a cursor: the first_seq of the last one of the page
    /// before.
    Result<Page<model::UndeliveredRow, std::int64_t>> undelivered(const std::string& webhook,
                                                                  std::int64_t after,
                                                                  std::size_t limit);

    /// Also of a child.
    Result<std::optional<model::JobStatus>> job_status(const model::JobId& id);
    /// Ascending by number; empty for an unknown job.
    Result<std::vector<model::Attempt>> attempts(const model::JobId& id);

    /// nullopt if there is none of that name or it was deleted.
    Result<std::optional<QueueDetail>> queue_by_name(const std::string& name);

    /// Those of `names` (empty: all) that exist and were not deleted, by name. `after` is a cursor:
    /// the last name of the page before.
    Result<Page<EnvironmentDetail, std::string>> environments(
        const std::vector<std::string>& names, const std::optional<std::string>& after,
        std::size_t limit);
    Result<Page<QueueDetail, std::string>> queues(const std::vector<std::string>& names,
                                                  const std::optional<std::string>& after,
                                                  std::size_t limit);

    /// The job that was submitted with that key of the client's own (model::SubmissionKey).
    Result<std::optional<model::JobId>> submission(const std::string& key);

    /// By name, as above.
    Result<Page<ResourceDetail, std::string>> resources(const ResourceFilter& filter,
                                                        const std::optional<std::string>& after,
                                                        std::size_t limit);

    /// By name, the newest revision of a name first. `after` is the last key of the page before.
    Result<Page<DefinitionDetail, DefinitionKey>> definitions(
        const DefinitionFilter& filter, const std::optional<DefinitionKey>& after,
        std::size_t limit);
    /// Of those that were deregistered after that time; without `revision` the newest.
    Result<std::optional<DefinitionDetail>> inactive_definition(
        const std::string& name, std::optional<std::int32_t> revision, Timestamp after);

    /// What the scaling plan decided for an environment, the newest first; `before` continues a
    /// page from its last id. Empty if there is no such environment.
    Result<Page<model::DecisionRow, std::int64_t>> decisions(const std::string& environment,
                                                             std::optional<std::int64_t> before,
                                                             std::size_t limit);

    /// What attempts cost, the most expensive first.
    Result<std::vector<Usage>> usage(const UsageQuery& query);

    /// JSON object; nullopt if the resource does not exist or was deleted. Inactive definitions
    /// exist.
    Result<std::optional<std::string>> tags(const ports::ResourceKey& key);

    Result<std::optional<LogStream>> log_by_name(const std::string& group,
                                                 const std::string& stream);
    /// The streams whose names begin with `prefix`, by name. `after` is the last
    /// name of the page before.
    Result<Page<LogStream, std::string>> log_streams(const std::string& group,
                                                     const std::string& prefix,
                                                     const std::optional<std::string>& after,
                                                     std::size_t limit);
    /// Ascending.
    Result<std::vector<std::string>> log_groups();

    /// Copies the database, as it stands now, into a new file. Conflict if the file exists.
    Result<> backup(const std::string& path);

  private:
    explicit Reader(std::unique_ptr<Database> database);

    std::unique_ptr<Database> database_;
};

}  // namespace batchd::store
