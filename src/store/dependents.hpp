// Which jobs live ones wait for or waited for: those must stay. Belongs to the writer's thread.
#pragma once

#include "batchd/ports/changes.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace batchd::store {

class Dependents {
  public:
    /// Begins anew with these jobs.
    void load(const std::vector<ports::JobRow>& jobs);
    void add(const ports::JobRow& job);
    void committed(const ports::Changes& changes);

    /// Whether load() was called: before, nothing is known.
    bool are_known() const { return are_known_; }
    /// Whether a live job names it, or a child of it, in dependsOn.
    bool has(const model::JobId& id) const { return counts_.contains(id.uuid); }

  private:
    void remove(std::int64_t seq);

    bool are_known_ = false;
    std::unordered_map<std::int64_t, std::vector<Uuid>> by_job_;
    std::unordered_map<Uuid, std::int64_t> counts_;
};

}  // namespace batchd::store
