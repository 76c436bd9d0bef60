#include "batchd/model/instance_catalogue.hpp"

#include "model/instance_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ranges>
#include <set>

namespace batchd::model {
namespace {

/// How many times a "large" the size is, in sixteenths: "nano" is one. nullopt: not a regular size.
std::optional<std::int64_t> sixteenths(std::string_view size) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kNamed{
        {{"nano", 1}, {"micro", 2}, {"small", 4}, {"medium", 8}, {"large", 16}, {"xlarge", 32}}};
    for (const auto& [name, n] : kNamed) {
        if (size == name) return n;
    }
    std::int64_t times = 0;
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), times);
    if (error != std::errc{} || std::string_view(end, size.data() + size.size()) != "xlarge") {
        return std::nullopt;
    }
    return 32 * times;
}

InstanceType type_of(const RegularFamily& family, std::string_view size) {
    const auto n = sixteenths(size);
    BATCHD_CHECK(n, "a size of the embedded table is not regular");
    const std::int64_t vcpus = family.is_burstable ? std::max<std::int64_t>(*n / 8, 2) : *n / 8;
    return {.name = std::string(family.name) + "." + std::string(size),
            .architecture = family.architecture,
            .vcpus = static_cast<std::int32_t>(vcpus),
            .memory = MiB{family.memory_of_vcpu * *n / 8},
            .price = MicroUsd{family.price * *n / 16}};
}

using Types = std::map<std::string, InstanceType, std::less<>>;

bool is_bare_metal(std::string_view type) { return type.contains(".metal"); }

/// A guess by today's rates, so that a type without a known price is neither free nor left out.
MicroUsd guess_price(const InstanceType& type) {
    constexpr std::int64_t kVcpu = 35'000;
    constexpr std::int64_t kGib = 3'500;
    constexpr std::int64_t kGpu = 1'000'000;
    return MicroUsd{kVcpu * type.vcpus + kGib * type.memory.value / 1024 + kGpu * type.gpus};
}

/// The families that a bundle stands for; empty if `entry` is none. "optimal" has followed
/// default_x86_64 since November 2025.
std::vector<std::string_view> families_of_bundle(std::string_view entry) {
    if (entry == "optimal" || entry == "default_x86_64") return {"m6i", "c6i", "r6i", "c7i"};
    if (entry == "default_arm64") return {"m6g", "c6g", "r6g", "c7g"};
    return {};
}

void append_family(const Types& types, std::string_view family,
                   std::vector<const InstanceType*>& found) {
    const std::string prefix = std::string(family) + ".";
    for (auto i = types.lower_bound(prefix); i != types.end() && i->first.starts_with(prefix);
         ++i) {
        if (!is_bare_metal(i->first)) found.push_back(&i->second);
    }
}

std::vector<const InstanceType*> types_of_entry(const Types& types, std::string_view entry) {
    if (const auto exact = types.find(entry); exact != types.end()) return {&exact->second};
    std::vector<const InstanceType*> found;
    for (const auto family : families_of_bundle(entry)) append_family(types, family, found);
    if (!entry.contains('.')) append_family(types, entry, found);
    return found;
}

/// AWS: the instance types of an environment share one architecture.
Result<> expect_one_architecture(const std::vector<ExpandedType>& types) {
    for (const auto& expanded : types) {
        const InstanceType& first = *types.front().type;
        const InstanceType& other = *expanded.type;
        if (first.architecture == other.architecture) continue;
        return invalid_argument("instanceTypes must share one architecture, but " + first.name +
                                " is " + std::string(to_string(first.architecture)) + " and " +
                                other.name + " is " + std::string(to_string(other.architecture)));
    }
    return {};
}

}  // namespace

std::string_view to_string(Architecture architecture) {
    switch (architecture) {
        case Architecture::X86_64:
            return "x86_64";
        case Architecture::Arm64:
            return "arm64";
    }
    return "";
}

MicroUsd share_of(MicroUsd price, const Resources& used, const Resources& capacity) {
    const auto part = [](auto of, auto all) {
        return all > 0 ? static_cast<double>(of) / static_cast<double>(all) : 0.0;
    };
    const double most =
        std::max({part(used.vcpu.value, capacity.vcpu.value),
                  part(used.memory.value, capacity.memory.value), part(used.gpus, capacity.gpus)});
    return MicroUsd{std::llround(static_cast<double>(price.value) * std::min(most, 1.0))};
}

MicroUsd fargate_price(const Resources& resources, bool is_spot) {
    constexpr double kVcpu = 40'480;
    constexpr double kGib = 4'445;
    const double price = kVcpu * static_cast<double>(resources.vcpu.value) / 1000 +
                         kGib * static_cast<double>(resources.memory.value) / 1024;
    return MicroUsd{std::llround(is_spot ? price * 0.3 : price)};
}

Resources usable_resources(const InstanceType& type) {
    const MiB assumed{std::max<std::int64_t>(type.memory.value * 95 / 100 - 32, 0)};
    return {.vcpu = vcpus(type.vcpus),
            .memory = type.measured_memory.value_or(assumed),
            .gpus = type.gpus};
}

InstanceCatalogue InstanceCatalogue::embedded() {
    InstanceCatalogue catalogue;
    for (const RegularFamily& family : regular_families()) {
        for (const auto size : std::views::split(family.sizes, ' ')) {
            catalogue.add(type_of(family, std::string_view(size)));
        }
    }
    for (const InstanceType& type : irregular_types()) catalogue.add(type);
    return catalogue;
}

const InstanceType* InstanceCatalogue::find(std::string_view name) const {
    const auto found = types_.find(name);
    return found == types_.end() ? nullptr : &found->second;
}

void InstanceCatalogue::add(InstanceType type) {
    const InstanceType* known = find(type.name);
    if (type.price.value <= 0) type.price = known ? known->price : guess_price(type);
    if (known && !type.measured_memory) type.measured_memory = known->measured_memory;
    std::string name = type.name;
    types_.insert_or_assign(std::move(name), std::move(type));
}

Result<std::vector<ExpandedType>> InstanceCatalogue::expand(
    const std::vector<std::string>& instance_types) const {
    std::vector<ExpandedType> expanded;
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < instance_types.size(); ++i) {
        const auto found = types_of_entry(types_, instance_types[i]);
        if (found.empty()) {
            return invalid_argument(
                "instanceTypes: '" + instance_types[i] +
                "' is neither an instance type that is known nor a family, nor optimal, "
                "default_x86_64 or default_arm64");
        }
        for (const InstanceType* type : found) {
            if (!seen.insert(type->name).second) continue;
            expanded.push_back({.type = type, .priority = static_cast<std::int32_t>(i)});
        }
    }
    if (auto one = expect_one_architecture(expanded); !one) return std::unexpected(one.error());
    return expanded;
}

}  // namespace batchd::model
