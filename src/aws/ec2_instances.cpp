#include "aws/ec2_specification.hpp"
#include "aws/json_reading.hpp"
#include "batchd/aws/ec2.hpp"
#include "batchd/base/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::aws {
namespace {

/// EC2 counts the characters of a request, and the ids of a URL-less form have to be bounded too.
constexpr std::size_t kIdsPerCall = 500;

InstanceState read_state(const pugi::xml_node& state) {
    switch (state.child("code").text().as_int(-1) & 0xff) {  // the high byte means nothing
        case 0:
            return InstanceState::Pending;
        case 16:
            return InstanceState::Running;
        case 32:
            return InstanceState::ShuttingDown;
        case 48:
            return InstanceState::Terminated;
        case 64:
            return InstanceState::Stopping;
        case 80:
            return InstanceState::Stopped;
        default:
            return InstanceState::Unknown;
    }
}

Instance read_instance(const pugi::xml_node& item) {
    return {.id = item.child_value("instanceId"),
            .type = item.child_value("instanceType"),
            .state = read_state(item.child("instanceState")),
            .state_reason_code = item.child("stateReason").child_value("code"),
            .state_reason = item.child("stateReason").child_value("message"),
            .private_ip = item.child_value("privateIpAddress"),
            .public_ip = item.child_value("ipAddress"),
            .availability_zone = item.child("placement").child_value("availabilityZone"),
            .subnet_id = item.child_value("subnetId"),
            .image_id = item.child_value("imageId"),
            .client_token = item.child_value("clientToken"),
            .architecture = item.child_value("architecture"),
            .is_spot = std::string_view(item.child_value("instanceLifecycle")) == "spot",
            .spot_request_id = item.child_value("spotInstanceRequestId"),
            .launched = parse_iso8601(item.child_value("launchTime")),
            .tags = read_tags(item.child("tagSet"))};
}

/// The ids that an error does not name as unknown; nullopt if it is another error.
std::optional<std::vector<std::string>> without_unknown(const ApiError& error,
                                                        std::vector<std::string> ids) {
    if (error.code != "InvalidInstanceID.NotFound") return std::nullopt;
    const auto erased =
        std::erase_if(ids, [&](const std::string& id) { return error.message.contains(id); });
    if (erased == 0) return std::nullopt;
    return ids;
}

/// Calls `call` with some ids at a time, and again without those that AWS does not know: one of
/// them fails the whole call.
Outcome<> for_known(std::vector<std::string> ids,
                    const std::function<Outcome<>(const std::vector<std::string>&)>& call) {
    while (!ids.empty()) {
        const auto count = static_cast<std::ptrdiff_t>(std::min(ids.size(), kIdsPerCall));
        std::vector<std::string> some(ids.begin(), ids.begin() + count);
        ids.erase(ids.begin(), ids.begin() + count);
        while (!some.empty()) {
            const auto done = call(some);
            if (done) break;
            auto known = without_unknown(done.error(), std::move(some));
            if (!known) return done;
            some = *std::move(known);
        }
    }
    return {};
}

Outcome<> describe_page(Client& client, const Query& query, std::vector<Instance>& instances) {
    std::vector<Instance> found;
    const auto done = each_page(client, "DescribeInstances", query, [&](const auto& root) {
        for (const auto reservation : items(root.child("reservationSet"))) {
            for (const auto item : items(reservation.child("instancesSet"))) {
                found.push_back(read_instance(item));
            }
        }
    });
    if (!done) return done;
    std::ranges::move(found, std::back_inserter(instances));
    return {};
}

void add_market(Query& query, const SpotRequest& spot) {
    query.text("InstanceMarketOptions.MarketType", "spot")
        .text("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")
        .text("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate")
        .text("InstanceMarketOptions.SpotOptions.MaxPrice", spot.max_price);
}

void add_interface(Query& query, const NetworkInterface& interface) {
    const std::string entry = "NetworkInterface.1.";
    query.number(entry + "DeviceIndex", interface.device_index)
        .text(entry + "SubnetId", interface.subnet_id)
        .list(entry + "SecurityGroupId", interface.security_group_ids)
        .text(entry + "InterfaceType", interface.interface_type)
        .text(entry + "Description", interface.description);
    if (interface.associate_public_ip_address) {
        query.flag(entry + "AssociatePublicIpAddress", *interface.associate_public_ip_address);
    }
    if (interface.delete_on_termination) {
        query.flag(entry + "DeleteOnTermination", *interface.delete_on_termination);
    }
}

}  // namespace

Outcome<std::vector<Instance>> run_instances(Client& client, const RunInstances& request) {
    Query query;
    query.text("ClientToken", request.client_token)
        .number("MinCount", request.min_count)
        .number("MaxCount", request.max_count)
        .text("SubnetId", request.subnet_id)
        .text("InstanceInitiatedShutdownBehavior", "terminate")
        .text("DisableApiTermination", "false");  // whatever a launch template says
    if (request.launch_template) {
        query.text("LaunchTemplate.LaunchTemplateId", request.launch_template->id)
            .text("LaunchTemplate.LaunchTemplateName", request.launch_template->name)
            .text("LaunchTemplate.Version", request.launch_template->version);
    }
    if (request.network_interface) add_interface(query, *request.network_interface);
    if (request.spot) add_market(query, *request.spot);
    add_specification(query, "", request.instance);
    const auto answer = ask_ec2(client, "RunInstances", query);
    if (!answer) return std::unexpected(answer.error());
    std::vector<Instance> instances;
    for (const auto item : items((*answer)->document_element().child("instancesSet"))) {
        instances.push_back(read_instance(item));
    }
    if (instances.empty()) return malformed("RunInstances", "instances");
    return instances;
}

Outcome<std::vector<Instance>> describe_instances(Client& client, const InstanceQuery& query) {
    std::vector<Instance> instances;
    Query base;
    base.filters(query.filters);
    if (query.ids.empty()) {
        base.number("MaxResults", 1000);
        if (auto done = describe_page(client, base, instances); !done) {
            return std::unexpected(std::move(done).error());
        }
        return instances;
    }
    const auto done = for_known(query.ids, [&](const auto& ids) {
        Query some = base;
        return describe_page(client, some.list("InstanceId", ids), instances);
    });
    if (!done) return std::unexpected(done.error());
    return instances;
}

Outcome<> terminate_instances(Client& client, std::vector<std::string> ids) {
    return for_known(std::move(ids), [&](const auto& known) -> Outcome<> {
        const auto answer =
            ask_ec2(client, "TerminateInstances", Query().list("InstanceId", known));
        if (!answer) return std::unexpected(answer.error());
        return {};
    });
}

}  // namespace batchd::aws
