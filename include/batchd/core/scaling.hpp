// The scaling plan: from waiting jobs, instances and offers to launches and terminations.
//
// Pure, and apart from core's State: the caller lays out what counts, the plan says what to do. Its
// cost grows with the number of distinct demands, offers and instances, not with that of jobs.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/money.hpp"
#include "batchd/model/shape.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::core {

using model::MicroUsd;

/// As AWS Batch names them; what each chooses stands in docs/scaling.md.
enum class AllocationStrategy : std::uint8_t {
    BestFit,
    BestFitProgressive,
    BestFitProgressiveOrdered,
    SpotCapacityOptimized,
    SpotPriceCapacityOptimized,
    SpotCapacityOptimizedPrioritized,
};

/// EC2 itself chooses among the types that a fleet offers it.
constexpr bool is_for_fleet(AllocationStrategy strategy) {
    return strategy >= AllocationStrategy::SpotCapacityOptimized;
}

/// An instance type in one zone (of an environment: one of its subnets), as an environment may
/// launch it. Types of an architecture that the environment's jobs cannot use, and Spot prices
/// above its bid, are left out by the caller.
struct ScalingOffer {
    std::string type;
    std::string zone;
    model::Resources capacity;        ///< of an empty instance, usable by jobs; whole vCPUs
    MicroUsd price;                   ///< per hour
    std::int32_t priority = 0;        ///< position in instanceTypes of the entry that it came from
    std::int32_t capacity_score = 0;  ///< of a Spot pool, 1 to 10 the deepest; 0: not known
    std::optional<Timestamp> blocked_until = {};  ///< see OfferBlocks
};

enum class InstancePhase : std::uint8_t {
    Booting,  ///< cannot run jobs yet
    Idle,     ///< has no job
    Busy,
};

struct ScalingInstance {
    std::string id;
    std::string type;
    model::Resources capacity;
    model::Resources free;  ///< all of its capacity while it boots
    MicroUsd price;         ///< per hour
    InstancePhase phase = InstancePhase::Idle;
    Timestamp since;           ///< if idle: the end of its last job, or when it came up
    bool has_run_job = false;  ///< ever
    bool is_draining = false;  ///< takes no more jobs, and goes as soon as it has none
};

struct ScalingEnvironment {
    std::string name;
    bool is_enabled = true;  ///< ENABLED and VALID; otherwise nothing but minvCpus is kept
    bool is_spot = false;
    AllocationStrategy strategy = AllocationStrategy::BestFit;
    std::int64_t min_vcpus = 0;
    std::int64_t max_vcpus = 0;
    /// desiredvCpus, from when the user raised it until is_desired_met; 0 at other times.
    std::int64_t raised_vcpus = 0;
    /// minScaleDownDelayMinutes: for instances that have run a job, from its end.
    std::optional<Milliseconds> scale_down_delay = {};
    std::vector<ScalingOffer> offers;
    std::vector<ScalingInstance> instances;  ///< those that run or boot, drained ones too
};

/// Jobs of equal needs that wait.
struct ScalingDemand {
    model::Resources resources;
    std::int64_t count = 0;
    /// Positions in ScalingInput::environments that may serve them, in the queue's order.
    std::vector<std::uint32_t> environments;
    /// Not empty: each is a multi-node job of these nodes, and `resources` is not looked at.
    std::vector<model::NodeGroup> nodes = {};
};

struct ScalingInput {
    Timestamp now;
    /// For how long an instance idles before it goes, where minScaleDownDelayMinutes says nothing.
    Milliseconds idle_delay = std::chrono::minutes{5};
    std::vector<ScalingEnvironment> environments;
    std::vector<ScalingDemand> demands;  ///< in the order in which they would be served
};

/// Of what a launch serves: `jobs` (nodes, of a multi-node demand) of demands[demand].
struct ServedDemand {
    std::uint32_t demand = 0;
    std::int64_t jobs = 0;
};

/// What was not launched instead.
struct LaunchAlternative {
    std::string type;
    std::string zone;
    MicroUsd price;  ///< per hour and instance
    /// Of as many as take the same jobs, per hour; nullopt: it cannot take them.
    std::optional<MicroUsd> cost;
    std::string why_not;
};

enum class LaunchCause : std::uint8_t { Demand, MinVcpus, DesiredVcpus };

/// One call: at most one per environment, type, zone and cause.
struct Launch {
    std::uint32_t environment = 0;
    std::string type;
    std::string zone;
    std::int64_t count = 0;
    MicroUsd price;  ///< per hour and instance
    LaunchCause cause = LaunchCause::Demand;
    std::vector<ServedDemand> serves;  ///< empty unless the cause is Demand
    std::string why;
    std::vector<LaunchAlternative> alternatives;  ///< the nearest ones, the best first
};

struct Termination {
    std::uint32_t environment = 0;
    std::string instance;  ///< id
    std::string why;
};

enum class UnservedCause : std::uint8_t {
    NoEnvironment,  ///< none that is enabled
    NoTypeFits,     ///< no type of any environment is large enough
    MaxTooSmall,    ///< needs more vCPUs than any maxvCpus
    MaxReached,     ///< waits for running jobs to end
    Blocked,        ///< all types that fit were out of capacity or quota, see `until` and `type`
};

/// Jobs of demands[demand] for which there is no room and will be none by this plan.
struct UnservedDemand {
    std::uint32_t demand = 0;
    std::int64_t jobs = 0;
    UnservedCause cause = UnservedCause::NoEnvironment;
    std::string type = {};                ///< Blocked: the one that would have been launched
    std::optional<Timestamp> until = {};  ///< Blocked: when the first of them may be tried again
};

struct EnvironmentTarget {
    std::int64_t desired_vcpus = 0;  ///< what runs once the plan is carried out, within min and max
    bool is_desired_met = false;     ///< raised_vcpus has been reached and may be forgotten
};

struct ScalingPlan {
    std::vector<Launch> launches;
    std::vector<Termination> terminations;
    std::vector<UnservedDemand> unserved;
    std::vector<EnvironmentTarget> targets;  ///< by position of the environment
    std::optional<Timestamp> next;  ///< plan again then, even if nothing happens: an idle delay or
                                    ///< a block that keeps jobs waiting ends
};

ScalingPlan plan_scaling(const ScalingInput& input);

/// Per hour, of all launches.
MicroUsd cost_of(const ScalingPlan& plan);

}  // namespace batchd::core
