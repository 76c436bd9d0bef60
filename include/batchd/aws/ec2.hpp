// Calls of Amazon EC2: instances, fleets, and what there is to launch. Any thread; they block.
// Errors keep AWS's code and have the class that error.hpp's table gives.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"
#include "batchd/base/units.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::aws {

using Tags = std::map<std::string, std::string>;

/// Name and allowed values, such as {"tag:batchd", {"x"}}.
struct Filter {
    std::string name{};
    std::vector<std::string> values{};
};

struct LaunchTemplate {
    std::string id{};  ///< or name
    std::string name{};
    std::string version{};  ///< a number, "$Latest" or "$Default"
};

struct BlockDevice {
    std::string device_name{};  ///< "/dev/xvda"
    std::string volume_type{};  ///< "gp3"
    std::int64_t size_gib = 0;  ///< 0: the image's
    bool encrypted = false;
    std::string snapshot_id{};
};

/// What an instance is made of: of RunInstances, and of a launch template's data.
struct InstanceSpecification {
    std::string image_id{};
    std::string instance_type{};
    std::vector<std::string> security_group_ids{};
    std::string instance_profile{};  ///< name or ARN
    std::string user_data{};         ///< as it is: the calls encode it. 16 KiB at most
    std::string key_name{};
    std::string placement_group{};
    std::vector<BlockDevice> block_devices{};
    int metadata_hop_limit = 1;  ///< IMDSv2 is required; 1 keeps containers on a bridge away
    Tags tags{};                 ///< of the instance and its volumes
};

/// Of a new instance, made with it.
struct NetworkInterface {
    std::int64_t device_index = 0;
    std::string subnet_id{};
    std::vector<std::string> security_group_ids{};
    std::optional<bool> associate_public_ip_address{};
    std::optional<bool> delete_on_termination{};
    std::string interface_type{};  ///< "efa"
    std::string description{};
};

struct SpotRequest {
    std::string max_price{};  ///< dollars an hour, "0.05"; empty: the on-demand price
};

struct RunInstances {
    std::string client_token{};  ///< the same for each try of one launch
    InstanceSpecification instance{};
    std::optional<LaunchTemplate> launch_template{};  ///< what `instance` says stands above it
    std::string subnet_id{};
    /// If it is given, `subnet_id` and the groups of `instance` must be empty: EC2 takes them from
    /// one place.
    std::optional<NetworkInterface> network_interface{};
    int min_count = 1;
    int max_count = 1;
    std::optional<SpotRequest> spot{};  ///< one-time, terminated when reclaimed
};

enum class InstanceState { Pending, Running, ShuttingDown, Terminated, Stopping, Stopped, Unknown };

struct Instance {
    std::string id{};
    std::string type{};
    InstanceState state = InstanceState::Unknown;
    std::string state_reason_code{};  ///< "Server.SpotInstanceTermination"
    std::string state_reason{};
    std::string private_ip{};
    std::string public_ip{};
    std::string availability_zone{};
    std::string subnet_id{};
    std::string image_id{};
    std::string client_token{};
    std::string architecture{};
    bool is_spot = false;
    std::string spot_request_id{};
    std::optional<Timestamp> launched{};
    Tags tags{};
};

/// May be fewer than max_count, not fewer than min_count.
Outcome<std::vector<Instance>> run_instances(Client& client, const RunInstances& request);

/// All pages of what fits both: these ids (none: any), these filters. Ids that AWS does not know
/// are left out of the answer.
struct InstanceQuery {
    std::vector<std::string> ids{};
    std::vector<Filter> filters{};
};
Outcome<std::vector<Instance>> describe_instances(Client& client, const InstanceQuery& query);

/// Of ids that AWS does not know (any more) nothing is said. Nothing happens without ids.
Outcome<> terminate_instances(Client& client, std::vector<std::string> ids);

struct FleetOverride {
    std::string instance_type{};
    std::string subnet_id{};
    std::string max_price{};
    std::string image_id{};
    std::optional<double> priority{};           ///< lower is first
    std::optional<double> weighted_capacity{};  ///< in the fleet's units
};

/// An instant fleet: what there is now is launched, nothing is kept up.
struct CreateFleet {
    std::string client_token{};
    LaunchTemplate launch_template{};
    std::vector<FleetOverride> overrides{};
    int target_capacity = 1;  ///< instances; with weights, their units
    bool is_spot = false;
    std::string allocation_strategy{};  ///< of Spot or On-Demand: "price-capacity-optimized"
    bool single_instance_type = false;
    Tags tags{};  ///< of the fleet and its instances
};

struct FleetLaunch {
    std::vector<std::string> instance_ids{};
    std::string instance_type{};
    std::string subnet_id{};
    std::string availability_zone{};
    bool is_spot = false;
};

struct FleetError {
    ApiError error{};
    std::string instance_type{};
    std::string subnet_id{};
    std::string availability_zone{};
};

/// Both lists may have entries: partial success is normal.
struct Fleet {
    std::string id{};
    std::vector<FleetLaunch> launches{};
    std::vector<FleetError> errors{};
};
Outcome<Fleet> create_fleet(Client& client, const CreateFleet& request);

struct InstanceType {
    std::string name{};
    std::int64_t vcpus = 0;
    MiB memory{};
    std::int64_t gpus = 0;
    std::string gpu_name{};
    MiB gpu_memory{};  ///< of one
    std::vector<std::string> architectures{};
    std::vector<std::string> usage_classes{};  ///< "on-demand", "spot"
    bool is_current_generation = false;
    bool is_bare_metal = false;
};

/// All pages: these types by name (none: all), and these filters.
Outcome<std::vector<InstanceType>> describe_instance_types(Client& client,
                                                           const std::vector<std::string>& names,
                                                           const std::vector<Filter>& filters = {});

struct TypeOffering {
    std::string instance_type{};
    std::string availability_zone{};
};
/// All pages; `types` may have wildcards, none means all.
Outcome<std::vector<TypeOffering>> describe_instance_type_offerings(
    Client& client, const std::vector<std::string>& types);

struct SpotPrice {
    std::string instance_type{};
    std::string availability_zone{};
    double dollars_per_hour = 0;
    std::optional<Timestamp> since{};
};
/// The prices now, of Linux; all pages.
Outcome<std::vector<SpotPrice>> describe_spot_prices(Client& client,
                                                     const std::vector<std::string>& types);

/// Returns its id. An existing name is InvalidLaunchTemplateName.AlreadyExistsException.
Outcome<std::string> create_launch_template(Client& client, const std::string& name,
                                            const InstanceSpecification& data);
/// One that is not there is no error.
Outcome<> delete_launch_template(Client& client, const std::string& name);

/// As a launch template describes it.
struct TemplateInterface {
    NetworkInterface settings{};
    std::map<std::string, std::string> others{};  ///< members that `settings` has no place for
};

struct LaunchTemplateVersion {
    std::string template_name{};
    std::int64_t number = 0;
    bool is_default = false;
    std::string image_id{};
    std::string instance_type{};
    std::string key_name{};
    std::string user_data{};  ///< decoded
    std::string instance_profile{};
    std::vector<std::string> security_group_ids{};
    std::vector<TemplateInterface> network_interfaces{};
    std::optional<std::string> market_type{};  ///< of InstanceMarketOptions, if there are any
    Tags instance_tags{};
};
/// The one that `launch_template.version` names.
Outcome<LaunchTemplateVersion> describe_launch_template_version(
    Client& client, const LaunchTemplate& launch_template);

struct Subnet {
    std::string id{};
    std::string vpc_id{};
    std::string availability_zone{};
    std::string cidr{};
    std::int64_t free_addresses = 0;
};
/// One that AWS does not know is InvalidSubnetID.NotFound.
Outcome<std::vector<Subnet>> describe_subnets(Client& client, const std::vector<std::string>& ids);

struct Image {
    std::string id{};
    std::string name{};
    std::string architecture{};
    std::string root_device_name{};
    std::string state{};
    std::vector<BlockDevice> block_devices{};
};
/// One that AWS does not know is InvalidAMIID.NotFound.
Outcome<std::vector<Image>> describe_images(Client& client, const std::vector<std::string>& ids);

}  // namespace batchd::aws
