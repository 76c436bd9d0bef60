#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace batchd::model {
namespace {

constexpr MiB kLeastMemory{4};

/// The memory that Fargate offers with an amount of vCPU: from least to most in steps.
struct FargateSize {
    MilliVcpu vcpu;
    MiB least;
    MiB most;
    MiB step;
};

constexpr std::array<FargateSize, 8> kFargateSizes = {{
    {MilliVcpu{250}, MiB{512}, MiB{512}, MiB{512}},
    {MilliVcpu{250}, MiB{1024}, MiB{2048}, MiB{1024}},
    {MilliVcpu{500}, MiB{1024}, MiB{4096}, MiB{1024}},
    {vcpus(1), MiB{2048}, MiB{8192}, MiB{1024}},
    {vcpus(2), MiB{4096}, MiB{16384}, MiB{1024}},
    {vcpus(4), MiB{8192}, MiB{30720}, MiB{1024}},
    {vcpus(8), MiB{16384}, MiB{61440}, MiB{4096}},
    {vcpus(16), MiB{32768}, MiB{122880}, MiB{8192}},
}};

bool is_fargate_size(const Resources& resources) {
    return std::ranges::any_of(kFargateSizes, [&](const FargateSize& size) {
        return resources.vcpu == size.vcpu && resources.memory >= size.least &&
               resources.memory <= size.most &&
               (resources.memory - size.least).value % size.step.value == 0;
    });
}

Result<> validate_on_fargate(const Resources& resources) {
    if (resources.gpus > 0) return invalid_argument("GPU is not applicable for Fargate.");
    if (is_fargate_size(resources)) return {};
    return invalid_argument(
        fmt::format("Fargate resource requirements ({}) not valid.", to_string(resources)));
}

Result<> validate_on_ec2(const Resources& resources) {
    if (resources.vcpu < vcpus(1)) {
        return invalid_argument(fmt::format("vCPU must be at least 1, got {}.",
                                            static_cast<double>(resources.vcpu.value) / 1000.0));
    }
    if (resources.vcpu.value % 1000 != 0) {
        return invalid_argument(
            fmt::format("VCPU '{}' in resourceRequirement must be a whole number on EC2",
                        static_cast<double>(resources.vcpu.value) / 1000.0));
    }
    if (resources.memory < kLeastMemory) {
        return invalid_argument(
            fmt::format("Memory must be at least 4 Mib, got {} Mib.", resources.memory.value));
    }
    return {};
}

}  // namespace

Result<> validate_requirement_types(std::vector<ResourceRequirement>& requirements) {
    std::set<std::string_view> types;
    for (std::size_t i = 0; i < requirements.size(); ++i) {
        BATCHD_TRY(expect_enumerated(element("resourceRequirements", i) + ".type",
                                     requirements[i].type, {"GPU", "MEMORY", "VCPU"}));
        if (!types.insert(requirements[i].type).second) {
            return invalid_argument("Cannot provide duplicates in resourceRequirements.");
        }
    }
    return {};
}

Result<> validate_requirements(ContainerProperties& container, Platform platform) {
    BATCHD_TRY(validate_requirement_types(container.resource_requirements));
    const auto resources = resources_of(container);
    if (!resources) return std::unexpected(resources.error());
    return platform == Platform::Fargate ? validate_on_fargate(*resources)
                                         : validate_on_ec2(*resources);
}

Result<> validate_requirements(EcsTaskProperties& task, Platform platform) {
    for (auto& container : task.containers) {
        BATCHD_TRY(validate_requirement_types(container.resource_requirements));
        const auto resources = resources_of(container);
        if (!resources) return std::unexpected(resources.error());
        if (platform == Platform::Ec2) BATCHD_TRY(validate_on_ec2(*resources));
    }
    if (platform == Platform::Ec2) return {};
    const auto sum = resources_of(task);
    if (!sum) return std::unexpected(sum.error());
    return validate_on_fargate(*sum);
}

}  // namespace batchd::model
