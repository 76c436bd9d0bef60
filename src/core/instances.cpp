// The life of instances: they come up, are hosts, fall silent, and go.
#include "core/instances.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::core {
namespace {

using model::InstanceStatus;

constexpr std::int32_t kMostFailedBoots = 3;
constexpr std::int64_t kUpdateMinutes = 30;  // AWS's default of jobExecutionTimeoutMinutes

/// Those that will not come up any more, and environments where that has become the rule.
void note_failed_boot(State& state, const Instance& instance, const std::string& why) {
    const auto index = find_environment(state, instance.row.environment_id);
    if (!index || ++state.environment(*index).failed_boots < kMostFailedBoots) return;
    invalidate(state, instance.row.environment_id,
               fmt::format("CLIENT_ERROR - {} instances in a row did not come up; the last one, {} "
                           "({}): {}",
                           kMostFailedBoots, instance.row.id, instance.row.type, why));
}

/// Until when its Engine must have answered; nullopt: it does.
std::optional<Timestamp> deadline_of(const State& state, const Instance& instance) {
    if (!instance.silent_since) return std::nullopt;
    return *instance.silent_since + state.policy.boot_timeout;
}

/// AWS took it back before it came up: the type is short there. Somebody who ends instances by hand
/// says nothing about them; the rest are failed boots.
void note_early_end(State& state, const Instance& instance, const InstanceGone& event,
                    Timestamp now) {
    if (event.reason.starts_with("Server.")) {
        state.scaling.blocks.failed(instance.row.type, instance.row.zone, instance.row.is_spot,
                                    OfferError::Capacity, now);
    } else if (!event.reason.starts_with("Client.User")) {
        note_failed_boot(state, instance, event.reason);
    }
}

Instance* find_instance(State& state, const std::string& id) {
    const auto found = state.scaling.instances.find(id);
    return found == state.scaling.instances.end() ? nullptr : &found->second;
}

}  // namespace

void put_instance(State& state, const Instance& instance) {
    state.step.changes.instances.push_back(instance.row);
    state.scaling.is_stale = true;
}

std::optional<EnvironmentIndex> find_environment(const State& state, std::int64_t id) {
    for (std::uint32_t i = 0; i < state.environments.size(); ++i) {
        const auto& row = state.environments[i].row;
        if (row.id == id && row.status != "DELETED") return EnvironmentIndex{i};
    }
    return std::nullopt;
}

std::string name_of(const State& state, std::int64_t environment_id) {
    const auto index = find_environment(state, environment_id);
    if (!index) return {};
    return state.environment(*index).row.document.compute_environment_name;
}

bool is_outdated(const Environment& environment, const Instance& instance) {
    return instance.row.environment_id == environment.row.id &&
           instance.row.generation < environment.row.generation;
}

model::DecisionRow& new_decision(State& state, std::int64_t environment_id, std::string action,
                                 Timestamp now) {
    auto& row = state.step.changes.decisions.emplace_back();
    row.id = state.scaling.next_decision++;
    row.environment_id = environment_id;
    row.at = now;
    row.document.action = std::move(action);
    return row;
}

void terminate(State& state, Instance& instance, const std::string& why, Timestamp now) {
    if (instance.row.status == InstanceStatus::Terminating) return;
    if (const auto host = state.find_host(instance.row.id)) lose_host(state, *host, why, now);
    instance.row.status = InstanceStatus::Terminating;
    instance.row.idle_since.reset();
    instance.silent_since.reset();
    put_instance(state, instance);
    auto& row = new_decision(state, instance.row.environment_id, "TERMINATE", now);
    row.document.instance_type = instance.row.type;
    row.document.subnet = instance.row.zone;
    row.document.spot = instance.row.is_spot;
    row.document.count = 1;
    row.document.price_per_hour = in_usd(instance.row.price);
    row.document.why = why;
    row.document.instances = {instance.row.id};
    state.step.actions.emplace_back(TerminateInstances{
        .environment = name_of(state, instance.row.environment_id), .ids = {instance.row.id}});
}

void invalidate(State& state, std::int64_t environment_id, const std::string& reason) {
    const auto index = find_environment(state, environment_id);
    if (!index) return;
    auto& row = state.environment(*index).row;
    row.status = "INVALID";
    row.status_reason = reason;
    state.step.changes.environments.push_back(row);
}

void end_silent_instances(State& state, Timestamp now) {
    if (!state.scaling.trouble.empty()) return;  // whoever cannot see must not judge
    for (auto& [id, instance] : state.scaling.instances) {
        const auto deadline = deadline_of(state, instance);
        if (!deadline || *deadline > now) continue;
        const bool is_booting = instance.row.status == InstanceStatus::Booting;
        const auto why = fmt::format("its Docker Engine {} {} s",
                                     is_booting ? "did not answer within" : "has not answered for",
                                     state.policy.boot_timeout.count());
        if (is_booting) note_failed_boot(state, instance, why);
        terminate(state, instance, why, now);
    }
}

std::optional<Timestamp> next_silence_deadline(const State& state) {
    std::optional<Timestamp> next;
    if (!state.scaling.trouble.empty()) return next;
    for (const auto& [id, instance] : state.scaling.instances) {
        next = earlier(next, deadline_of(state, instance));
    }
    return next;
}

void settle_update(State& state, std::int64_t environment_id) {
    const auto index = find_environment(state, environment_id);
    if (!index) return;
    Environment& environment = state.environment(*index);
    if (environment.row.status != "UPDATING") return;
    for (const auto& [_, launch] : state.scaling.launches) {
        if (launch.environment_id == environment_id &&
            launch.document.generation < environment.row.generation) {
            return;
        }
    }
    for (const auto& [_, instance] : state.scaling.instances) {
        if (is_outdated(environment, instance)) return;
    }
    environment.row.status = "VALID";
    environment.row.status_reason = healthy(state, environment.row.document);
    state.step.changes.environments.push_back(environment.row);
}

void note_host_use(State& state, const Host& host) {
    if (!host.row || host.row->origin != model::HostOrigin::Launched) return;
    Instance* instance = find_instance(state, host.name);
    if (!instance) return;
    const bool is_idle = host.attempts.empty();
    if (instance->row.has_run_job && instance->row.idle_since.has_value() == is_idle) return;
    instance->row.has_run_job = true;
    instance->row.idle_since = is_idle ? std::optional(state.step.now) : std::nullopt;
    state.step.changes.instances.push_back(instance->row);
}

Result<Reply> decide(State& state, InstanceReady&& event, Timestamp now) {
    Instance* instance = find_instance(state, event.id);
    if (!instance || instance->row.status != InstanceStatus::Booting) return Reply{};
    const auto environment = find_environment(state, instance->row.environment_id);
    if (!environment) return Reply{};
    auto put = decide(state,
                      PutHost{.environment = name_of(state, instance->row.environment_id),
                              .document = std::move(event.host),
                              .origin = model::HostOrigin::Launched},
                      now);
    if (!put) {
        terminate(state, *instance, put.error().message, now);
        return put;
    }
    instance->row.status = InstanceStatus::Up;
    instance->row.idle_since = now;
    instance->silent_since = now;  // until the runtime has connected, too
    state.environment(*environment).failed_boots = 0;
    put_instance(state, *instance);
    return put;
}

Result<Reply> decide(State& state, InstanceLeaving&& event, Timestamp now) {
    const Instance* instance = find_instance(state, event.id);
    if (!instance || instance->row.status != InstanceStatus::Up) return Reply{};
    return decide(state,
                  DrainHost{.environment = name_of(state, instance->row.environment_id),
                            .host = event.id,
                            .deadline = event.at},
                  now);
}

Result<Reply> decide(State& state, InstanceGone&& event, Timestamp now) {
    Instance* instance = find_instance(state, event.id);
    if (!instance) return Reply{};
    if (instance->row.status == InstanceStatus::Booting)
        note_early_end(state, *instance, event, now);
    if (const auto host = state.find_host(event.id)) lose_host(state, *host, event.reason, now);
    instance->row.ended_at = now;
    instance->row.idle_since.reset();
    put_instance(state, *instance);
    const std::int64_t environment = instance->row.environment_id;
    state.scaling.instances.erase(event.id);
    settle_update(state, environment);
    return Reply{};
}

void note_host_down(State& state, const Host& host, Timestamp now) {
    Instance* instance = find_instance(state, host.name);
    if (!instance || instance->row.status != InstanceStatus::Up || instance->silent_since) return;
    instance->silent_since = now;
    state.scaling.is_stale = true;
}

void note_host_up(State& state, const Host& host) {
    Instance* instance = find_instance(state, host.name);
    if (!instance || instance->row.status != InstanceStatus::Up) return;
    instance->silent_since.reset();
    state.scaling.is_stale = true;
    if (!state.policy.on_aws) return;
    const auto* known = state.scaling.catalogue.find(instance->row.type);
    if (!known || known->measured_memory == host.capacity.memory) return;
    model::InstanceType measured = *known;
    measured.measured_memory = host.capacity.memory;
    state.scaling.catalogue.add(std::move(measured));
}

void terminate_instances_of(State& state, EnvironmentIndex environment, Timestamp now) {
    const std::int64_t id = state.environment(environment).row.id;
    for (auto& [_, instance] : state.scaling.instances) {
        if (instance.row.environment_id != id) continue;
        terminate(state, instance, "its compute environment was deleted", now);
    }
}

void replace_instances(State& state, EnvironmentIndex index, Timestamp now) {
    Environment& environment = state.environment(index);
    ++environment.row.generation;
    environment.row.status = "UPDATING";
    const auto policy = environment.row.document.update_policy.value_or(model::UpdatePolicy{});
    const bool at_once = policy.terminate_jobs_on_update.value_or(false);
    const std::chrono::minutes limit{policy.job_execution_timeout_minutes.value_or(kUpdateMinutes)};
    for (auto& [id, instance] : state.scaling.instances) {
        if (!is_outdated(environment, instance)) continue;
        if (at_once || instance.row.status == InstanceStatus::Booting) {
            terminate(state, instance, kEnvironmentUpdated, now);
        } else if (instance.row.status == InstanceStatus::Up) {
            drain_host(state, *state.find_host(id), now + limit);
        }
    }
    settle_update(state, environment.row.id);
}

Result<> restore_instances(State& state, const model::Snapshot& snapshot, Timestamp now) {
    Scaling& scaling = state.scaling;
    scaling.next_decision = snapshot.next_decision;
    for (const auto& row : snapshot.open_launches) scaling.launches.emplace(row.id, row);
    for (const auto& row : snapshot.instances) {
        Instance instance{.row = row, .silent_since = std::nullopt};
        const bool is_up = row.status == InstanceStatus::Up;
        // Nobody listened while the daemon was away: the time begins anew.
        if (row.status != InstanceStatus::Terminating) instance.silent_since = now;
        if (is_up != state.find_host(row.id).has_value()) {
            return fail(ErrorKind::Internal,
                        "the stored state contradicts itself: instance " + row.id +
                            (is_up ? " is up, but no host" : " is a host, but not up"));
        }
        scaling.instances.emplace(row.id, std::move(instance));
    }
    scaling.is_stale = true;
    return {};
}

std::vector<model::InstanceRow> known_instances(const State& state) {
    std::vector<model::InstanceRow> list;
    for (const auto& [id, instance] : state.scaling.instances) list.push_back(instance.row);
    return list;
}

}  // namespace batchd::core
