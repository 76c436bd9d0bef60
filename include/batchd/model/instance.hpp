// Instances that batchd launches for MANAGED compute environments, and the decisions to do so.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/money.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

/// Stored as these numbers.
enum class InstanceStatus : std::uint8_t {
    Booting,      ///< its Docker Engine has not answered yet
    Up,           ///< it is a host of its environment
    Terminating,  ///< it is to go, whoever wanted it
};

/// An instance, by its id.
struct InstanceRow {
    std::string id;  ///< the provider's: "i-0123456789abcdef0"
    std::int64_t environment_id = 0;
    std::string type;
    std::string zone;  ///< the subnet
    bool is_spot = false;
    MicroUsd price;  ///< per hour
    InstanceStatus status = InstanceStatus::Booting;
    Timestamp launched_at;
    std::int64_t generation = 0;          ///< of its environment, when it was asked for
    bool has_run_job = false;             ///< ever
    std::optional<Timestamp> idle_since;  ///< set while it is Up and has no attempts
    std::optional<Timestamp> ended_at;    ///< set: it is no more; the row tells what it cost
};

/// What came of a launch.
struct LaunchedInstance {
    std::string id;
    std::string type;  ///< a fleet may choose another one than was asked for
    std::string zone;  ///< likewise
};

/// A type in a zone.
struct Pool {
    std::string type;
    std::string zone;
};

/// What was not launched instead.
struct ScalingAlternative {
    std::string instance_type;
    std::string subnet;
    double price_per_hour = 0;            ///< USD, of one instance
    std::optional<double> cost_per_hour;  ///< of as many as take the same jobs; absent: it cannot
    std::string why_not;
};
BOOST_DESCRIBE_STRUCT(ScalingAlternative, (),
                      (instance_type, subnet, price_per_hour, cost_per_hour, why_not))

/// What was decided, why, and what came of it.
struct ScalingDecision {
    std::string action;  ///< LAUNCH or TERMINATE
    std::string instance_type;
    std::string subnet;
    bool spot = false;
    std::int64_t count = 0;
    double price_per_hour = 0;  ///< USD, of one instance
    std::string why;
    std::vector<ScalingAlternative> alternatives;  ///< the nearest ones, the best first
    std::vector<std::string> instances;            ///< ids
    std::string outcome;          ///< of a launch that gave less than was asked for
    std::int64_t generation = 0;  ///< of the environment, for its instances
    std::string token;            ///< of a launch: AWS's ClientToken
    /// Of a launch by a fleet: what EC2 may launch instead, if it has more of it.
    std::vector<std::string> other_types;
};
BOOST_DESCRIBE_STRUCT(ScalingDecision, (),
                      (action, instance_type, subnet, spot, count, price_per_hour, why,
                       alternatives, instances, outcome, generation, token, other_types))

struct DecisionRow {
    std::int64_t id = 0;  ///< ascending
    std::int64_t environment_id = 0;
    Timestamp at;
    bool is_open = false;  ///< a launch whose outcome is not known
    ScalingDecision document;
};

}  // namespace batchd::model
