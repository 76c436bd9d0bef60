// Keys to sign with, and until when.
#pragma once

#include "batchd/aws/error.hpp"
#include "batchd/base/time.hpp"
#include "batchd/net/sigv4.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::aws {

struct Credentials {
    net::AwsKeys keys{};
    std::optional<Timestamp> expires{};
    std::string source{};  ///< for the log: "the environment"
};

/// nullopt: the source is not set up, ask the next one. An error: it is, but does not work.
using Found = Outcome<std::optional<Credentials>>;

std::unexpected<ApiError> no_credentials(std::string message);

/// A role to take on.
struct RoleRequest {
    std::string role_arn{};
    std::string session_name{};
    std::string external_id{};
    std::optional<Seconds> duration{};
    std::string web_identity_token{};  ///< instead of keys
};

/// Asks STS, signed with `keys`; not signed at all for a web identity.
using AssumeRole =
    std::function<Outcome<Credentials>(const RoleRequest& request, const net::AwsKeys& keys)>;

/// The document of containers' and instances' metadata ("Token"), and of credential_process
/// ("SessionToken"): AccessKeyId, SecretAccessKey, Expiration. `source` names where it came from.
/// An error says what is missing, without the document.
Outcome<Credentials> parse_credentials(std::string_view text, const char* token_name,
                                       std::string source);

}  // namespace batchd::aws
