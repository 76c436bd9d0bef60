// What a container is created with: AWS Batch's containerProperties in the Engine's words. Pure;
// any thread.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/container_runtime.hpp"

#include <string>
#include <vector>

namespace batchd::docker {

struct CreateOptions {
    std::string network_mode = "bridge";
    std::string instance;                  ///< of the daemon, for the label batchd.instance
    std::vector<std::string> log_drivers;  ///< that the host's Engine has
};

/// The values of an attempt's secrets. They are in no document that is kept or shown.
struct SecretValues {
    std::vector<model::KeyValue> environment;  ///< of `secrets`
    std::vector<model::KeyValue> log_options;  ///< of `secretOptions`
};

inline constexpr std::string_view kInstanceLabel = "batchd.instance";

/// "batchd-<task id>": who repeats the creation after a crash finds the first container.
std::string container_name(const model::AttemptId& id);

/// Named volumes that live as long as the attempt: those without a path on the host.
std::vector<std::string> task_volumes(const ports::StartAttempt& attempt);

/// The JSON body of POST /containers/create. InvalidArgument, in the words of an Engine, for what
/// cannot be carried out: a log driver that the host does not have, EFS volumes, mount points
/// without a volume.
///
/// A variable that is there twice is the secret's rather than the job's, and batchd's own rather
/// than either's.
///
/// The output of jobs is kept by batchd, so the drivers json-file, local, journald and awslogs all
/// become json-file, which can always be read back.
Result<std::string> create_body(const ports::StartAttempt& attempt, const SecretValues& secrets,
                                const CreateOptions& options);

}  // namespace batchd::docker
