#include "batchd/aws/ec2.hpp"

#include "component/aws/calls_fixture.hpp"

namespace batchd::aws {
namespace {

using testing::FakeAws;

class Ec2 : public Calls {
  protected:
    static FakeAws::Answer response(const std::string& operation, const std::string& content) {
        return FakeAws::xml("<" + operation + "Response xmlns=\"http://ec2.amazonaws.com/doc/" +
                            "2016-11-15/\"><requestId>r</requestId>" + content + "</" + operation +
                            "Response>");
    }
    static std::string instance(const std::string& id, int state = 16) {
        return "<item><instanceId>" + id + "</instanceId><imageId>ami-1</imageId><instanceState>" +
               "<code>" + std::to_string(state) + "</code><name>x</name></instanceState>" +
               "<instanceType>m6i.large</instanceType></item>";
    }
    static FakeAws::Answer page(const std::string& instances, const std::string& token = "") {
        return response("DescribeInstances",
                        "<reservationSet><item><instancesSet>" + instances +
                            "</instancesSet></item></reservationSet>" +
                            (token.empty() ? "" : "<nextToken>" + token + "</nextToken>"));
    }
    static std::string ids(const std::vector<Instance>& instances) {
        std::string text;
        for (const auto& instance : instances) text += instance.id + " ";
        return text;
    }
};

constexpr const char* kInstance = R"(<instancesSet><item>
  <instanceId>i-1</instanceId><imageId>ami-1</imageId>
  <instanceState><code>32784</code><name>running</name></instanceState>
  <instanceType>g5.xlarge</instanceType><clientToken>launch-1</clientToken>
  <launchTime>2026-01-02T03:04:05.000Z</launchTime>
  <placement><availabilityZone>eu-west-1a</availabilityZone></placement>
  <subnetId>subnet-1</subnetId><privateIpAddress>10.0.0.4</privateIpAddress>
  <ipAddress>54.1.2.3</ipAddress><architecture>x86_64</architecture>
  <stateReason><code>Server.SpotInstanceTermination</code><message>m</message></stateReason>
  <instanceLifecycle>spot</instanceLifecycle>
  <spotInstanceRequestId>sir-1</spotInstanceRequestId>
  <tagSet><item><key>a</key><value>1 &amp; 2</value></item>
  <item><key>b</key><value/></item></tagSet></item></instancesSet>)";

TEST_F(Ec2, RunInstances) {
    answer({response("RunInstances", kInstance)});
    const aws::RunInstances request{
        .client_token = "launch-1",
        .instance = {.image_id = "ami-1",
                     .instance_type = "g5.xlarge",
                     .security_group_ids = {"sg-1", "sg-2"},
                     .instance_profile = "arn:aws:iam::1:instance-profile/p",
                     .user_data = "#!/bin/sh\n",
                     .key_name = "key",
                     .placement_group = "group",
                     .block_devices = {{.device_name = "/dev/xvda",
                                        .volume_type = "gp3",
                                        .size_gib = 50,
                                        .encrypted = true,
                                        .snapshot_id = "snap-1"}},
                     .tags = {{"Name", "a b"}, {"x", "y"}}},
        .launch_template = LaunchTemplate{.id = "lt-1", .version = "3"},
        .subnet_id = "subnet-1",
        .min_count = 1,
        .max_count = 4,
        .spot = SpotRequest{.max_price = "0.5"}};
    const auto instances = run_instances(client(), request);
    ASSERT_TRUE(instances) << instances.error().text();
    ASSERT_EQ(instances->size(), 1U);
    const Instance& got = instances->front();
    EXPECT_EQ(got.id, "i-1");
    EXPECT_EQ(got.state, InstanceState::Running) << "only the low byte counts";
    EXPECT_EQ(got.state_reason_code, "Server.SpotInstanceTermination");
    EXPECT_EQ(got.private_ip, "10.0.0.4");
    EXPECT_EQ(got.availability_zone, "eu-west-1a");
    EXPECT_TRUE(got.is_spot);
    EXPECT_EQ(to_iso8601(*got.launched), "2026-01-02T03:04:05.000Z");
    EXPECT_EQ(got.tags, (Tags{{"a", "1 & 2"}, {"b", ""}}));

    EXPECT_EQ(sent("ClientToken"), "launch-1");
    EXPECT_EQ(sent("MaxCount"), "4");
    EXPECT_EQ(sent("UserData"), "IyEvYmluL3NoCg==");
    EXPECT_EQ(sent("MetadataOptions.HttpTokens"), "required");
    EXPECT_EQ(sent("MetadataOptions.HttpPutResponseHopLimit"), "1");
    EXPECT_EQ(sent("IamInstanceProfile.Arn"), "arn:aws:iam::1:instance-profile/p");
    EXPECT_EQ(sent("TagSpecification.1.ResourceType"), "instance");
    EXPECT_EQ(sent("TagSpecification.2.Tag.1.Value"), "a b");
    EXPECT_EQ(sent("InstanceMarketOptions.SpotOptions.MaxPrice"), "0.5");
    EXPECT_EQ(sent("BlockDeviceMapping.1.Ebs.VolumeSize"), "50");
    EXPECT_EQ(sent("SecurityGroupId.2"), "sg-2");
}

TEST_F(Ec2, RunInstancesWithANetworkInterface) {
    answer({response("RunInstances", kInstance)});
    ASSERT_TRUE(run_instances(
        client(), {.instance = {.image_id = "ami-1"},
                   .network_interface = NetworkInterface{.subnet_id = "subnet-1",
                                                         .security_group_ids = {"sg-1", "sg-2"},
                                                         .associate_public_ip_address = false,
                                                         .delete_on_termination = true,
                                                         .interface_type = "efa",
                                                         .description = "d"}}));
    EXPECT_EQ(sent("NetworkInterface.1.DeviceIndex"), "0");
    EXPECT_EQ(sent("NetworkInterface.1.SubnetId"), "subnet-1");
    EXPECT_EQ(sent("NetworkInterface.1.SecurityGroupId.2"), "sg-2");
    EXPECT_EQ(sent("NetworkInterface.1.AssociatePublicIpAddress"), "false");
    EXPECT_EQ(sent("NetworkInterface.1.DeleteOnTermination"), "true");
    EXPECT_EQ(sent("NetworkInterface.1.InterfaceType"), "efa");
    EXPECT_EQ(sent("NetworkInterface.1.Description"), "d");
    EXPECT_EQ(sent("SubnetId"), "") << "EC2 refuses both";
}

TEST_F(Ec2, ALostLaunchIsAskedForAgainWithItsToken) {
    answer({{.lost = true}, FakeAws::html(502), response("RunInstances", kInstance)});
    const auto instances =
        run_instances(client(), {.client_token = "launch-1", .instance = {.image_id = "ami-1"}});
    ASSERT_TRUE(instances) << instances.error().text();
    const auto all = requests();
    // libcurl itself repeats a request on a kept connection that died; each has the token.
    ASSERT_GE(all.size(), 3U);
    for (const auto& request : all) EXPECT_EQ(request.form("ClientToken"), "launch-1");
}

TEST_F(Ec2, ErrorsHaveTheirClass) {
    answer({FakeAws::ec2_error("InsufficientInstanceCapacity", "no room", 500)});
    const auto instances = run_instances(client(), {.instance = {.image_id = "ami-1"}});
    ASSERT_FALSE(instances);
    EXPECT_EQ(instances.error().error_class, ErrorClass::Capacity);
    EXPECT_EQ(instances.error().text(), "InsufficientInstanceCapacity: no room");
    EXPECT_EQ(served_, 1);
}

TEST_F(Ec2, DescribeInstancesReadsAllPages) {
    answer({page(instance("i-1"), "t1"), page("", "t2"), page(instance("i-2") + instance("i-3"))});
    const auto instances = describe_instances(
        client(), {.filters = {{.name = "tag:batchd", .values = {"a", "b"}},
                               {.name = "instance-state-name", .values = {"running"}}}});
    ASSERT_TRUE(instances);
    EXPECT_EQ(ids(*instances), "i-1 i-2 i-3 ");
    EXPECT_EQ(requests().at(0).form("MaxResults"), "1000");
    EXPECT_EQ(requests().at(1).form("NextToken"), "t1");
    EXPECT_EQ(requests().at(2).form("NextToken"), "t2");
    EXPECT_EQ(sent("Filter.1.Value.2"), "b");
    EXPECT_EQ(sent("Filter.2.Name"), "instance-state-name");
}

TEST_F(Ec2, ATokenThatComesBackIsAnError) {
    answer({page(instance("i-1"), "same")});
    const auto instances = describe_instances(client(), {});
    ASSERT_FALSE(instances);
    EXPECT_EQ(instances.error().code, "MalformedAnswer");
    EXPECT_EQ(served_, 2);
}

TEST_F(Ec2, IdsThatAwsDoesNotKnowAreLeftOut) {
    answer({FakeAws::ec2_error("InvalidInstanceID.NotFound",
                               "The instance IDs 'i-2, i-4' do not exist"),
            page(instance("i-1") + instance("i-3", 80))});
    const auto instances = describe_instances(client(), {.ids = {"i-1", "i-2", "i-3", "i-4"}});
    ASSERT_TRUE(instances) << instances.error().text();
    EXPECT_EQ(ids(*instances), "i-1 i-3 ");
    EXPECT_EQ(instances->at(1).state, InstanceState::Stopped);
    EXPECT_EQ(sent("InstanceId.2"), "i-3");
    EXPECT_EQ(sent("MaxResults"), "") << "not together with ids";
    client_.reset();
    answer({FakeAws::ec2_error("InvalidInstanceID.NotFound", "The instance ID 'i-9' is odd")});
    EXPECT_FALSE(describe_instances(client(), {.ids = {"i-1"}})) << "it names another";
}

TEST_F(Ec2, ManyIdsGoInSeveralCalls) {
    serve([](const FakeAws::Request& request, int) {
        return page(instance(request.form("InstanceId.1")));
    });
    std::vector<std::string> many;
    for (int i = 0; i < 1'001; ++i) many.push_back("i-" + std::to_string(i));
    const auto instances = describe_instances(client(), {.ids = many});
    ASSERT_TRUE(instances);
    EXPECT_EQ(ids(*instances), "i-0 i-500 i-1000 ");
}

TEST_F(Ec2, TerminateInstances) {
    answer(
        {FakeAws::ec2_error("InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist"),
         response("TerminateInstances", "<instancesSet/>")});
    EXPECT_TRUE(terminate_instances(client(), {"i-1", "i-2"}));
    EXPECT_EQ(sent("InstanceId.1"), "i-2");
    EXPECT_TRUE(terminate_instances(client(), {}));
    EXPECT_EQ(served_, 2);
    client_.reset();
    answer({FakeAws::ec2_error("UnauthorizedOperation", "encoded", 403)});
    const auto refused = terminate_instances(client(), {"i-1"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error_class, ErrorClass::Configuration);
}

TEST_F(Ec2, AFleetMayBePartial) {
    answer({response("CreateFleet", R"(<fleetId>fleet-1</fleetId>
<errorSet><item><launchTemplateAndOverrides><overrides><instanceType>m6i.large</instanceType>
<subnetId>subnet-2</subnetId><availabilityZone>eu-west-1b</availabilityZone></overrides>
</launchTemplateAndOverrides><lifecycle>spot</lifecycle>
<errorCode>UnfulfillableCapacity</errorCode><errorMessage>none</errorMessage></item></errorSet>
<fleetInstanceSet><item><launchTemplateAndOverrides><overrides>
<instanceType>c6i.large</instanceType><subnetId>subnet-1</subnetId></overrides>
</launchTemplateAndOverrides><lifecycle>spot</lifecycle><instanceIds><item>i-1</item>
<item>i-2</item></instanceIds><instanceType>c6i.large</instanceType></item></fleetInstanceSet>)")});
    const auto fleet = create_fleet(
        client(), {.client_token = "f-1",
                   .launch_template = {.name = "batchd-x", .version = "$Latest"},
                   .overrides = {{.instance_type = "c6i.large",
                                  .subnet_id = "subnet-1",
                                  .max_price = "0.1",
                                  .image_id = "ami-1",
                                  .priority = 1.5,
                                  .weighted_capacity = 2.0},
                                 {.instance_type = "m6i.large", .subnet_id = "subnet-2"}},
                   .target_capacity = 3,
                   .is_spot = true,
                   .allocation_strategy = "price-capacity-optimized",
                   .single_instance_type = true,
                   .tags = {{"batchd", "x"}}});
    ASSERT_TRUE(fleet) << fleet.error().text();
    EXPECT_EQ(fleet->id, "fleet-1");
    ASSERT_EQ(fleet->launches.size(), 1U);
    EXPECT_EQ(fleet->launches[0].instance_ids, (std::vector<std::string>{"i-1", "i-2"}));
    EXPECT_EQ(fleet->launches[0].subnet_id, "subnet-1");
    EXPECT_TRUE(fleet->launches[0].is_spot);
    ASSERT_EQ(fleet->errors.size(), 1U);
    EXPECT_EQ(fleet->errors[0].error.error_class, ErrorClass::Capacity);
    EXPECT_EQ(fleet->errors[0].availability_zone, "eu-west-1b");
    EXPECT_EQ(sent("LaunchTemplateConfigs.1.Overrides.1.Priority"), "1.5");
    EXPECT_EQ(sent("LaunchTemplateConfigs.1.Overrides.1.WeightedCapacity"), "2");
    EXPECT_EQ(sent("SpotOptions.AllocationStrategy"), "price-capacity-optimized");
    EXPECT_EQ(sent("TargetCapacitySpecification.TotalTargetCapacity"), "3");

    client_.reset();
    answer({response("CreateFleet",
                     "<fleetId>f</fleetId><errorSet><item><errorCode>"
                     "MaxSpotInstanceCountExceeded</errorCode></item></errorSet>")});
    const auto failed = create_fleet(
        client(), {.launch_template = {.id = "lt-1"}, .allocation_strategy = "lowest-price"});
    ASSERT_TRUE(failed);
    EXPECT_TRUE(failed->launches.empty());
    EXPECT_EQ(failed->errors.at(0).error.error_class, ErrorClass::Quota);
    EXPECT_EQ(sent("OnDemandOptions.AllocationStrategy"), "lowest-price");
}

TEST_F(Ec2, TheCatalogue) {
    serve([](const FakeAws::Request& request, int n) {
        if (request.operation == "DescribeInstanceTypes") {
            return response(request.operation, R"(<instanceTypeSet><item>
<instanceType>g5.12xlarge</instanceType><currentGeneration>true</currentGeneration>
<bareMetal>false</bareMetal><vCpuInfo><defaultVCpus>48</defaultVCpus></vCpuInfo>
<memoryInfo><sizeInMiB>196608</sizeInMiB></memoryInfo><processorInfo><supportedArchitectures>
<item>x86_64</item></supportedArchitectures></processorInfo><supportedUsageClasses>
<item>on-demand</item><item>spot</item></supportedUsageClasses><gpuInfo><gpus><item>
<name>A10G</name><count>4</count><memoryInfo><sizeInMiB>22888</sizeInMiB></memoryInfo></item>
</gpus></gpuInfo></item></instanceTypeSet>)" + std::string(n == 0 ? "<nextToken>t</nextToken>"
                                                                  : ""));
        }
        if (request.operation == "DescribeInstanceTypeOfferings") {
            return response(request.operation,
                            "<instanceTypeOfferingSet><item><instanceType>m6i.large</instanceType>"
                            "<locationType>availability-zone</locationType><location>eu-west-1a"
                            "</location></item></instanceTypeOfferingSet>");
        }
        return response(request.operation,
                        "<spotPriceHistorySet><item><instanceType>m6i.large</instanceType>"
                        "<productDescription>Linux/UNIX</productDescription><spotPrice>0.034500"
                        "</spotPrice><timestamp>2026-01-01T00:00:00Z</timestamp>"
                        "<availabilityZone>eu-west-1a</availabilityZone></item>"
                        "</spotPriceHistorySet>");
    });
    const auto types =
        describe_instance_types(client(), {}, {{.name = "instance-type", .values = {"g5.*"}}});
    ASSERT_TRUE(types);
    ASSERT_EQ(types->size(), 2U);
    EXPECT_EQ(types->at(0).vcpus, 48);
    EXPECT_EQ(types->at(0).memory, MiB{196608});
    EXPECT_EQ(types->at(0).gpus, 4);
    EXPECT_EQ(types->at(0).gpu_memory, MiB{22888});
    EXPECT_EQ(types->at(0).usage_classes, (std::vector<std::string>{"on-demand", "spot"}));
    EXPECT_TRUE(types->at(0).is_current_generation);
    ASSERT_TRUE(describe_instance_types(client(), std::vector<std::string>(101, "m6i.large")));
    EXPECT_EQ(served_, 4);
    const auto offerings = describe_instance_type_offerings(client(), {"m6i.*", "c6i.large"});
    ASSERT_TRUE(offerings);
    EXPECT_EQ(offerings->at(0).availability_zone, "eu-west-1a");
    const auto prices = describe_spot_prices(client(), {"m6i.large"});
    ASSERT_TRUE(prices);
    EXPECT_DOUBLE_EQ(prices->at(0).dollars_per_hour, 0.0345);
    EXPECT_EQ(sent("ProductDescription.1"), "Linux/UNIX");
}

TEST_F(Ec2, LaunchTemplates) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "CreateLaunchTemplate") {
            return response(request.operation,
                            "<launchTemplate><launchTemplateId>lt-1"
                            "</launchTemplateId></launchTemplate>");
        }
        if (request.operation == "DeleteLaunchTemplate") {
            return FakeAws::ec2_error("InvalidLaunchTemplateName.NotFoundException", "none");
        }
        return response(request.operation, R"(<launchTemplateVersionSet><item>
<versionNumber>3</versionNumber><defaultVersion>true</defaultVersion><launchTemplateData>
<imageId>ami-1</imageId><userData>IyEvYmluL3NoCg==</userData><iamInstanceProfile><name>p</name>
</iamInstanceProfile><securityGroupIdSet><item>sg-1</item></securityGroupIdSet>
<tagSpecificationSet><item><resourceType>volume</resourceType></item><item>
<resourceType>instance</resourceType><tagSet><item><key>k</key><value>v</value></item></tagSet>
</item></tagSpecificationSet></launchTemplateData></item></launchTemplateVersionSet>)");
    });
    EXPECT_EQ(create_launch_template(client(), "batchd-x",
                                     {.image_id = "ami-1",
                                      .security_group_ids = {"sg-1"},
                                      .instance_profile = "p",
                                      .user_data = "x",
                                      .key_name = "key",
                                      .placement_group = "group",
                                      .block_devices = {{.device_name = "/dev/xvda"}},
                                      .tags = {{"a", "b"}}}),
              "lt-1");
    EXPECT_EQ(sent("LaunchTemplateData.IamInstanceProfile.Name"), "p");
    EXPECT_TRUE(delete_launch_template(client(), "batchd-x"));
    const auto version =
        describe_launch_template_version(client(), {.name = "theirs", .version = "$Latest"});
    ASSERT_TRUE(version);
    EXPECT_EQ(version->number, 3);
    EXPECT_EQ(version->user_data, "#!/bin/sh\n");
    EXPECT_EQ(version->instance_profile, "p");
    EXPECT_EQ(version->security_group_ids, std::vector<std::string>{"sg-1"});
    EXPECT_EQ(version->instance_tags, (Tags{{"k", "v"}}));
}

TEST_F(Ec2, NetworkAndMarketOfALaunchTemplate) {
    const auto version_with = [](const std::string& data) {
        return response("DescribeLaunchTemplateVersions",
                        "<launchTemplateVersionSet><item><launchTemplateName>theirs"
                        "</launchTemplateName><launchTemplateData>" +
                            data + "</launchTemplateData></item></launchTemplateVersionSet>");
    };
    answer({version_with(R"(<networkInterfaceSet>
<item><deviceIndex>0</deviceIndex><subnetId>subnet-1</subnetId>
<groupSet><groupId>sg-1</groupId><groupId>sg-2</groupId></groupSet>
<associatePublicIpAddress>false</associatePublicIpAddress>
<deleteOnTermination>true</deleteOnTermination><interfaceType>efa</interfaceType>
<description>d</description><privateIpAddressesSet/><ipv6AddressCount>2</ipv6AddressCount>
<ipv6AddressesSet><item><ipv6Address>::1</ipv6Address></item><item><ipv6Address>::2</ipv6Address>
</item></ipv6AddressesSet></item><item><deviceIndex>1</deviceIndex></item></networkInterfaceSet>
<instanceMarketOptions><marketType>spot</marketType></instanceMarketOptions>)"),
            version_with("<instanceMarketOptions/>")});
    const auto version = describe_launch_template_version(client(), {.name = "theirs"});
    ASSERT_TRUE(version);
    EXPECT_EQ(version->template_name, "theirs");
    EXPECT_EQ(version->market_type, "spot");
    ASSERT_EQ(version->network_interfaces.size(), 2U);
    const auto& [settings, others] = version->network_interfaces[0];
    EXPECT_EQ(settings.subnet_id, "subnet-1");
    EXPECT_EQ(settings.security_group_ids, (std::vector<std::string>{"sg-1", "sg-2"}));
    EXPECT_EQ(settings.associate_public_ip_address, false);
    EXPECT_EQ(settings.delete_on_termination, true);
    EXPECT_EQ(settings.interface_type, "efa");
    EXPECT_EQ(settings.description, "d");
    EXPECT_EQ(others, (std::map<std::string, std::string>{{"ipv6AddressCount", "2"},
                                                          {"ipv6AddressesSet", "::1 ::2"}}));
    EXPECT_EQ(version->network_interfaces[1].settings.device_index, 1);
    EXPECT_EQ(version->network_interfaces[1].settings.delete_on_termination, std::nullopt);

    const auto without = describe_launch_template_version(client(), {.name = "theirs"});
    ASSERT_TRUE(without);
    EXPECT_TRUE(without->network_interfaces.empty());
    EXPECT_EQ(without->market_type, std::nullopt);
}

TEST_F(Ec2, SubnetsAndImages) {
    serve([](const FakeAws::Request& request, int) {
        if (request.operation == "DescribeSubnets") {
            return response(request.operation,
                            "<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>"
                            "<availabilityZone>eu-west-1a</availabilityZone>"
                            "<cidrBlock>10.0.0.0/24</cidrBlock><availableIpAddressCount>251"
                            "</availableIpAddressCount></item></subnetSet>");
        }
        return response(request.operation,
                        "<imagesSet><item><imageId>ami-1</imageId><architecture>arm64"
                        "</architecture><imageState>available</imageState>"
                        "<rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item>"
                        "<deviceName>/dev/xvda</deviceName><ebs><volumeSize>8</volumeSize>"
                        "<encrypted>true</encrypted></ebs></item></blockDeviceMapping></item>"
                        "</imagesSet>");
    });
    const auto subnets = describe_subnets(client(), {"subnet-1"});
    ASSERT_TRUE(subnets);
    EXPECT_EQ(subnets->at(0).free_addresses, 251);
    const auto images = describe_images(client(), {"ami-1"});
    ASSERT_TRUE(images);
    EXPECT_EQ(images->at(0).architecture, "arm64");
    EXPECT_EQ(images->at(0).block_devices.at(0).size_gib, 8);
    EXPECT_TRUE(images->at(0).block_devices.at(0).encrypted);
}

}  // namespace
}  // namespace batchd::aws
