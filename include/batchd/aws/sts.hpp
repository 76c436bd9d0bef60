// Calls of the AWS Security Token Service. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"
#include "batchd/net/sigv4.hpp"

#include <optional>

namespace batchd::aws {

struct CallerIdentity {
    std::string account{};
    std::string arn{};
    std::string user_id{};
};

/// Whose the client's keys are: a test of them that needs no permission.
Outcome<CallerIdentity> get_caller_identity(Client& client);

}  // namespace batchd::aws
