// Calls of Amazon ECS, as Fargate needs them. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::aws {

/// A cluster for Fargate and Fargate Spot; one of that name that exists is taken. Returns its ARN.
Outcome<std::string> create_cluster(Client& client, const std::string& name,
                                    const std::map<std::string, std::string>& tags = {});

/// `definition` is ECS's own document: family, containerDefinitions and so on. Returns the ARN of
/// the revision.
Outcome<std::string> register_task_definition(Client& client, const nlohmann::json& definition);
Outcome<> deregister_task_definition(Client& client, const std::string& arn);

struct RunTask {
    std::string cluster{};
    std::string task_definition{};
    bool is_spot = false;  ///< Fargate Spot
    std::vector<std::string> subnets{};
    std::vector<std::string> security_groups{};
    bool assign_public_ip = false;
    std::string platform_version{};
    std::string client_token{};  ///< at most 64 characters
    std::string started_by{};    ///< at most 128 of [A-Za-z0-9_/-]
    std::string group{};         ///< a name that stays with the task
    bool enable_execute_command = false;
    std::string overrides{};  ///< JSON; empty: none
    std::map<std::string, std::string> tags{};
};

struct TaskContainer {
    std::string name{};
    std::string last_status{};
    std::optional<int> exit_code{};  ///< absent when it never ran
    std::string reason{};
    std::string image_digest{};
};

struct Task {
    std::string arn{};
    std::string definition_arn{};
    std::string last_status{};  ///< "PROVISIONING" to "STOPPED"
    std::string desired_status{};
    std::string stop_code{};  ///< "SpotInterruption"; empty unless it stops
    std::string stopped_reason{};
    std::string started_by{};
    std::string group{};
    std::string private_ip{};
    std::string availability_zone{};
    std::optional<Timestamp> created{};
    std::optional<Timestamp> started{};
    std::optional<Timestamp> stopped{};
    std::vector<TaskContainer> containers{};
    std::map<std::string, std::string> tags{};
};

/// Why ECS did not do it, though it answered 200.
struct TaskFailure {
    std::string arn{};
    std::string reason{};  ///< "MISSING", "RESOURCE:..." or words
    std::string detail{};
};

/// One task. Without room the error is of class Capacity, with ECS's reason as its message.
Outcome<Task> run_task(Client& client, const RunTask& request);

struct Tasks {
    std::vector<Task> found{};
    std::vector<TaskFailure> failures{};  ///< tasks that ECS has forgotten are MISSING
};
/// A hundred in each call.
Outcome<Tasks> describe_tasks(Client& client, const std::string& cluster,
                              const std::vector<std::string>& arns);

/// The ARNs of tasks that were started so, all pages. `desired_status` is RUNNING or STOPPED.
Outcome<std::vector<std::string>> list_tasks(Client& client, const std::string& cluster,
                                             const std::string& started_by,
                                             const std::string& desired_status = "RUNNING");

/// One that ECS does not know (any more) is no error.
Outcome<> stop_task(Client& client, const std::string& cluster, const std::string& arn,
                    const std::string& reason);

}  // namespace batchd::aws
