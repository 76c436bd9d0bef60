#include "batchd/model/service_environment.hpp"
#include "model/capacity_limits.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxLimits = 5;
constexpr std::string_view kInstances = "NUM_INSTANCES";

/// As SageMaker names them: ml.m5.large, ml.p4d.24xlarge.
bool is_instance_type(std::string_view text) {
    if (!text.starts_with("ml.")) return false;
    text.remove_prefix(3);
    const auto is_part = [](std::string_view part) {
        return !part.empty() && std::ranges::all_of(part, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    };
    const auto dot = text.find('.');
    return dot != text.npos && is_part(text.substr(0, dot)) && is_part(text.substr(dot + 1));
}

Result<> validate_limit(CapacityLimit& limit, std::string_view field) {
    if (limit.max_capacity.value_or(0) <= 0) {
        return invalid_argument("Max capacity must be more than 0.");
    }
    if (!is_given(limit.capacity_unit)) {
        return invalid_argument(fmt::format("{}.capacityUnit is required", field));
    }
    std::string& unit = *limit.capacity_unit;
    if (to_upper(unit) == kInstances) {
        unit = kInstances;
    } else if (!is_instance_type(unit)) {
        return invalid_argument(fmt::format("{} is unknown capacity unit", quote(unit)));
    }
    return {};
}

}  // namespace

Result<> validate_capacity_limits(std::vector<CapacityLimit>& limits) {
    if (limits.empty()) return invalid_argument("Capacitylimits are required.");
    if (limits.size() > kMaxLimits) {
        return invalid_argument("Number of capacity limits exceeds 5.");
    }
    std::set<std::string_view> units;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const std::string field = element("capacityLimits", i);
        BATCHD_TRY(validate_limit(limits[i], field));
        const std::string& unit = *limits[i].capacity_unit;
        if (!units.insert(unit).second) {
            return invalid_argument(
                fmt::format("{}: capacity unit {} is given twice", field, quote(unit)));
        }
    }
    if (units.contains(kInstances) && units.size() > 1) {
        return invalid_argument(
            "Capacity units must specify either number of instances OR instance type");
    }
    return {};
}

Result<> validate(ServiceEnvironment& environment) {
    BATCHD_TRY(
        expect_resource_name("serviceEnvironmentName", environment.service_environment_name));
    BATCHD_TRY(expect_enumerated("serviceEnvironmentType", environment.service_environment_type,
                                 {"SAGEMAKER_TRAINING"}));
    BATCHD_TRY(expect_state(environment.state));
    return validate_capacity_limits(environment.capacity_limits);
}

void merge(ServiceEnvironment& environment, const ServiceEnvironmentUpdate& update) {
    if (update.state) environment.state = *update.state;
    if (update.capacity_limits) environment.capacity_limits = *update.capacity_limits;
}

}  // namespace batchd::model
