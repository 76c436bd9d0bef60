// Logins of private registries of Amazon ECR, of every account: for all that the daemon's keys may
// pull from in a region there is one token, which serves twelve hours.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/aws/ecr.hpp"
#include "batchd/ports/registry_logins.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace batchd::aws {

/// What the host ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn] says.
struct EcrRegistry {
    std::string region;
    bool is_fips = false;  ///< asked and pulled from by endpoints that keep to FIPS 140

    auto operator<=>(const EcrRegistry&) const = default;
};

/// Nullopt if `host` is none of ECR's private registries.
std::optional<EcrRegistry> parse_ecr_host(std::string_view host);

/// A token is kept, and renewed an hour before it expires: a pull may take long. If that fails, it
/// serves to its end.
class EcrLogins final : public ports::RegistryLogins {
  public:
    /// `client` must outlive it.
    explicit EcrLogins(Client& client) : client_(client) {}

    bool knows(const std::string& registry) const override;
    Result<ports::RegistryLogin> login(const std::string& registry) override;

  private:
    /// Nullopt if there is none that is valid for `ahead` from now on.
    std::optional<ports::RegistryLogin> kept(const EcrRegistry& registry, Milliseconds ahead) const;

    Client& client_;
    mutable std::mutex mutex_;
    std::map<EcrRegistry, RegistryLogin> kept_;  ///< guarded by mutex_
};

}  // namespace batchd::aws
