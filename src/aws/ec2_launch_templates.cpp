#include "aws/base64.hpp"
#include "aws/ec2_specification.hpp"
#include "aws/json_reading.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace batchd::aws {
namespace {

/// What is nested stands as its text; what is there but empty, as a list, is left out.
std::string text_inside(const pugi::xml_node& node) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) return node.value();
    std::string text;
    for (const auto child : node.children()) {
        const std::string inside = text_inside(child);
        if (!text.empty() && !inside.empty()) text += ' ';
        text += inside;
    }
    return text;
}

std::optional<bool> read_flag(const pugi::xml_node& flag) {
    if (!flag) return std::nullopt;
    return flag.text().as_bool();
}

TemplateInterface read_interface(const pugi::xml_node& item) {
    constexpr auto kRead = std::to_array<std::string_view>(
        {"deviceIndex", "subnetId", "groupSet", "associatePublicIpAddress", "deleteOnTermination",
         "interfaceType", "description"});
    TemplateInterface interface{
        .settings = {
            .device_index = item.child("deviceIndex").text().as_llong(),
            .subnet_id = item.child_value("subnetId"),
            .associate_public_ip_address = read_flag(item.child("associatePublicIpAddress")),
            .delete_on_termination = read_flag(item.child("deleteOnTermination")),
            .interface_type = item.child_value("interfaceType"),
            .description = item.child_value("description")}};
    for (const auto id : item.child("groupSet").children("groupId")) {
        interface.settings.security_group_ids.emplace_back(id.text().get());
    }
    for (const auto member : item.children()) {
        if (std::ranges::find(kRead, member.name()) != kRead.end()) continue;
        std::string text = text_inside(member);
        if (!text.empty()) interface.others[member.name()] = std::move(text);
    }
    return interface;
}

LaunchTemplateVersion read_version(const pugi::xml_node& item) {
    const auto data = item.child("launchTemplateData");
    LaunchTemplateVersion version{
        .template_name = item.child_value("launchTemplateName"),
        .number = item.child("versionNumber").text().as_llong(),
        .is_default = item.child("defaultVersion").text().as_bool(),
        .image_id = data.child_value("imageId"),
        .instance_type = data.child_value("instanceType"),
        .key_name = data.child_value("keyName"),
        .user_data = from_base64(data.child_value("userData")).value_or(""),
        .instance_profile = data.child("iamInstanceProfile").child_value("arn")};
    if (version.instance_profile.empty()) {
        version.instance_profile = data.child("iamInstanceProfile").child_value("name");
    }
    for (const auto id : items(data.child("securityGroupIdSet"))) {
        version.security_group_ids.emplace_back(id.text().get());
    }
    for (const auto interface : items(data.child("networkInterfaceSet"))) {
        version.network_interfaces.push_back(read_interface(interface));
    }
    const auto market = data.child("instanceMarketOptions");
    if (market.first_child()) version.market_type = market.child_value("marketType");
    for (const auto specification : items(data.child("tagSpecificationSet"))) {
        if (std::string_view(specification.child_value("resourceType")) == "instance") {
            version.instance_tags = read_tags(specification.child("tagSet"));
        }
    }
    return version;
}

}  // namespace

Outcome<std::string> create_launch_template(Client& client, const std::string& name,
                                            const InstanceSpecification& data) {
    Query query;
    query.text("LaunchTemplateName", name);
    add_specification(query, "LaunchTemplateData.", data);
    const auto answer = ask_ec2(client, "CreateLaunchTemplate", query);
    if (!answer) return std::unexpected(answer.error());
    std::string id =
        (*answer)->document_element().child("launchTemplate").child_value("launchTemplateId");
    if (id.empty()) return malformed("CreateLaunchTemplate", "an id");
    return id;
}

Outcome<> delete_launch_template(Client& client, const std::string& name) {
    const auto answer =
        ask_ec2(client, "DeleteLaunchTemplate", Query().text("LaunchTemplateName", name));
    if (answer || answer.error().code == "InvalidLaunchTemplateName.NotFoundException") return {};
    return std::unexpected(answer.error());
}

Outcome<LaunchTemplateVersion> describe_launch_template_version(
    Client& client, const LaunchTemplate& launch_template) {
    Query query;
    query.text("LaunchTemplateId", launch_template.id)
        .text("LaunchTemplateName", launch_template.name)
        .list("LaunchTemplateVersion",
              {launch_template.version.empty() ? "$Default" : launch_template.version});
    const auto answer = ask_ec2(client, "DescribeLaunchTemplateVersions", query);
    if (!answer) return std::unexpected(answer.error());
    const auto item = (*answer)->document_element().child("launchTemplateVersionSet").child("item");
    if (!item) return malformed("DescribeLaunchTemplateVersions", "a version");
    return read_version(item);
}

}  // namespace batchd::aws
