// Instances of Amazon EC2, On-Demand and Spot: launches them, sees them come up and go, and ends
// them. What AWS says is looked at every few seconds while something is under way, else four times
// a minute, with one call for all instances.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/compute/certificate_authority.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/ports/capacity_provider.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace batchd::compute {

struct Ec2Options {
    std::string daemon;              ///< its instance id: marks what is its own
    bool uses_public_ip = false;     ///< to reach instances from outside of their VPC
    Milliseconds busy_poll{3'000};   ///< while instances boot or end
    Milliseconds calm_poll{15'000};  ///< otherwise
    Milliseconds retry{2'000};       ///< after a call that failed
    Milliseconds types_every{std::chrono::hours{12}};
    Milliseconds prices_every{std::chrono::minutes{5}};  ///< of Spot
};

/// What refers to it are AWS's tags: after a restart, and after any crash, it finds its instances
/// by them, and ends those that nobody knows.
class Ec2Provider final : public ports::CapacityProvider {
  public:
    /// References must outlive the last run of `io`.
    Ec2Provider(boost::asio::io_context& io, Ec2Options options, aws::Client& client,
                CertificateAuthority authority, model::InstanceCatalogue catalogue,
                ports::CapacityEvents& events);
    /// Waits for the calls of AWS that are under way. Instances stay.
    ~Ec2Provider() override;

    // Any thread.
    void launch(ports::LaunchRequest request,
                const model::ComputeEnvironment& environment) override;
    void terminate(std::vector<std::string> ids) override;
    void adopt(std::vector<OpenLaunch> launches,
               std::vector<model::InstanceRow> instances) override;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace batchd::compute
