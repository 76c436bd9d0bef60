// What launches and terminates instances: the engine says which, the provider tells what happened.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/compute_environment.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/instance.hpp"
#include "batchd/model/instance_catalogue.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::ports {

/// Instances of one type in one subnet. The intent is durable before the engine hands it over.
struct LaunchRequest {
    std::int64_t decision = 0;  ///< its id, for the answer
    std::string environment;    ///< name
    std::string token;  ///< a repetition with it launches nothing more; at most 64 characters
    std::string type;
    std::string zone;  ///< the subnet
    bool is_spot = false;
    std::int64_t count = 0;
    /// Of as many vCPUs and at least as much of the rest: a fleet may launch them instead.
    std::vector<std::string> other_types = {};
};

struct LaunchFailure {
    /// What the error speaks against, as EC2's error codes are told apart.
    enum class Kind : std::uint8_t {
        Capacity,       ///< this type in this zone, for now
        Quota,          ///< all types of the family
        Unsupported,    ///< the type in this zone, ever
        Configuration,  ///< the environment: nothing can be launched until it is updated
        Other,          ///< nothing that has a name: as if there were no capacity
    };
    Kind kind = Kind::Other;
    std::string message;                  ///< begins with the provider's code
    std::vector<model::Pool> pools = {};  ///< that it speaks of; empty: what was asked for
};

struct LaunchResult {
    std::vector<model::LaunchedInstance> instances;  ///< as many as asked for, or fewer
    std::optional<LaunchFailure> failure;
};

/// Where the provider's news go; the engine implements it. Any thread; never blocks. Late and
/// repeated news change nothing.
class CapacityEvents {
  public:
    virtual ~CapacityEvents() = default;
    virtual void launched(std::int64_t decision, LaunchResult result) = 0;
    /// The instance's Docker Engine can be connected to; the host is named as the instance.
    virtual void instance_ready(std::string id, model::Host host) = 0;
    /// Types that are new or have changed, and, if they could be found out, all Spot prices.
    virtual void offers_refreshed(std::vector<model::InstanceType> types,
                                  std::optional<std::vector<model::SpotPrice>> spot_prices) = 0;
    /// Whether the provider can be asked: `trouble` says what keeps us from it, empty that nothing
    /// does (any more).
    virtual void provider_reachable(std::string trouble) = 0;
    /// It is no more, whoever ended it; `reason` is for people.
    virtual void instance_gone(std::string id, std::string reason) = 0;
};

/// Every call returns at once; what happens is told through CapacityEvents. Called by the engine's
/// thread. Calls are idempotent: repeating one after a crash does no harm.
class CapacityProvider {
  public:
    virtual ~CapacityProvider() = default;

    /// `launched` follows. `environment` is as it is now.
    virtual void launch(LaunchRequest request, const model::ComputeEnvironment& environment) = 0;

    /// `instance_gone` follows for each, also for those that are not known or gone already.
    virtual void terminate(std::vector<std::string> ids) = 0;

    /// After a start of the daemon, or after the engine had to rebuild its state; called once
    /// before any other call: the launches whose outcome is not known and the instances that there
    /// are. The provider goes on with them as if it had just been told, and ends instances of this
    /// daemon that are in none of them.
    struct OpenLaunch {
        LaunchRequest request;
        model::ComputeEnvironment environment;
    };
    virtual void adopt(std::vector<OpenLaunch> launches,
                       std::vector<model::InstanceRow> instances) = 0;
};

}  // namespace batchd::ports
