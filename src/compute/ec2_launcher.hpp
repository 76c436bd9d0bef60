// Launches instances of EC2 for compute environments: what a launch is made of, and the calls.
//
// Any thread; calls block.
#pragma once

#include "batchd/aws/ec2.hpp"
#include "batchd/compute/certificate_authority.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/ports/capacity_provider.hpp"

#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace batchd::compute {

// Tags by which batchd knows its instances.
inline constexpr const char* kInstanceTag = "batchd:instance";        ///< which daemon's
inline constexpr const char* kEnvironmentTag = "batchd:environment";  ///< name
inline constexpr const char* kLaunchTag = "batchd:launch";            ///< the launch's token

/// For which the certificate of a launch's Engines is.
std::string engine_name(const std::string& token);

/// AWS could not be asked, or it is not known what it did: ask again.
struct NotAnswered {
    std::string why;
};

class Ec2Launcher {
  public:
    /// `daemon` is the instance id of this daemon. References must outlive the launcher.
    Ec2Launcher(aws::Client& client, const CertificateAuthority& authority, std::string daemon,
                model::InstanceCatalogue catalogue);

    /// `is_repeated`: it may have been asked for before; what came of that is looked for first.
    std::expected<ports::LaunchResult, NotAnswered> launch(
        const ports::LaunchRequest& request, const model::ComputeEnvironment& environment,
        bool is_repeated);

    /// What EC2 describes now.
    void learn(const std::vector<model::InstanceType>& types);

  private:
    using Launched = std::expected<ports::LaunchResult, aws::ApiError>;

    aws::Outcome<ports::LaunchResult> find_launched(const ports::LaunchRequest& request);
    /// Everything but the subnet and the market.
    aws::Outcome<aws::RunInstances> compose(const ports::LaunchRequest& request,
                                            const model::ComputeEnvironment& environment);
    aws::Outcome<std::string> image_of(const model::ComputeResources& resources,
                                       const model::InstanceType& type);
    Launched run(const ports::LaunchRequest& request, const model::ComputeResources& resources,
                 aws::RunInstances call);
    Launched run_fleet(const ports::LaunchRequest& request,
                       const model::ComputeResources& resources, const aws::RunInstances& call);

    aws::Client& client_;
    const CertificateAuthority& authority_;
    std::string daemon_;
    std::optional<model::InstanceType> find_type(const std::string& name) const;

    mutable std::mutex mutex_;
    model::InstanceCatalogue catalogue_;  ///< under the mutex
};

}  // namespace batchd::compute
