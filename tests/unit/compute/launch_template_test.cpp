#include "compute/launch_template.hpp"

#include <gtest/gtest.h>

namespace batchd::compute {
namespace {

aws::LaunchTemplateVersion with_interface(aws::TemplateInterface interface) {
    return {.template_name = "own", .number = 3, .network_interfaces = {std::move(interface)}};
}

aws::RunInstances launch(std::vector<std::string> groups) {
    return {.instance = {.security_group_ids = std::move(groups)}, .subnet_id = "subnet-ours"};
}

std::string refusal_of(const aws::LaunchTemplateVersion& version) {
    auto call = launch({"sg-ours"});
    const auto applied = apply_template(version, call);
    if (applied) return "";
    EXPECT_EQ(applied.error().code, "InvalidLaunchTemplate");
    EXPECT_EQ(applied.error().error_class, aws::ErrorClass::Configuration);
    return applied.error().message;
}

TEST(LaunchTemplate, WithoutInterfacesChangesNothing) {
    auto call = launch({"sg-ours"});
    ASSERT_TRUE(apply_template({.security_group_ids = {"sg-theirs"}}, call));
    EXPECT_FALSE(call.network_interface);
    EXPECT_EQ(call.subnet_id, "subnet-ours");
    EXPECT_EQ(call.instance.security_group_ids, std::vector<std::string>{"sg-ours"});
}

TEST(LaunchTemplate, SubnetAndGroupsOfTheEnvironmentStandInItsInterface) {
    auto call = launch({"sg-ours"});
    ASSERT_TRUE(apply_template(with_interface({.settings = {.subnet_id = "subnet-theirs",
                                                            .security_group_ids = {"sg-theirs"},
                                                            .associate_public_ip_address = true,
                                                            .delete_on_termination = false,
                                                            .interface_type = "efa",
                                                            .description = "d"},
                                               .others = {{"networkCardIndex", "0"}}}),
                               call));
    ASSERT_TRUE(call.network_interface);
    EXPECT_EQ(call.network_interface->subnet_id, "subnet-ours");
    EXPECT_EQ(call.network_interface->security_group_ids, std::vector<std::string>{"sg-ours"});
    EXPECT_EQ(call.network_interface->associate_public_ip_address, true);
    EXPECT_EQ(call.network_interface->delete_on_termination, false);
    EXPECT_EQ(call.network_interface->interface_type, "efa");
    EXPECT_EQ(call.network_interface->description, "d");
    EXPECT_EQ(call.subnet_id, "") << "EC2 refuses both";
    EXPECT_TRUE(call.instance.security_group_ids.empty());
}

TEST(LaunchTemplate, ItsInterfaceKeepsItsGroupsWhereTheEnvironmentHasNone) {
    auto call = launch({});
    ASSERT_TRUE(
        apply_template(with_interface({.settings = {.security_group_ids = {"sg-theirs"}}}), call));
    EXPECT_EQ(call.network_interface->security_group_ids, std::vector<std::string>{"sg-theirs"});
}

TEST(LaunchTemplate, IsRefusedWithWhatCannotBeLaunched) {
    EXPECT_EQ(
        refusal_of(
            {.template_name = "own", .number = 3, .network_interfaces = {{}, {.settings = {1}}}}),
        "launch template 'own', version 3: NetworkInterfaces has 2 entries; one is the most "
        "that an instance can be launched with");
    EXPECT_EQ(refusal_of(with_interface({.settings = {.device_index = 1}})),
              "launch template 'own', version 3: NetworkInterfaces[0].DeviceIndex is 1; an "
              "instance's only network interface must have 0");
    EXPECT_EQ(refusal_of(with_interface({.others = {{"networkInterfaceId", "eni-1"}}})),
              "launch template 'own', version 3: NetworkInterfaces[0].networkInterfaceId is "
              "'eni-1'; only DeviceIndex, Groups, AssociatePublicIpAddress, DeleteOnTermination, "
              "InterfaceType and Description can be given");
    EXPECT_TRUE(refusal_of(with_interface({.others = {{"networkCardIndex", "1"}}}))
                    .contains("NetworkInterfaces[0].networkCardIndex is '1'; only"));
    EXPECT_EQ(refusal_of({.template_name = "own", .number = 3, .market_type = "spot"}),
              "launch template 'own', version 3: InstanceMarketOptions.MarketType is 'spot'; the "
              "type of the compute environment, EC2 or SPOT, says how instances are bought");
}

TEST(LaunchTemplate, AnOverrideForTheTypeStandsAboveIt) {
    model::ComputeResources resources;
    EXPECT_FALSE(template_of(resources, "c5.large").value);
    auto& own = resources.launch_template.emplace();
    own.launch_template_name = "own";
    auto& override_of_types = own.overrides.emplace().emplace_back();
    override_of_types.launch_template_id = "lt-1";
    override_of_types.version = "7";
    override_of_types.target_instance_types = std::vector<std::string>{"c5", "m5.large"};
    for (const char* type : {"c5.large", "m5.large"}) {
        const auto chosen = template_of(resources, type);
        EXPECT_TRUE(chosen.is_override);
        EXPECT_EQ(chosen.value->id, "lt-1");
        EXPECT_EQ(chosen.value->version, "7");
    }
    const auto chosen = template_of(resources, "m5.xlarge");
    EXPECT_FALSE(chosen.is_override);
    EXPECT_EQ(chosen.value->name, "own");
    EXPECT_EQ(chosen.value->version, "$Default");
}

}  // namespace
}  // namespace batchd::compute
