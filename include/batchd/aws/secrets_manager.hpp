// Calls of AWS Secrets Manager. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"

namespace batchd::aws {

struct GetSecretValue {
    std::string secret_id{};  ///< name or ARN
    std::string version_stage{};
    std::string version_id{};
    std::string region{};  ///< empty: the client's
};

/// The text; of a binary secret, its bytes.
Outcome<std::string> get_secret_value(Client& client, const GetSecretValue& request);

}  // namespace batchd::aws
