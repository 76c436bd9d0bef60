#include "aws/ec2_specification.hpp"
#include "batchd/base/time_text.hpp"

#include <cstdlib>

namespace batchd::aws {
namespace {

std::vector<std::string> read_texts(const pugi::xml_node& list) {
    std::vector<std::string> texts;
    for (const auto item : items(list)) texts.emplace_back(item.text().get());
    return texts;
}

InstanceType read_type(const pugi::xml_node& item) {
    InstanceType type{
        .name = item.child_value("instanceType"),
        .vcpus = item.child("vCpuInfo").child("defaultVCpus").text().as_llong(),
        .memory = MiB{item.child("memoryInfo").child("sizeInMiB").text().as_llong()},
        .architectures = read_texts(item.child("processorInfo").child("supportedArchitectures")),
        .usage_classes = read_texts(item.child("supportedUsageClasses")),
        .is_current_generation = item.child("currentGeneration").text().as_bool(),
        .is_bare_metal = item.child("bareMetal").text().as_bool()};
    for (const auto gpu : items(item.child("gpuInfo").child("gpus"))) {
        type.gpus += gpu.child("count").text().as_llong();
        type.gpu_name = gpu.child_value("name");
        type.gpu_memory = MiB{gpu.child("memoryInfo").child("sizeInMiB").text().as_llong()};
    }
    return type;
}

}  // namespace

Outcome<std::vector<InstanceType>> describe_instance_types(Client& client,
                                                           const std::vector<std::string>& names,
                                                           const std::vector<Filter>& filters) {
    constexpr std::size_t kNamesPerCall = 100;
    std::vector<InstanceType> types;
    for (std::size_t at = 0; at == 0 || at < names.size(); at += kNamesPerCall) {
        const std::vector<std::string> some(names.begin() + static_cast<std::ptrdiff_t>(at),
                                            names.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                at + kNamesPerCall, names.size())));
        Query query;
        query.list("InstanceType", some).filters(filters);
        if (some.empty()) query.number("MaxResults", 100);
        const auto done = each_page(client, "DescribeInstanceTypes", query, [&](const auto& root) {
            for (const auto item : items(root.child("instanceTypeSet"))) {
                types.push_back(read_type(item));
            }
        });
        if (!done) return std::unexpected(done.error());
    }
    return types;
}

Outcome<std::vector<TypeOffering>> describe_instance_type_offerings(
    Client& client, const std::vector<std::string>& types) {
    Query query;
    query.text("LocationType", "availability-zone").number("MaxResults", 1000);
    if (!types.empty()) query.filters({{.name = "instance-type", .values = types}});
    std::vector<TypeOffering> offerings;
    const auto done =
        each_page(client, "DescribeInstanceTypeOfferings", query, [&](const auto& root) {
            for (const auto item : items(root.child("instanceTypeOfferingSet"))) {
                offerings.push_back({.instance_type = item.child_value("instanceType"),
                                     .availability_zone = item.child_value("location")});
            }
        });
    if (!done) return std::unexpected(done.error());
    return offerings;
}

Outcome<std::vector<SpotPrice>> describe_spot_prices(Client& client,
                                                     const std::vector<std::string>& types) {
    Query query;
    query.list("InstanceType", types)
        .list("ProductDescription", {"Linux/UNIX", "Linux/UNIX (Amazon VPC)"})
        .text("StartTime", to_iso8601(client.clock().now()))
        .number("MaxResults", 1000);
    std::vector<SpotPrice> prices;
    const auto done = each_page(client, "DescribeSpotPriceHistory", query, [&](const auto& root) {
        for (const auto item : items(root.child("spotPriceHistorySet"))) {
            prices.push_back({.instance_type = item.child_value("instanceType"),
                              .availability_zone = item.child_value("availabilityZone"),
                              .dollars_per_hour = item.child("spotPrice").text().as_double(),
                              .since = parse_iso8601(item.child_value("timestamp"))});
        }
    });
    if (!done) return std::unexpected(done.error());
    return prices;
}

Outcome<std::vector<Subnet>> describe_subnets(Client& client, const std::vector<std::string>& ids) {
    std::vector<Subnet> subnets;
    const auto done =
        each_page(client, "DescribeSubnets", Query().list("SubnetId", ids), [&](const auto& root) {
            for (const auto item : items(root.child("subnetSet"))) {
                subnets.push_back(
                    {.id = item.child_value("subnetId"),
                     .vpc_id = item.child_value("vpcId"),
                     .availability_zone = item.child_value("availabilityZone"),
                     .cidr = item.child_value("cidrBlock"),
                     .free_addresses = item.child("availableIpAddressCount").text().as_llong()});
            }
        });
    if (!done) return std::unexpected(done.error());
    return subnets;
}

Outcome<std::vector<Image>> describe_images(Client& client, const std::vector<std::string>& ids) {
    std::vector<Image> images;
    const auto done =
        each_page(client, "DescribeImages", Query().list("ImageId", ids), [&](const auto& root) {
            for (const auto item : items(root.child("imagesSet"))) {
                images.push_back(
                    {.id = item.child_value("imageId"),
                     .name = item.child_value("name"),
                     .architecture = item.child_value("architecture"),
                     .root_device_name = item.child_value("rootDeviceName"),
                     .state = item.child_value("imageState"),
                     .block_devices = read_block_devices(item.child("blockDeviceMapping"))});
            }
        });
    if (!done) return std::unexpected(done.error());
    return images;
}

}  // namespace batchd::aws
