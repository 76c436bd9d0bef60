// What an attempt is in ECS's words: a task definition, which attempts with the same content share,
// and what one task adds to it. Pure.
#pragma once

#include "batchd/aws/ecs.hpp"
#include "batchd/ports/container_runtime.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace batchd::runtime {

/// The same for the same attempt, also after a restart: ECS refuses a token that comes with
/// something else.
struct TaskPlan {
    std::string definition;  ///< ECS's document as JSON; its family follows from its content
    aws::RunTask request;    ///< names the family; without cluster and startedBy
};

/// `region` is where its containers' output goes unless the job says otherwise.
TaskPlan plan_task(const ports::StartAttempt& start, const std::string& region);

/// The name that ECS keeps with the task of an attempt, and by which the attempt is found again.
std::string task_group(const model::AttemptId& id);

/// Where the output of a container is found in CloudWatch Logs; nullopt if it goes elsewhere.
struct LogStream {
    std::string group;
    std::string name;
    std::string region;  ///< empty: the client's
};
std::optional<LogStream> log_stream(const ports::StartAttempt& start, std::size_t container,
                                    const std::string& task_arn);

}  // namespace batchd::runtime
