// Removes ended jobs that are past their time, a few at a time. Belongs to the writer's thread.
#pragma once

#include "batchd/ports/changes.hpp"
#include "batchd/ports/retention.hpp"
#include "batchd/store/retention.hpp"
#include "store/database.hpp"
#include "store/dependents.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::store {

class SearchIndex;

class Retainer {
  public:
    /// All must outlive the retainer.
    Retainer(Database& database, SearchIndex& index, const Dependents& dependents,
             Retention retention, ports::LogRemover& logs, ports::RetentionSink& sink);

    /// One slice of work. Gives the time of the next one.
    Result<Timestamp> advance(Timestamp now);

  private:
    using Reason = ports::RetentionSink::Reason;

    /// Jobs of one queue with one outcome that ended before a time; or, by size, of all queues.
    struct Hunt {
        std::int64_t queue_id = 0;
        model::JobStatus status{};
        Timestamp ended_before{};
        Reason reason = Reason::Age;
    };
    struct Doomed {
        std::int64_t seq = 0;
        model::JobId id{};
        std::string queue{};
        model::JobStatus status{};
        Reason reason = Reason::Age;
    };

    Result<> begin_pass(Timestamp now);
    Result<> add_hunts(Timestamp now);
    Result<> measure(Timestamp now);
    Result<> hunt(Timestamp now);
    Result<> hunt_by_age(const Hunt& hunt);
    Result<> hunt_by_size();
    Result<> choose_logs();
    Result<> remove();
    Result<> spare_needed();
    Result<bool> remove_job(const Doomed& job);

    Database& database_;
    SearchIndex& index_;
    const Dependents& dependents_;
    Retention retention_;
    ports::LogRemover& logs_;
    ports::RetentionSink& sink_;

    std::optional<Timestamp> next_pass_{};
    Milliseconds pass_interval_{};
    std::vector<Hunt> hunts_;  ///< of this pass; the last one is under way
    std::int64_t cursor_ = 0;  ///< of that one: the last seq it looked at
    std::vector<Doomed> doomed_;
    bool logs_are_chosen_ = false;
    std::vector<ports::AttemptPut> attempts_;  ///< of doomed jobs, whose logs are being removed
    std::int64_t bytes_ = 0;
    std::optional<Timestamp> warned_at_;
};

}  // namespace batchd::store
