// Why a job waits: what stands in its way, place by place, and what would have to change. Composed
// when somebody asks; it costs in the hosts and attempts of its environments, not in the jobs that
// wait.
#pragma once

#include "batchd/core/state.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace batchd::core {

/// A sentence for people, and the same for programs. vCPUs and MiB are numbers.
struct Fact {
    using Value = std::variant<bool, std::int64_t, double, std::string>;
    std::string code = {};  ///< such as "MEMORY"; docs/native-api.md lists them
    std::string text = {};
    std::vector<std::pair<std::string, Value>> details = {};
};

/// What alone suffices to keep the job from starting. A rule that the scheduler learns becomes one
/// more of these: of the job, of an environment or of a host.
struct Obstacle {
    Fact fact = {};
    std::vector<Fact> remedies = {};  ///< each one lifts it; empty: nothing here does
};

/// A job that another one waits for.
struct Awaited {
    model::JobId id = {};
    std::string type = {};  ///< as in dependsOn; empty: its success
};

/// A dependency that is not met.
struct UnmetDependency {
    model::JobId id = {};
    std::string type = {};
    model::JobStatus status = model::JobStatus::Pending;
};

/// Among the jobs of its queue, in the order in which they would be served now.
struct Position {
    std::int64_t before = 0;   ///< how many
    bool is_exact = true;      ///< else there are at least as many
    std::int64_t waiting = 0;  ///< RUNNABLE jobs of the queue, children of arrays one by one
    std::optional<model::JobId> head = {};
    /// RUNNABLE jobs of queues with a higher priority that have environments in common with it.
    std::int64_t in_queues_before = 0;
};

struct HostExplanation {
    std::string name = {};
    bool is_up = false;
    bool is_draining = false;
    bool is_known =
        false;  ///< told its capacity at least once; else `total` and `free` say nothing
    bool is_fargate = false;
    model::Resources free = {};
    model::Resources total = {};
    std::int64_t attempts = 0;
    bool fits_when_empty = false;  ///< the job, or its largest node
    std::optional<model::JobId> kept_for = {};
    std::vector<Obstacle> obstacles = {};
};

/// Of an environment whose hosts are launched by plan.
struct ElasticExplanation {
    std::string unserved = {};   ///< why the last plan makes no room; empty: it says nothing
    std::string trouble = {};    ///< why nothing can be launched at the moment
    std::int64_t booting = 0;    ///< instances
    std::int64_t launching = 0;  ///< instances that were asked for, without an answer yet
    std::int64_t decision = 0;   ///< the newest launch without an answer; 0: none
};

struct EnvironmentExplanation {
    std::string name = {};
    std::string state = {};
    std::string status = {};
    std::string status_reason = {};
    bool is_open = false;
    bool is_fargate = false;
    MilliVcpu used = {};
    std::optional<MilliVcpu> limit = {};  ///< maxvCpus
    std::optional<ElasticExplanation> elastic = {};
    std::vector<Obstacle> obstacles = {};  ///< those of all its hosts
    std::vector<HostExplanation> hosts = {};
};

struct ConsumableExplanation {
    std::string name = {};
    std::int64_t asked = 0;
    std::optional<std::int64_t> total = {};  ///< nullopt: there is no such resource
    std::int64_t available = 0;
    std::int64_t holders = 0;  ///< jobs that hold some
};

struct ShareExplanation {
    std::string identifier = {};
    double weight = 1;
    double usage = 0;  ///< as it decides: the share of the least usage is served first
    MilliVcpu used = {};
    std::int64_t place = 1;  ///< among the shares with waiting jobs
    std::int64_t of = 1;
    std::optional<MilliVcpu> usable = {};  ///< what computeReservation leaves to all active shares
    MilliVcpu queue_used = {};
};

struct RunExplanation {
    std::int32_t attempt = 0;
    std::string environment = {};
    std::string host = {};
    bool is_host_up = false;
    bool has_container = false;     ///< else its images are being pulled, or it is being created
    Timestamp starting_since = {};  ///< when it was placed; after a restart, that of the daemon
    std::optional<Timestamp> started_at = {};
    std::optional<Timestamp> deadline = {};  ///< of its timeout
};

/// Any of these suffices, all else being as it is. All of `changes` have to come.
struct Counterfactual {
    std::vector<Fact> changes = {};
    /// Only the job itself changes: it starts at once. Else those that stand before it are served
    /// first from what becomes free.
    bool is_own = false;
};

struct Explanation {
    model::JobStatus status = model::JobStatus::Runnable;
    std::string queue = {};
    model::Resources asked = {};  ///< of all nodes
    std::int32_t nodes = 0;       ///< of a multi-node job
    std::vector<UnmetDependency> dependencies = {};
    std::optional<Position> position = {};                  ///< while it is RUNNABLE
    std::vector<Obstacle> obstacles = {};                   ///< wherever it would run
    std::vector<EnvironmentExplanation> environments = {};  ///< in the queue's order
    std::vector<ConsumableExplanation> consumables = {};
    std::optional<ShareExplanation> share = {};
    std::optional<RunExplanation> run = {};
    std::optional<std::array<std::int64_t, model::kJobStatusCount>> children = {};  ///< of an array
    std::vector<Counterfactual> would_start_if =
        {};  ///< the fewest changes first; empty: never here
};

/// How a live job, child or node stands, with what it waits for: `depends_on`, from its stored
/// specification. nullopt if it ended or never was. The state must be one between two steps.
std::optional<Explanation> explain(const State& state, const model::JobId& id,
                                   std::span<const Awaited> depends_on, Timestamp now);

}  // namespace batchd::core
