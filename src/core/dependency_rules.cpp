// What the end or the start of a job means to those that wait for it.
#include "core/decisions.hpp"

#include <optional>

namespace batchd::core {
namespace {

using Kind = model::Dependency::Kind;
using model::JobStatus;

/// The last job that such a reason names: the first failure.
std::optional<std::string_view> first_failure(std::string_view reason) {
    if (!reason.starts_with(kDependentJobFailed) || !reason.ends_with(')')) return std::nullopt;
    const auto name = reason.rfind(' ');
    const auto id = reason.substr(name + 1, reason.size() - name - 2);
    // A client's own reason may look alike.
    return model::parse_job_id(id) ? std::optional(id) : std::nullopt;
}

}  // namespace

Bearing bearing(Kind kind, JobStatus status, bool has_started) {
    const bool is_start = kind == Kind::AfterStart && has_started;
    if (!model::is_terminal(status)) return is_start ? Bearing::Met : Bearing::Open;
    const auto wants = [status](JobStatus wanted) {
        return status == wanted ? Bearing::Met : Bearing::RuledOut;
    };
    switch (kind) {
        case Kind::AfterOk:
        case Kind::NToN:
            return wants(JobStatus::Succeeded);
        case Kind::AfterNotOk:
            return wants(JobStatus::Failed);
        case Kind::AfterAny:
        case Kind::AfterStart:
            break;
    }
    return Bearing::Met;
}

const std::string& Culprit::verdict() {
    if (!verdict_.empty()) return verdict_;
    if (status_ == JobStatus::Succeeded) {
        verdict_ =
            "Dependency can not be met: job " + to_string(id_) + " SUCCEEDED (type AFTERNOTOK)";
        return verdict_;
    }
    verdict_ = std::string(kDependentJobFailed) + " (jobId: " + to_string(id_);
    if (const auto first = first_failure(reason_)) {
        verdict_ += ", first failure: ";
        verdict_ += *first;
    }
    verdict_ += ')';
    return verdict_;
}

}  // namespace batchd::core
