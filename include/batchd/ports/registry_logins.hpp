// Logins of registries that have to be fetched anew from time to time.
#pragma once

#include "batchd/base/result.hpp"

#include <string>

namespace batchd::ports {

struct RegistryLogin {
    std::string username;
    std::string password;
};

/// Any thread, several at a time.
class RegistryLogins {
  public:
    virtual ~RegistryLogins() = default;
    /// Whether login() is to be asked for the registry, a host as it stands in image names. Does
    /// not block.
    virtual bool knows(const std::string& registry) const = 0;
    /// Of a registry that it knows. May block for a minute. NotFound if nobody can be asked, as
    /// without keys; Unavailable if whoever was asked refuses or does not answer; Cancelled when
    /// the daemon stops. Messages say why, without secrets.
    virtual Result<RegistryLogin> login(const std::string& registry) = 0;
};

}  // namespace batchd::ports
