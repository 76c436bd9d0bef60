// Instances that are make-believe: each has the size of its EC2 type, and its containers run on the
// local Docker Engine. So what was made for AWS Batch is tried without AWS.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/ports/capacity_provider.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::compute {

/// With what the ids of make-believe instances begin. EC2's own begin with "i-0".
inline constexpr std::string_view kSimulatedId = "i-ba7c4d";

struct LocalOptions {
    std::string url;  ///< of the Docker Engine, as in model::Host
    std::optional<std::string> certificate_directory;
    Milliseconds boot_time{0};  ///< from the launch until the instance is ready
};

/// Remembers nothing itself: an instance's id follows from its launch's token, so that a repeated
/// launch finds the first one's.
class LocalProvider final : public ports::CapacityProvider {
  public:
    /// `events` must outlive the last run of `io`; `catalogue` is copied.
    LocalProvider(boost::asio::io_context& io, LocalOptions options,
                  model::InstanceCatalogue catalogue, ports::CapacityEvents& events);
    ~LocalProvider() override;

    // Any thread.
    void launch(ports::LaunchRequest request, const model::ComputeEnvironment&) override;
    void terminate(std::vector<std::string> ids) override;
    void adopt(std::vector<OpenLaunch> launches,
               std::vector<model::InstanceRow> instances) override;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace batchd::compute
