#include "batchd/core/state.hpp"

namespace batchd::core {

std::optional<JobIndex> State::find_job(const model::JobId& id) const {
    const auto found = job_index.find(id);
    if (found == job_index.end()) return std::nullopt;
    return found->second;
}

// Queues and environments are few.

std::optional<QueueIndex> State::find_queue(const std::string& name) const {
    for (std::uint32_t i = 0; i < queues.size(); ++i) {
        const auto& row = queues[i].row;
        if (row.status != "DELETED" && row.document.job_queue_name == name) return QueueIndex{i};
    }
    return std::nullopt;
}

std::optional<EnvironmentIndex> State::find_environment(const std::string& name) const {
    for (std::uint32_t i = 0; i < environments.size(); ++i) {
        const auto& row = environments[i].row;
        if (row.status != "DELETED" && row.document.compute_environment_name == name) {
            return EnvironmentIndex{i};
        }
    }
    return std::nullopt;
}

std::optional<HostIndex> State::find_host(const std::string& name) const {
    const auto found = host_index.find(name);
    if (found == host_index.end()) return std::nullopt;
    return found->second;
}

}  // namespace batchd::core
