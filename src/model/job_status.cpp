#include "batchd/model/job.hpp"

#include <array>

namespace batchd::model {
namespace {

constexpr std::array<std::string_view, kJobStatusCount> kNames = {
    "SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED",
};

}  // namespace

std::string_view to_string(JobStatus status) { return kNames[static_cast<std::size_t>(status)]; }

std::optional<JobStatus> from_string(std::string_view text, JobStatus*) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<JobStatus>(i);
    }
    return std::nullopt;
}

std::string status_reason(DispatchFlaw flaw, const Limits& limits) {
    switch (flaw) {
        case DispatchFlaw::None:
            return "";
        case DispatchFlaw::OverridesTooLong:
            return "Container Overrides length must be at most " +
                   std::to_string(limits.container_overrides_characters);
        case DispatchFlaw::TooManyTags:
            return "propagateTags: a task has at most 50 tags, but the job and its definition have "
                   "more together";
    }
    return "";
}

}  // namespace batchd::model
