#include "aws/base64.hpp"
#include "aws/ec2_specification.hpp"
#include "aws/json_reading.hpp"

namespace batchd::aws {
namespace {

LaunchTemplateVersion read_version(const pugi::xml_node& item) {
    const auto data = item.child("launchTemplateData");
    LaunchTemplateVersion version{
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
