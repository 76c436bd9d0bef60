#include "store/dependents.hpp"

namespace batchd::store {

void Dependents::load(const std::vector<ports::JobRow>& jobs) {
    by_job_.clear();
    counts_.clear();
    for (const auto& job : jobs) add(job);
    are_known_ = true;
}

void Dependents::committed(const ports::Changes& changes) {
    for (const auto& insert : changes.new_jobs) add(insert.row);
    for (const auto& update : changes.jobs) {
        if (model::is_terminal(update.state.status)) remove(update.seq);
    }
}

void Dependents::add(const ports::JobRow& job) {
    if (job.traits.depends_on.empty() || model::is_terminal(job.state.status)) return;
    auto& list = by_job_[job.seq];
    for (const auto& dependency : job.traits.depends_on) {
        list.push_back(dependency.id.uuid);
        ++counts_[dependency.id.uuid];
    }
}

void Dependents::remove(std::int64_t seq) {
    const auto job = by_job_.extract(seq);
    if (!job) return;
    for (const auto& uuid : job.mapped()) {
        const auto count = counts_.find(uuid);
        if (--count->second == 0) counts_.erase(count);
    }
}

}  // namespace batchd::store
