#include "aws/json_reading.hpp"
#include "aws/query.hpp"

#include <fmt/format.h>

namespace batchd::aws {
namespace {

void add_overrides(Query& query, const std::vector<FleetOverride>& overrides) {
    for (std::size_t i = 0; i < overrides.size(); ++i) {
        const FleetOverride& choice = overrides[i];
        const std::string entry = fmt::format("LaunchTemplateConfigs.1.Overrides.{}.", i + 1);
        query.text(entry + "InstanceType", choice.instance_type)
            .text(entry + "SubnetId", choice.subnet_id)
            .text(entry + "MaxPrice", choice.max_price)
            .text(entry + "ImageId", choice.image_id);
        if (choice.priority) query.text(entry + "Priority", decimal(*choice.priority));
        if (choice.weighted_capacity) {
            query.text(entry + "WeightedCapacity", decimal(*choice.weighted_capacity));
        }
    }
}

Query fleet_query(const CreateFleet& request) {
    const std::string options = request.is_spot ? "SpotOptions." : "OnDemandOptions.";
    Query query;
    query.text("Type", "instant").text("ClientToken", request.client_token);
    const std::string specification = "LaunchTemplateConfigs.1.LaunchTemplateSpecification.";
    query.text(specification + "LaunchTemplateId", request.launch_template.id)
        .text(specification + "LaunchTemplateName", request.launch_template.name)
        .text(specification + "Version", request.launch_template.version);
    add_overrides(query, request.overrides);
    query.number("TargetCapacitySpecification.TotalTargetCapacity", request.target_capacity)
        .text("TargetCapacitySpecification.DefaultTargetCapacityType",
              request.is_spot ? "spot" : "on-demand")
        .text(options + "AllocationStrategy", request.allocation_strategy);
    if (request.single_instance_type) query.flag(options + "SingleInstanceType", true);
    return query.tags("TagSpecification", {"fleet", "instance"}, request.tags);
}

/// Where something was launched, or was not.
template <class T>
T with_place(T entry, const pugi::xml_node& item) {
    const auto place = item.child("launchTemplateAndOverrides").child("overrides");
    entry.instance_type = place.child_value("instanceType");
    entry.subnet_id = place.child_value("subnetId");
    entry.availability_zone = place.child_value("availabilityZone");
    return entry;
}

FleetLaunch read_launch(const pugi::xml_node& item) {
    FleetLaunch launch = with_place(FleetLaunch{}, item);
    for (const auto id : items(item.child("instanceIds"))) {
        launch.instance_ids.emplace_back(id.text().get());
    }
    const std::string type = item.child_value("instanceType");
    if (!type.empty()) launch.instance_type = type;
    launch.is_spot = std::string_view(item.child_value("lifecycle")) == "spot";
    return launch;
}

FleetError read_error(const pugi::xml_node& item) {
    const std::string code = item.child_value("errorCode");
    return with_place(FleetError{.error = {.code = code,
                                           .message = item.child_value("errorMessage"),
                                           .status = 200,
                                           .error_class = classify(code, 200)}},
                      item);
}

}  // namespace

Outcome<Fleet> create_fleet(Client& client, const CreateFleet& request) {
    const auto answer = ask_ec2(client, "CreateFleet", fleet_query(request));
    if (!answer) return std::unexpected(answer.error());
    const auto root = (*answer)->document_element();
    Fleet fleet{.id = root.child_value("fleetId")};
    for (const auto item : items(root.child("fleetInstanceSet"))) {
        fleet.launches.push_back(read_launch(item));
    }
    for (const auto item : items(root.child("errorSet"))) fleet.errors.push_back(read_error(item));
    if (fleet.launches.empty() && fleet.errors.empty()) {
        return malformed("CreateFleet", "instances or errors");
    }
    return fleet;
}

}  // namespace batchd::aws
