// How many resources there may be.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

/// Deleted ones keep their slot until another takes it.
std::int64_t live(const auto& slots) {
    return std::ranges::count_if(slots,
                                 [](const auto& slot) { return slot.row.status != "DELETED"; });
}

}  // namespace

Result<> expect_room(std::string_view field, const std::string& name, std::int64_t present,
                     std::int64_t limit, std::string_view key) {
    if (present < limit) return {};
    return fail(ErrorKind::Capacity, std::string(field) + " '" + name + "' would be number " +
                                         std::to_string(present + 1) + ", but limits." +
                                         std::string(key) + " is " + std::to_string(limit));
}

Result<> expect_room_for_queue(const State& state, const std::string& name) {
    return expect_room("jobQueueName", name, live(state.queues), state.policy.limits.job_queues,
                       "job_queues");
}

Result<> expect_room_for_environment(const State& state, const std::string& name) {
    return expect_room("computeEnvironmentName", name, live(state.environments),
                       state.policy.limits.compute_environments, "compute_environments");
}

}  // namespace batchd::core
