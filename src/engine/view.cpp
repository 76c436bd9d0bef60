#include "batchd/engine/view.hpp"

#include <algorithm>

namespace batchd::engine {

std::string View::waiting_reason(const std::string& name, const model::Resources& resources,
                                 bool fargate) const {
    const auto queue = std::ranges::find(queues, name, &QueueView::name);
    if (queue == queues.end()) return {};
    const auto found = std::ranges::find_if(queue->waiting, [&](const WaitingView& waiting) {
        return waiting.resources == resources && waiting.fargate == fargate;
    });
    return found == queue->waiting.end() ? std::string{} : found->reason;
}

std::optional<model::DefinitionRow> Catalog::find(const std::string& name,
                                                  std::optional<std::int32_t> revision) const {
    const std::shared_lock lock(mutex_);
    const auto family = active_.find(name);
    if (family == active_.end() || family->second.empty()) return std::nullopt;
    if (!revision) return family->second.rbegin()->second;
    const auto found = family->second.find(*revision);
    if (found == family->second.end()) return std::nullopt;
    return found->second;
}

void Catalog::apply(const std::vector<model::DefinitionRow>& changes) {
    if (changes.empty()) return;
    const std::unique_lock lock(mutex_);
    for (const auto& row : changes) {
        if (row.active) {
            active_[row.name].insert_or_assign(row.revision, row);
        } else if (const auto family = active_.find(row.name); family != active_.end()) {
            family->second.erase(row.revision);
        }
    }
}

void Catalog::reset(const std::vector<model::DefinitionRow>& active) {
    {
        const std::unique_lock lock(mutex_);
        active_.clear();
    }
    apply(active);
}

}  // namespace batchd::engine
