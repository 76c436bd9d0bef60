// Which provider runs MANAGED compute environments.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/config/config.hpp"

namespace batchd::daemon {

aws::Settings aws_settings(const config::Aws& config);

/// By the key compute.provider. For `auto` it looks for a region and keys, for a few seconds at
/// most; with `aws` it only says in the log what is missing: AWS may be there later.
bool uses_aws(const config::Config& config, aws::Outside outside);

}  // namespace batchd::daemon
