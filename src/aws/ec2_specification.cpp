#include "aws/ec2_specification.hpp"

#include "aws/base64.hpp"

#include <fmt/format.h>

namespace batchd::aws {

void add_specification(Query& query, const std::string& prefix, const InstanceSpecification& spec) {
    const bool has_arn = spec.instance_profile.starts_with("arn:");
    query.text(prefix + "ImageId", spec.image_id)
        .text(prefix + "InstanceType", spec.instance_type)
        .list(prefix + "SecurityGroupId", spec.security_group_ids)
        .text(prefix + (has_arn ? "IamInstanceProfile.Arn" : "IamInstanceProfile.Name"),
              spec.instance_profile)
        .text(prefix + "UserData", to_base64(spec.user_data))
        .text(prefix + "KeyName", spec.key_name)
        .text(prefix + "Placement.GroupName", spec.placement_group)
        .text(prefix + "MetadataOptions.HttpTokens", "required")
        .number(prefix + "MetadataOptions.HttpPutResponseHopLimit", spec.metadata_hop_limit)
        .tags(prefix + "TagSpecification", {"instance", "volume"}, spec.tags);
    for (std::size_t i = 0; i < spec.block_devices.size(); ++i) {
        const BlockDevice& device = spec.block_devices[i];
        const std::string entry = fmt::format("{}BlockDeviceMapping.{}", prefix, i + 1);
        query.text(entry + ".DeviceName", device.device_name)
            .text(entry + ".Ebs.VolumeType", device.volume_type)
            .text(entry + ".Ebs.SnapshotId", device.snapshot_id)
            .flag(entry + ".Ebs.DeleteOnTermination", true);
        if (device.size_gib > 0) query.number(entry + ".Ebs.VolumeSize", device.size_gib);
        if (device.encrypted) query.flag(entry + ".Ebs.Encrypted", true);
    }
}

std::vector<BlockDevice> read_block_devices(const pugi::xml_node& mapping) {
    std::vector<BlockDevice> devices;
    for (const auto item : items(mapping)) {
        const auto ebs = item.child("ebs");
        devices.push_back({.device_name = item.child_value("deviceName"),
                           .volume_type = ebs.child_value("volumeType"),
                           .size_gib = ebs.child("volumeSize").text().as_llong(),
                           .encrypted = ebs.child("encrypted").text().as_bool(),
                           .snapshot_id = ebs.child_value("snapshotId")});
    }
    return devices;
}

}  // namespace batchd::aws
