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

/// Keys for a time.
struct TemporaryKeys {
    net::AwsKeys keys{};
    std::optional<Timestamp> expires{};
};

struct AssumeRoleRequest {
    std::string role_arn{};
    std::string session_name{};  ///< 2 to 64 characters; empty: one of ours
    std::string external_id{};
    std::optional<Seconds> duration{};  ///< 900 s to 12 h, by the role
};

/// By the client's own keys.
Outcome<TemporaryKeys> assume_role(Client& client, const AssumeRoleRequest& request);

/// Whose the client's keys are: a test of them that needs no permission.
Outcome<CallerIdentity> get_caller_identity(Client& client);

}  // namespace batchd::aws
