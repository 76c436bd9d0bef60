// What an instance is made of, as parameters of RunInstances and of CreateLaunchTemplate.
#pragma once

#include "aws/query.hpp"

namespace batchd::aws {

/// `prefix` is "" or "LaunchTemplateData.".
void add_specification(Query& query, const std::string& prefix, const InstanceSpecification& spec);

std::vector<BlockDevice> read_block_devices(const pugi::xml_node& mapping);

}  // namespace batchd::aws
