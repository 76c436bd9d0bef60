#include "api/pending_reason.hpp"

#include "batchd/base/json.hpp"
#include "batchd/base/json_text.hpp"

#include <fmt/format.h>

#include <optional>

namespace batchd::api {
namespace {

using model::JobStatus;

bool lacks_reason(const model::JobState& state) {
    const bool is_pending =
        state.status == JobStatus::Pending || state.status == JobStatus::Submitted;
    return is_pending && state.status_reason.empty();
}

/// The job that an entry of dependsOn speaks of; nullopt: the children of the array itself.
std::optional<model::JobId> other_of(const model::JobId& id, const core::Awaited& awaited) {
    if (awaited.type.starts_with("SEQUENTIAL")) {
        if (!id.is_child() || id.index() == 0) return std::nullopt;
        return id.whole().child(id.index() - 1);
    }
    const bool is_pairwise = awaited.type == "N_TO_N" || awaited.type == "AFTERCORR";
    return is_pairwise && id.is_child() ? awaited.id.child(id.index()) : awaited.id;
}

bool is_met(const std::string& type, JobStatus status) {
    return model::is_terminal(status) || (type == "AFTERSTART" && status == JobStatus::Running);
}

std::string waits_for(const core::UnmetDependency& first, std::size_t all) {
    auto text = fmt::format("DEPENDENCY:WAITING - waits for job {} ({})", to_string(first.id),
                            to_string(first.status));
    if (all > 1) text += fmt::format(" and {} more", all - 1);
    return text + ".";
}

/// Of an array that waits for nothing but its children.
std::string waits_for_children(const model::ArrayProgress& array) {
    std::string text;
    std::int64_t ended = 0;
    std::int64_t size = 0;
    for (std::size_t s = 0; s < array.counts.size(); ++s) {
        const auto status = static_cast<JobStatus>(s);
        size += array.counts[s];
        if (model::is_terminal(status)) ended += array.counts[s];
        if (model::is_terminal(status) || array.counts[s] == 0) continue;
        text +=
            fmt::format("{}{} {}", text.empty() ? "" : ", ", array.counts[s], to_string(status));
    }
    return fmt::format("ARRAY:CHILDREN - {} of {} children have ended; {}.", ended, size, text);
}

Result<std::vector<core::UnmetDependency>> unmet(store::Reader& reader,
                                                 const store::JobDetail& job) {
    std::vector<core::UnmetDependency> list;
    for (const auto& awaited : awaited_of(job.spec)) {
        const auto other = other_of(job.id, awaited);
        if (!other) continue;
        const auto status = reader.job_status(*other);
        if (!status) return std::unexpected(status.error());
        if (*status && !is_met(awaited.type, **status)) {
            list.push_back({.id = *other, .type = awaited.type, .status = **status});
        }
    }
    return list;
}

}  // namespace

std::vector<core::Awaited> awaited_of(const std::string& spec) {
    std::vector<core::Awaited> list;
    json::for_each_member(spec, [&](std::string_view name, std::string_view value) {
        if (name != "dependsOn") return;
        const auto entries = json::parse(value);
        if (!entries || !entries->is_array()) return;
        for (const auto& entry : *entries) {
            core::Awaited awaited{.id = {}, .type = entry.value("type", "")};
            if (const auto id = model::parse_job_id(entry.value("jobId", ""))) awaited.id = *id;
            list.push_back(std::move(awaited));
        }
    });
    return list;
}

Result<> note_awaited(store::Reader& reader, store::JobDetail& job) {
    if (!lacks_reason(job.state)) return {};
    if (job.array_size > 0 && !job.id.is_child() && job.array.is_released) {
        job.state.status_reason = waits_for_children(job.array);
        return {};
    }
    const auto list = unmet(reader, job);
    if (!list) return std::unexpected(list.error());
    job.state.status_reason = list->empty()
                                  ? "DEPENDENCY:WAITING - the jobs that it waits for are ending."
                                  : waits_for(list->front(), list->size());
    return {};
}

std::string pending_reason(const model::JobState& state, const model::ArrayProgress& array) {
    if (!lacks_reason(state)) return {};
    if (array.is_released) return waits_for_children(array);
    return "DEPENDENCY:WAITING - waits for the jobs of its dependsOn; DescribeJobs tells which.";
}

}  // namespace batchd::api
