// Launch templates of the operator's own: which one a launch takes, and what batchd has to know of
// it. Pure.
#pragma once

#include "batchd/aws/ec2.hpp"
#include "batchd/model/compute_environment.hpp"

#include <optional>
#include <string>

namespace batchd::compute {

/// AWS: an override for the type stands above the template itself.
struct ChosenTemplate {
    std::optional<aws::LaunchTemplate> value;
    bool is_override = false;
};

/// `type` is an instance type.
ChosenTemplate template_of(const model::ComputeResources& resources, const std::string& type);

/// EC2 takes subnet and security groups either of a launch or of its network interfaces: if the
/// template has an interface, they move there from `call`, and the groups are the template's where
/// `call` has none. An error of class Configuration names the member of the template that batchd
/// cannot launch with.
aws::Outcome<> apply_template(const aws::LaunchTemplateVersion& version, aws::RunInstances& call);

}  // namespace batchd::compute
