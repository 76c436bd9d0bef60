// eksProperties of job definitions and jobs, member for member as AWS Batch names them. batchd has
// no Kubernetes to run them on: they are checked, kept and shown. What a client left out stays out.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

using EksTexts = std::optional<std::vector<std::string>>;
using EksMap = std::optional<std::map<std::string, std::string>>;

struct EksName {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(EksName, (), (name))

struct EksVariable {
    std::string name;
    std::optional<std::string> value;
};
BOOST_DESCRIBE_STRUCT(EksVariable, (), (name, value))

struct EksResources {
    EksMap limits;
    EksMap requests;
};
BOOST_DESCRIBE_STRUCT(EksResources, (), (limits, requests))

struct EksVolumeMount {
    std::optional<std::string> name;
    std::optional<std::string> mount_path;
    std::optional<std::string> sub_path;
    std::optional<bool> read_only;
};
BOOST_DESCRIBE_STRUCT(EksVolumeMount, (), (name, mount_path, sub_path, read_only))

struct EksSecurityContext {
    std::optional<std::int64_t> run_as_user;
    std::optional<std::int64_t> run_as_group;
    std::optional<bool> privileged;
    std::optional<bool> allow_privilege_escalation;
    std::optional<bool> read_only_root_filesystem;
    std::optional<bool> run_as_non_root;
};
BOOST_DESCRIBE_STRUCT(EksSecurityContext, (),
                      (run_as_user, run_as_group, privileged, allow_privilege_escalation,
                       read_only_root_filesystem, run_as_non_root))

/// What an override may replace; its image may be absent.
struct EksContainerOverride {
    std::optional<std::string> name;
    std::optional<std::string> image;
    EksTexts command;
    EksTexts args;
    std::optional<std::vector<EksVariable>> env;
    std::optional<EksResources> resources;
};
BOOST_DESCRIBE_STRUCT(EksContainerOverride, (), (name, image, command, args, env, resources))

struct EksContainer : EksContainerOverride {
    std::optional<std::string> image_pull_policy;
    std::optional<std::vector<EksVolumeMount>> volume_mounts;
    std::optional<EksSecurityContext> security_context;
};
BOOST_DESCRIBE_STRUCT(EksContainer, (EksContainerOverride),
                      (image_pull_policy, volume_mounts, security_context))

struct EksHostPath {
    std::optional<std::string> path;
};
BOOST_DESCRIBE_STRUCT(EksHostPath, (), (path))

struct EksEmptyDir {
    std::optional<std::string> medium;
    std::optional<std::string> size_limit;
};
BOOST_DESCRIBE_STRUCT(EksEmptyDir, (), (medium, size_limit))

struct EksSecret {
    std::string secret_name;
    std::optional<bool> optional;
};
BOOST_DESCRIBE_STRUCT(EksSecret, (), (secret_name, optional))

struct EksVolumeClaim {
    std::string claim_name;
    std::optional<bool> read_only;
};
BOOST_DESCRIBE_STRUCT(EksVolumeClaim, (), (claim_name, read_only))

struct EksVolume {
    std::string name;
    std::optional<EksHostPath> host_path;
    std::optional<EksEmptyDir> empty_dir;
    std::optional<EksSecret> secret;
    std::optional<EksVolumeClaim> persistent_volume_claim;
};
BOOST_DESCRIBE_STRUCT(EksVolume, (), (name, host_path, empty_dir, secret, persistent_volume_claim))

struct EksMetadata {
    EksMap labels;
    EksMap annotations;
    std::optional<std::string> namespace_;
};
BOOST_DESCRIBE_STRUCT(EksMetadata, (), (labels, annotations, namespace_))

struct EksPodProperties {
    std::optional<std::string> service_account_name;
    std::optional<bool> host_network;
    std::optional<std::string> dns_policy;
    std::optional<std::vector<EksName>> image_pull_secrets;
    std::optional<std::vector<EksContainer>> containers;
    std::optional<std::vector<EksContainer>> init_containers;
    std::optional<std::vector<EksVolume>> volumes;
    std::optional<EksMetadata> metadata;
    std::optional<bool> share_process_namespace;
};
BOOST_DESCRIBE_STRUCT(EksPodProperties, (),
                      (service_account_name, host_network, dns_policy, image_pull_secrets,
                       containers, init_containers, volumes, metadata, share_process_namespace))

struct EksProperties {
    std::optional<EksPodProperties> pod_properties;
};
BOOST_DESCRIBE_STRUCT(EksProperties, (), (pod_properties))

struct EksPodOverride {
    std::optional<std::vector<EksContainerOverride>> containers;
    std::optional<std::vector<EksContainerOverride>> init_containers;
    std::optional<EksMetadata> metadata;
};
BOOST_DESCRIBE_STRUCT(EksPodOverride, (), (containers, init_containers, metadata))

struct EksPropertiesOverride {
    std::optional<EksPodOverride> pod_properties;
};
BOOST_DESCRIBE_STRUCT(EksPropertiesOverride, (), (pod_properties))

/// Checks what the API's model demands, and that names inside the pod are unique and known.
/// InvalidArgument names member, value and rule.
Result<> validate(const EksProperties& properties);

}  // namespace batchd::model
