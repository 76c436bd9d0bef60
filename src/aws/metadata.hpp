// Credentials from where the daemon runs: an ECS or EKS container, an EC2 instance.
#pragma once

#include "aws/credentials.hpp"
#include "batchd/aws/settings.hpp"

namespace batchd::aws {

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or ..._FULL_URI.
Found container_credentials(const Outside& outside);

/// The role of the instance, by IMDSv2; nullopt if there is no such service here, or no role.
Found instance_credentials(const Outside& outside);

/// Of the instance; empty if it is none.
std::string instance_region(const Outside& outside);

/// Splits a command line as a shell would, without variables or patterns.
std::vector<std::string> split_command(std::string_view line);

/// The `credential_process` of a profile.
Found process_credentials(const Outside& outside, const std::string& command_line);

}  // namespace batchd::aws
