// The stores of secrets that AWS has.
#pragma once

#include "batchd/base/result.hpp"

#include <string>

namespace batchd::ports {

struct AwsSecretId {
    enum class Store { ParameterStore, SecretsManager };
    Store store = Store::ParameterStore;
    std::string id{};             ///< name or ARN
    std::string region{};         ///< empty: the one that is configured
    std::string version_stage{};  ///< of Secrets Manager; empty: AWSCURRENT
    std::string version_id{};     ///< of Secrets Manager; empty: any
};

/// Any thread, several at a time.
class AwsSecrets {
  public:
    virtual ~AwsSecrets() = default;
    /// May block for seconds. NotFound if AWS has no such secret, or is not configured; Unavailable
    /// if it refuses or does not answer; Cancelled when the daemon stops. Messages say why, without
    /// any value.
    virtual Result<std::string> value(const AwsSecretId& secret) = 0;
};

}  // namespace batchd::ports
