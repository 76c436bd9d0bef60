#include "cli/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

/// How the reasons begin that the daemon gives when a time was over.
constexpr auto kTimeReasons = std::to_array<std::string_view>(
    {"Job attempt duration exceeded timeout", "Job deadline exceeded",
     "Job was RUNNABLE for longer than maxQueueSeconds"});

std::string text(const Json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool is_out_of_time(const Json& job) {
    const std::string reason = text(job, "statusReason");
    return std::ranges::any_of(kTimeReasons,
                               [&](std::string_view begin) { return reason.starts_with(begin); });
}

/// Of one container. AWS shows a code for a command that could not be started, too.
std::optional<int> code_of(const Json& container) {
    const auto code = container.find("exitCode");
    if (code == container.end() || !code->is_number_integer()) return std::nullopt;
    if (text(container, "reason").starts_with("Cannot")) return std::nullopt;
    return code->get<int>();
}

/// Of the newest attempt: of several containers the first one that failed.
std::optional<int> code_of_attempt(const Json& attempt) {
    if (const auto code = code_of(attempt.value("container", Json::object()))) return code;
    std::optional<int> found;
    for (const Json& task : attempt.value("taskProperties", Json::array())) {
        for (const Json& container : task.value("containers", Json::array())) {
            const auto code = code_of(container);
            if (code && (!found || *found == 0)) found = code;
        }
    }
    return found;
}

bool is_array(const Json& job) {
    return job.value("arrayProperties", Json::object()).contains("size");
}

bool is_multinode(const Json& job) {
    return job.value("nodeProperties", Json::object()).contains("numNodes") &&
           !job.contains("nodeDetails");
}

}  // namespace

int exit_code_of(const Json& job) {
    if (text(job, "status") == "SUCCEEDED") return kSucceeded;
    if (job.value("isTerminated", false) || job.value("isCancelled", false)) return kEnded;
    if (is_array(job) || is_multinode(job)) return kSomeFailed;
    if (is_out_of_time(job)) return kTimedOut;
    const Json attempts = job.value("attempts", Json::array());
    if (attempts.empty()) return kNotStarted;
    const auto code = code_of_attempt(attempts.back());
    if (!code) return kNotStarted;
    return *code == 0 ? static_cast<int>(kSomeFailed) : *code;
}

int exit_code_of(const std::vector<Json>& jobs) {
    if (jobs.size() == 1) return exit_code_of(jobs.front());
    const auto failed = [](const Json& job) { return text(job, "status") == "FAILED"; };
    return std::ranges::any_of(jobs, failed) ? kSomeFailed : kSucceeded;
}

int exit_code_of_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return kUnauthorized;
        case 404:
            return kNotFound;
        case 409:
            return kConflict;
        default:
            return status < 500 ? kWrongUse : kUnreachable;
    }
}

}  // namespace batchd::cli
