// Service environments, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct CapacityLimit {
    std::optional<std::int32_t> max_capacity;
    std::optional<std::string> capacity_unit;  ///< NUM_INSTANCES or an instance type
};
BOOST_DESCRIBE_STRUCT(CapacityLimit, (), (max_capacity, capacity_unit))

struct ServiceEnvironment {
    std::string service_environment_name;
    std::string service_environment_type;  ///< SAGEMAKER_TRAINING
    std::string state;                     ///< ENABLED or DISABLED
    std::vector<CapacityLimit> capacity_limits;
};
BOOST_DESCRIBE_STRUCT(ServiceEnvironment, (),
                      (service_environment_name, service_environment_type, state, capacity_limits))

/// Checks a new or updated environment by AWS's rules and texts; makes enumerated values upper case
/// and an absent state ENABLED.
Result<> validate(ServiceEnvironment& environment);

/// What is absent stays; a list replaces the one that was there.
struct ServiceEnvironmentUpdate {
    std::optional<std::string> state;
    std::optional<std::vector<CapacityLimit>> capacity_limits;
};
BOOST_DESCRIBE_STRUCT(ServiceEnvironmentUpdate, (), (state, capacity_limits))

/// Call validate afterwards.
void merge(ServiceEnvironment& environment, const ServiceEnvironmentUpdate& update);

}  // namespace batchd::model
