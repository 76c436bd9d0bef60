#include "batchd/model/resources.hpp"

#include "batchd/model/job_definition.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace batchd::model {
namespace {

/// Far beyond any host; so many for each container of each node still add up to an int32.
constexpr std::int64_t kMostGpus = 100'000;

/// A number of at most 2^31-1 with up to `decimals` digits after the point, times 10^decimals.
std::optional<std::int64_t> parse_decimal(std::string_view text, std::size_t decimals) {
    const auto point = text.find('.');
    std::string_view whole = text.substr(0, point);
    std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
    if (whole.empty() || !is_digits(whole) || !is_digits(fraction)) return std::nullopt;
    if (point != std::string_view::npos && (fraction.empty() || fraction.size() > decimals)) {
        return std::nullopt;
    }
    fraction.resize(decimals, '0');
    const std::string digits = std::string(whole) + fraction;
    std::int64_t number = 0;
    const auto [_, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const std::int64_t scale = decimals == 0 ? 1 : 1000;
    if (error != std::errc{} || number / scale > std::numeric_limits<std::int32_t>::max()) {
        return std::nullopt;
    }
    return number;
}

/// The amount of `type`, in thousandths for VCPU; nullopt if nothing asks for it.
Result<std::optional<std::int64_t>> required(const ContainerBase& container,
                                             std::string_view type) {
    for (const auto& requirement : container.resource_requirements) {
        if (requirement.type != type) continue;
        const auto amount = parse_decimal(requirement.value, type == "VCPU" ? 3 : 0);
        if (!amount) {
            return invalid_argument(fmt::format(
                "Value {} for type {} in resourceRequirement is not valid. Please provide a "
                "numeric value.",
                requirement.value, type));
        }
        return amount;
    }
    return std::nullopt;
}

/// In thousandths and MiB, where nothing requires them.
struct Fallback {
    std::optional<std::int64_t> vcpu;
    std::optional<std::int64_t> memory;
};

Result<Resources> resources_of(const ContainerBase& container, const Fallback& fallback) {
    auto vcpu = required(container, "VCPU");
    BATCHD_TRY(vcpu);
    auto memory = required(container, "MEMORY");
    BATCHD_TRY(memory);
    const auto gpus = required(container, "GPU");
    BATCHD_TRY(gpus);
    if (gpus->value_or(0) > kMostGpus) {
        return invalid_argument(fmt::format(
            "Value {} for type GPU in resourceRequirement must be at most {}.", **gpus, kMostGpus));
    }
    if (!*vcpu) *vcpu = fallback.vcpu;
    if (!*memory) *memory = fallback.memory;
    if (!*vcpu) return invalid_argument("vCPU is required.");
    if (!*memory) return invalid_argument("Memory is required.");
    return Resources{.vcpu = MilliVcpu{**vcpu},
                     .memory = MiB{**memory},
                     .gpus = static_cast<std::int32_t>(gpus->value_or(0))};
}

}  // namespace

std::string to_string(const Resources& resources) {
    std::string text =
        fmt::format("{} vCPU, {} MiB", static_cast<double>(resources.vcpu.value) / 1000.0,
                    resources.memory.value);
    if (resources.gpus > 0) text += fmt::format(", {} GPU", resources.gpus);
    return text;
}

Result<Resources> resources_of(const ContainerProperties& container) {
    Fallback deprecated;
    if (container.vcpus) deprecated.vcpu = std::int64_t{*container.vcpus} * 1000;
    if (container.memory) deprecated.memory = *container.memory;
    return resources_of(container, deprecated);
}

Result<Resources> resources_of(const ContainerBase& container) {
    return resources_of(container, Fallback{});
}

Result<Resources> resources_of(const EcsTaskProperties& task) {
    Resources sum;
    for (const auto& container : task.containers) {
        const auto resources = resources_of(container);
        if (!resources) return resources;
        sum += *resources;
    }
    return sum;
}

}  // namespace batchd::model
