// Removes INACTIVE revisions of job definitions that are past their time, a few at a time. Belongs
// to the writer's thread.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace batchd::store {

class DefinitionRetainer {
  public:
    /// `age` is from the deregistration on; 0: nothing is removed. The database must outlive it.
    DefinitionRetainer(Database& database, Seconds age) : database_(database), age_(age) {}

    /// One slice of work. Gives the time of the next one.
    Result<Timestamp> advance(Timestamp now);

  private:
    /// When it was deregistered, and its rowid.
    struct Place {
        Timestamp at{};
        std::int64_t row = 0;
    };

    Result<> choose(Timestamp now);
    Result<bool> spare_used();
    Result<> remove();

    Database& database_;
    Seconds age_;
    std::optional<Timestamp> next_pass_{};
    std::optional<Place> chosen_to_{};  ///< of the pass under way
    std::set<std::pair<std::string, std::int32_t>> doomed_;
    std::int64_t looked_to_ = 0;  ///< seq of the last job that was asked whether it needs one
};

}  // namespace batchd::store
