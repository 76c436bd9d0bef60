#include "batchd/model/eks.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxContainers = 10;
const std::string kPod = "eksProperties.podProperties";

Result<> expect_text(const std::string& field, const std::optional<std::string>& value) {
    if (is_given(value)) return {};
    return invalid_argument(field + " is required and must not be empty");
}

/// Kubernetes writes these as they are: case counts.
Result<> expect_one_of(const std::string& field, const std::optional<std::string>& value,
                       std::span<const std::string_view> allowed) {
    if (!value || contains(allowed, *value)) return {};
    return invalid_argument(
        fmt::format("{} {} must be one of {}", field, quote(*value), join(allowed)));
}

Result<> validate_resources(const std::string& field, const EksMap& resources) {
    static constexpr std::array<std::string_view, 3> kKinds{"cpu", "memory", "nvidia.com/gpu"};
    if (!resources) return {};
    for (const auto& [kind, amount] : *resources) {
        BATCHD_TRY(expect_one_of(field, kind, kKinds));
        BATCHD_TRY(expect_text(field + "." + kind, amount));
    }
    return {};
}

Result<> validate_container(const std::string& field, const EksContainer& container,
                            const std::set<std::string_view>& volumes) {
    static constexpr std::array<std::string_view, 3> kPullPolicies{"Always", "IfNotPresent",
                                                                   "Never"};
    BATCHD_TRY(expect_text(field + ".image", container.image));
    BATCHD_TRY(
        expect_one_of(field + ".imagePullPolicy", container.image_pull_policy, kPullPolicies));
    for (const auto& variable : container.env.value_or(std::vector<EksVariable>{})) {
        BATCHD_TRY(expect_text(field + ".env[].name", variable.name));
    }
    if (container.resources) {
        BATCHD_TRY(validate_resources(field + ".resources.limits", container.resources->limits));
        BATCHD_TRY(
            validate_resources(field + ".resources.requests", container.resources->requests));
    }
    for (const auto& mount : container.volume_mounts.value_or(std::vector<EksVolumeMount>{})) {
        if (mount.name && volumes.contains(*mount.name)) continue;
        return invalid_argument(fmt::format("{}.volumeMounts[].name {} must be one of volumes",
                                            field, quote(mount.name.value_or(""))));
    }
    return {};
}

Result<> validate_containers(const std::string& list, const std::vector<EksContainer>& containers,
                             const std::set<std::string_view>& volumes,
                             std::set<std::string_view>& names) {
    if (containers.size() > kMaxContainers) {
        return invalid_argument(fmt::format("{} has {} entries; at most {} are allowed", list,
                                            containers.size(), kMaxContainers));
    }
    for (std::size_t i = 0; i < containers.size(); ++i) {
        BATCHD_TRY(validate_container(element(list, i), containers[i], volumes));
        const auto& name = containers[i].name;
        if (!name && containers.size() == 1) continue;  // AWS: then it is called Default
        BATCHD_TRY(expect_text(element(list, i) + ".name", name));
        if (names.insert(*name).second) continue;
        return invalid_argument(
            fmt::format("{}.name {} is given twice", element(list, i), quote(*name)));
    }
    return {};
}

Result<> validate_volume(const std::string& field, const EksVolume& volume) {
    BATCHD_TRY(expect_text(field + ".name", volume.name));
    if (volume.secret) {
        BATCHD_TRY(expect_text(field + ".secret.secretName", volume.secret->secret_name));
    }
    if (volume.persistent_volume_claim) {
        BATCHD_TRY(expect_text(field + ".persistentVolumeClaim.claimName",
                               volume.persistent_volume_claim->claim_name));
    }
    const int kinds = (volume.host_path ? 1 : 0) + (volume.empty_dir ? 1 : 0) +
                      (volume.secret ? 1 : 0) + (volume.persistent_volume_claim ? 1 : 0);
    if (kinds == 1) return {};
    return invalid_argument(
        fmt::format("{} {} must have exactly one of hostPath, emptyDir, secret and "
                    "persistentVolumeClaim, got {}",
                    field, quote(volume.name), kinds));
}

Result<> validate_pod(const EksPodProperties& pod) {
    static constexpr std::array<std::string_view, 3> kDnsPolicies{"Default", "ClusterFirst",
                                                                  "ClusterFirstWithHostNet"};
    BATCHD_TRY(expect_one_of(kPod + ".dnsPolicy", pod.dns_policy, kDnsPolicies));
    for (const auto& secret : pod.image_pull_secrets.value_or(std::vector<EksName>{})) {
        BATCHD_TRY(expect_text(kPod + ".imagePullSecrets[].name", secret.name));
    }
    std::set<std::string_view> volumes;
    if (pod.volumes) {
        for (std::size_t i = 0; i < pod.volumes->size(); ++i) {
            BATCHD_TRY(validate_volume(element(kPod + ".volumes", i), (*pod.volumes)[i]));
            volumes.insert((*pod.volumes)[i].name);
        }
    }
    if (!is_given(pod.containers)) return invalid_argument(kPod + ".containers is required");
    std::set<std::string_view> names;
    BATCHD_TRY(validate_containers(kPod + ".containers", *pod.containers, volumes, names));
    if (!pod.init_containers) return {};
    return validate_containers(kPod + ".initContainers", *pod.init_containers, volumes, names);
}

}  // namespace

Result<> validate(const EksProperties& properties) {
    if (!properties.pod_properties) return invalid_argument(kPod + " is required");
    return validate_pod(*properties.pod_properties);
}

}  // namespace batchd::model
