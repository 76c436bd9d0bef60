// Calls of Amazon ECR. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"

#include <optional>
#include <string>

namespace batchd::aws {

/// What an Engine needs to pull from the account's registry.
struct RegistryLogin {
    std::string username{};
    std::string password{};
    std::string registry{};  ///< https://ACCOUNT.dkr.ecr.REGION.amazonaws.com
    std::optional<Timestamp> expires{};
};

/// An empty region is the client's; `service` is kEcr or kEcrFips.
Outcome<RegistryLogin> get_authorization_token(Client& client, const std::string& region = {},
                                               const Service& service = kEcr);

}  // namespace batchd::aws
