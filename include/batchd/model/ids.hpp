// Identifiers of the domain.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/uuid.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace batchd::model {

/// AWS's jobId: "<uuid>", "<uuid>:<index>" for a child of an array, "<uuid>#<node>" for a node of a
/// multi-node job.
struct JobId {
    Uuid uuid;
    std::int32_t part = 0;  ///< 0: the job itself; n > 0: child n - 1; n < 0: node -n - 1

    bool is_child() const { return part > 0; }
    bool is_node() const { return part < 0; }
    std::int32_t index() const { return part > 0 ? part - 1 : -part - 1; }  ///< of a child or node
    JobId whole() const { return {.uuid = uuid}; }
    JobId child(std::int32_t index) const { return {.uuid = uuid, .part = index + 1}; }
    JobId node(std::int32_t index) const { return {.uuid = uuid, .part = -index - 1}; }

    friend auto operator<=>(const JobId&, const JobId&) = default;
};

std::string to_string(const JobId& id);
/// The canonical text of a job id. InvalidArgument names the value and the form.
Result<JobId> parse_job_id(std::string_view text);

/// One try at running a job. Numbers count from 1, as AWS_BATCH_JOB_ATTEMPT does.
struct AttemptId {
    JobId job;
    std::int32_t number = 0;
    friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

/// "<job id>/<number>", for logs.
std::string to_string(const AttemptId& id);

/// The 32 hexadecimal digits that stand in the attempt's ECS task ARN, its log stream and its
/// container's name. A pure function of the id: whoever repeats an action after a crash finds what
/// the first try made. In the order of submission, as UUIDv7 are: the index of log streams grows at
/// its end.
std::string task_id(const AttemptId& id);

/// The log of one container of an attempt; that of the only one is the attempt's.
struct LogId {
    AttemptId attempt;
    std::size_t container = 0;  ///< index in the task

    LogId() = default;
    LogId(AttemptId id, std::size_t index = 0) : attempt(id), container(index) {}
    friend auto operator<=>(const LogId&, const LogId&) = default;
};

}  // namespace batchd::model

template <>
struct std::hash<batchd::model::JobId> {
    std::size_t operator()(const batchd::model::JobId& id) const noexcept {
        return std::hash<batchd::Uuid>{}(id.uuid) ^
               (static_cast<std::size_t>(id.part) * 0xbf58476d1ce4e5b9U);
    }
};

template <>
struct std::hash<batchd::model::AttemptId> {
    std::size_t operator()(const batchd::model::AttemptId& id) const noexcept {
        return std::hash<batchd::model::JobId>{}(id.job) ^
               (static_cast<std::size_t>(id.number) * 0x9e3779b97f4a7c15U);
    }
};

template <>
struct std::hash<batchd::model::LogId> {
    std::size_t operator()(const batchd::model::LogId& id) const noexcept {
        return std::hash<batchd::model::AttemptId>{}(id.attempt) ^ (id.container << 40U);
    }
};
