#include "store/retainer.hpp"

#include "batchd/base/duration.hpp"
#include "batchd/base/log.hpp"
#include "store/rows.hpp"
#include "store/search_index.hpp"

#include <algorithm>
#include <utility>

namespace batchd::store {
namespace {

constexpr Seconds kLongestInterval{60};
constexpr Seconds kShortestInterval{1};
/// While logs are removed elsewhere.
constexpr Milliseconds kLookAtLogs{5};
/// What one transaction may remove, and one slice look at.
constexpr std::size_t kJobsPerSlice = 64;
constexpr std::int64_t kAttemptsPerSlice = 256;
constexpr std::int64_t kChildrenPerSlice = 1000;
constexpr std::int64_t kLookedAtPerSlice = 500;
/// Of the largest size: from where on the log warns, and to where the oldest jobs are removed.
constexpr double kWarnAt = 0.8;
constexpr double kShrinkTo = 0.95;
constexpr std::chrono::hours kWarnInterval{1};

constexpr const char* kSucceededTag = "batchd:retain-succeeded";
constexpr const char* kFailedTag = "batchd:retain-failed";

/// The queue's tag, its entry in the configuration, or what holds for all; none: for ever.
std::optional<Seconds> age_of(const model::StringMap& tags, const char* tag,
                              std::optional<Seconds> of_queue, std::optional<Seconds> of_all) {
    const auto tagged = tags.find(tag);
    std::optional<Seconds> age;
    if (tagged != tags.end()) age = parse_duration(tagged->second);
    const bool is_for_ever = tagged != tags.end() && tagged->second == "0";
    if (!age && !is_for_ever) age = of_queue ? of_queue : of_all;
    return age && *age > Seconds{0} ? age : std::nullopt;
}

double part_of(std::int64_t bytes, double part) { return static_cast<double>(bytes) * part; }

}  // namespace

Retainer::Retainer(Database& database, SearchIndex& index, const Dependents& dependents,
                   Retention retention, ports::LogRemover& logs, ports::RetentionSink& sink)
    : database_(database),
      index_(index),
      dependents_(dependents),
      retention_(std::move(retention)),
      logs_(logs),
      sink_(sink) {}

Result<Timestamp> Retainer::advance(Timestamp now) {
    if (!dependents_.are_known()) return now + kShortestInterval;
    if (!doomed_.empty()) {
        if (!logs_are_chosen_) {
            BATCHD_TRY(choose_logs());
        } else if (logs_.is_idle()) {
            BATCHD_TRY(remove());
        } else {
            return now + kLookAtLogs;
        }
        return now;
    }
    if (!hunts_.empty()) {
        BATCHD_TRY(hunt(now));
        return now;
    }
    if (next_pass_ && now < *next_pass_) return *next_pass_;
    BATCHD_TRY(begin_pass(now));
    next_pass_ = now + pass_interval_;
    return hunts_.empty() ? *next_pass_ : now;
}

Result<> Retainer::begin_pass(Timestamp now) {
    hunts_.clear();
    cursor_ = 0;
    pass_interval_ = kLongestInterval;
    BATCHD_TRY(measure(now));
    BATCHD_TRY(add_hunts(now));
    if (retention_.max_bytes > 0 && bytes_ > retention_.max_bytes) {
        // The last: what goes by its age may make the room.
        hunts_.insert(hunts_.begin(), Hunt{.reason = Reason::Size});
    }
    return {};
}

Result<> Retainer::add_hunts(Timestamp now) {
    auto on_row = [&](Row& row) -> Result<> {
        std::int64_t id = 0;
        std::string name;
        std::string tag_text;
        row.read(id, name, tag_text);
        const auto tags = from_json<model::StringMap>(tag_text);
        if (!tags) return std::unexpected(tags.error());
        const auto found = retention_.queues.find(name);
        const auto of_queue = found == retention_.queues.end() ? Retention::Ages{} : found->second;
        const auto add = [&](model::JobStatus status, std::optional<Seconds> age) {
            if (!age) return;
            hunts_.push_back({.queue_id = id, .status = status, .ended_before = now - *age});
            pass_interval_ = std::max<Milliseconds>(
                std::min<Milliseconds>(pass_interval_, *age / 4), kShortestInterval);
        };
        add(model::JobStatus::Succeeded,
            age_of(*tags, kSucceededTag, of_queue.succeeded, retention_.ages.succeeded));
        add(model::JobStatus::Failed,
            age_of(*tags, kFailedTag, of_queue.failed, retention_.ages.failed));
        return {};
    };
    return database_.each("SELECT id, name, tags FROM job_queue", on_row);
}

Result<> Retainer::measure(Timestamp now) {
    std::int64_t pages = 0;
    std::int64_t free_pages = 0;
    std::int64_t page_bytes = 0;
    const auto read = [&](std::string_view pragma, std::int64_t& value) {
        return database_.each(pragma, [&](Row& row) -> Result<> {
            row.read(value);
            return {};
        });
    };
    BATCHD_TRY(read("PRAGMA page_count", pages));
    BATCHD_TRY(read("PRAGMA freelist_count", free_pages));
    BATCHD_TRY(read("PRAGMA page_size", page_bytes));
    bytes_ = (pages - free_pages) * page_bytes;
    sink_.database_measured(bytes_, retention_.max_bytes);
    const auto max = retention_.max_bytes;
    const bool is_near = max > 0 && static_cast<double>(bytes_) > part_of(max, kWarnAt);
    if (is_near && (!warned_at_ || now - *warned_at_ >= kWarnInterval)) {
        log::warn(
            "the database holds {} MiB of at most {} (retention.max_database_mib); above it the "
            "oldest ended jobs are removed",
            bytes_ >> 20, max >> 20);
        warned_at_ = now;
    }
    return {};
}

Result<> Retainer::hunt(Timestamp now) {
    const Hunt hunt = hunts_.back();
    if (hunt.reason == Reason::Age) return hunt_by_age(hunt);
    BATCHD_TRY(measure(now));
    if (static_cast<double>(bytes_) > part_of(retention_.max_bytes, kShrinkTo)) {
        return hunt_by_size();
    }
    hunts_.pop_back();
    return {};
}

/// In order of submission; what was submitted too late cannot have ended before.
Result<> Retainer::hunt_by_age(const Hunt& hunt) {
    std::int64_t looked_at = 0;
    bool is_over = false;
    auto on_row = [&](Row& row) -> Result<> {
        Doomed job{.status = hunt.status, .reason = hunt.reason};
        Timestamp created_at;
        std::optional<Timestamp> stopped_at;
        row.read(job.seq, job.id, job.queue, created_at, stopped_at);
        ++looked_at;
        is_over = is_over || created_at > hunt.ended_before || doomed_.size() == kJobsPerSlice;
        if (is_over) return {};
        cursor_ = job.seq;
        if (stopped_at.value_or(created_at) > hunt.ended_before) return {};
        if (!dependents_.has(job.id)) doomed_.push_back(std::move(job));
        return {};
    };
    BATCHD_TRY(database_.each(
        "SELECT job.seq, job.id, job_queue.name, job.created_at, job.stopped_at FROM job"
        " JOIN job_queue ON job_queue.id = job.queue_id"
        " WHERE job.queue_id = ? AND job.status = ? AND job.seq > ? ORDER BY job.seq LIMIT ?",
        on_row, hunt.queue_id, hunt.status, cursor_, kLookedAtPerSlice));
    const bool is_done =
        (is_over && doomed_.size() < kJobsPerSlice) || (!is_over && looked_at < kLookedAtPerSlice);
    if (!is_done) return {};
    hunts_.pop_back();
    cursor_ = 0;
    return {};
}

/// The oldest ended jobs of all.
Result<> Retainer::hunt_by_size() {
    std::int64_t looked_at = 0;
    auto on_row = [&](Row& row) -> Result<> {
        Doomed job{.reason = Reason::Size};
        row.read(job.seq, job.id, job.queue, job.status);
        ++looked_at;
        if (doomed_.size() == kJobsPerSlice) return {};
        cursor_ = job.seq;
        if (model::is_terminal(job.status) && !dependents_.has(job.id)) {
            doomed_.push_back(std::move(job));
        }
        return {};
    };
    BATCHD_TRY(database_.each(
        "SELECT job.seq, job.id, job_queue.name, job.status FROM job"
        " JOIN job_queue ON job_queue.id = job.queue_id WHERE job.seq > ? ORDER BY job.seq LIMIT ?",
        on_row, cursor_, kLookedAtPerSlice));
    if (doomed_.empty() && looked_at < kLookedAtPerSlice) hunts_.pop_back();
    return {};
}

/// The logs go before the rows: after a crash between the two the rows are found again.
Result<> Retainer::choose_logs() {
    attempts_.clear();
    std::vector<model::LogId> logs;
    for (const Doomed& job : doomed_) {
        auto on_row = [&](Row& row) -> Result<> {
            auto& put = attempts_.emplace_back();
            put.job_seq = job.seq;
            put.attempt.id.job = job.id;
            BATCHD_TRY(read_attempt(row, put.attempt));
            const std::size_t count = std::max<std::size_t>(put.attempt.containers.size(), 1);
            for (std::size_t i = 0; i < count; ++i) logs.emplace_back(put.attempt.id, i);
            return {};
        };
        static const std::string sql = "SELECT " + std::string(kAttemptColumns) +
                                       " FROM attempt WHERE job_seq = ?"
                                       " ORDER BY part, number LIMIT ?";
        const auto room = kAttemptsPerSlice - static_cast<std::int64_t>(attempts_.size());
        if (room > 0) BATCHD_TRY(database_.each(sql, on_row, job.seq, room));
    }
    logs_.remove(std::move(logs));
    logs_are_chosen_ = true;
    return {};
}

/// The attempts whose logs are gone, then those jobs that have no more of them.
Result<> Retainer::remove() {
    logs_are_chosen_ = false;
    auto transaction = Transaction::begin(database_, Transaction::Kind::Write);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    BATCHD_TRY(spare_needed());
    for (const auto& [seq, attempt, what] : attempts_) {
        for (const auto& container : attempt.containers) {
            BATCHD_TRY(
                database_.run("DELETE FROM container_log WHERE log_group = ? AND log_stream = ?",
                              container.log_group, container.log_stream));
        }
        BATCHD_TRY(
            database_.run("DELETE FROM attempt WHERE job_seq = ? AND part = ? AND number = ?", seq,
                          attempt.id.job.part, attempt.id.number));
    }
    std::vector<Doomed> left;
    std::vector<Doomed> removed;
    for (const Doomed& job : doomed_) {
        const auto is_gone = remove_job(job);
        if (!is_gone) return std::unexpected(is_gone.error());
        (*is_gone ? removed : left).push_back(job);
    }
    BATCHD_TRY(transaction->commit());
    for (const Doomed& job : removed) sink_.job_removed(job.queue, job.status, job.reason);
    doomed_ = std::move(left);
    return {};
}

/// Of those that were chosen: a live job may name one by now, or it is run again.
Result<> Retainer::spare_needed() {
    for (auto job = doomed_.begin(); job != doomed_.end();) {
        const auto status = query_value<model::JobStatus>(
            database_, "SELECT status FROM job WHERE seq = ?", job->seq);
        if (!status) return std::unexpected(status.error());
        const bool goes = *status && model::is_terminal(**status) && !dependents_.has(job->id);
        if (goes) {
            ++job;
            continue;
        }
        std::erase_if(attempts_, [&](const auto& put) { return put.job_seq == job->seq; });
        job = doomed_.erase(job);
    }
    return {};
}

/// False if more than a slice hangs on it: the next slice goes on.
Result<bool> Retainer::remove_job(const Doomed& job) {
    const auto attempts = query_value<std::int64_t>(
        database_, "SELECT 1 FROM attempt WHERE job_seq = ? LIMIT 1", job.seq);
    if (!attempts || *attempts)
        return attempts ? Result<bool>(false) : std::unexpected(attempts.error());
    const auto children = database_.run(
        "DELETE FROM child WHERE job_seq = ?1 AND part IN"
        " (SELECT part FROM child WHERE job_seq = ?1 LIMIT ?2)",
        job.seq, kChildrenPerSlice);
    if (!children || *children == kChildrenPerSlice) {
        return children ? Result<bool>(false) : std::unexpected(children.error());
    }
    for (const auto* table : {"array", "job_spec", "job_consumable"}) {
        BATCHD_TRY(
            database_.run(std::string("DELETE FROM ") + table + " WHERE job_seq = ?", job.seq));
    }
    // Its seq is never used again, and who names its id is told that it is gone.
    BATCHD_TRY(database_.run(
        "INSERT INTO removed (one, last_seq, last_created) SELECT 1, seq, created_at FROM job"
        " WHERE seq = ? ON CONFLICT (one) DO UPDATE SET last_seq = max(last_seq, "
        "excluded.last_seq),"
        " last_created = max(last_created, excluded.last_created)",
        job.seq));
    BATCHD_TRY(index_.remove(job.seq));
    BATCHD_TRY(database_.run("DELETE FROM job WHERE seq = ?", job.seq));
    return true;
}

}  // namespace batchd::store
