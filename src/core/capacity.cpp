// Compute environments.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

void put_environment(State& state, const Environment& environment) {
    state.step.changes.environments.push_back(environment.row);
}

Result<EnvironmentIndex> existing(const State& state, const std::string& name) {
    if (const auto index = state.find_environment(name)) return *index;
    return fail(ErrorKind::NotFound, "computeEnvironment '" + name + "' does not exist");
}

bool is_referenced(const State& state, EnvironmentIndex index) {
    return std::ranges::any_of(state.queues, [&](const Queue& queue) {
        return queue.row.status != "DELETED" &&
               std::ranges::find(queue.environments, index) != queue.environments.end();
    });
}

/// Those that the catalogue knows, of one architecture.
Result<> check_instance_types(const State& state, const model::ComputeEnvironment& document) {
    if (!is_elastic(document)) return {};
    const auto& types = document.compute_resources->instance_types;
    const auto known = state.scaling.catalogue.expand(types.value_or(std::vector<std::string>{}));
    if (!known) return std::unexpected(known.error());
    return {};
}

}  // namespace

bool is_elastic(const model::ComputeEnvironment& environment) {
    return environment.type == "MANAGED" && !model::is_fargate(environment);
}

bool uses_fargate(const State& state, const Environment& environment) {
    return state.policy.on_aws && model::is_fargate(environment.row.document);
}

bool is_open(const Environment& environment) {
    const std::string& status = environment.row.status;
    return (status == "VALID" || status == "UPDATING") &&
           environment.row.document.state == "ENABLED";
}

std::string healthy(const State& state, const model::ComputeEnvironment& document) {
    if (document.type == "MANAGED" && !state.policy.on_aws) {
        return "ComputeEnvironment Healthy (provider local: instances are simulated, jobs run on "
               "the local Docker Engine)";
    }
    if (is_elastic(document) && !state.scaling.trouble.empty()) {
        return "ComputeEnvironment Healthy, but nothing can be launched at the moment: " +
               state.scaling.trouble;
    }
    return "ComputeEnvironment Healthy";
}

void renew_status_reasons(State& state) {
    for (Environment& environment : state.environments) {
        auto& row = environment.row;
        if (row.status != "VALID") continue;
        auto reason = healthy(state, row.document);
        if (row.status_reason == reason) continue;
        row.status_reason = std::move(reason);
        put_environment(state, environment);
    }
}

std::optional<MilliVcpu> vcpu_limit(const Environment& environment) {
    const auto& resources = environment.row.document.compute_resources;
    if (!resources || !resources->maxv_cpus) return std::nullopt;
    return vcpus(*resources->maxv_cpus);
}

Result<Reply> decide(State& state, CreateEnvironment&& event, Timestamp now) {
    const std::string name = event.document.compute_environment_name;
    if (state.find_environment(name)) {
        return fail(ErrorKind::Conflict,
                    "Object already exists: computeEnvironment '" + name + "'");
    }
    BATCHD_TRY(expect_room_for_environment(state, name));
    BATCHD_TRY(check_instance_types(state, event.document));
    Environment environment;
    environment.row = {.id = state.next_id++,
                       .document = std::move(event.document),
                       .uuid = std::move(event.uuid),
                       .status = "VALID",
                       .status_reason = {},
                       .created_at = now};
    environment.row.status_reason = healthy(state, environment.row.document);
    if (const auto& resources = environment.row.document.compute_resources) {
        environment.row.raised_vcpus = resources->desiredv_cpus.value_or(0);
    }
    put_environment(state, environment);
    put_tags(state, {.kind = model::ResourceKind::ComputeEnvironment, .name = name, .job = {}},
             std::move(event.tags));
    put_in_free_slot(state.environments, std::move(environment));
    const EnvironmentIndex made = *state.find_environment(name);
    if (uses_fargate(state, state.environment(made))) add_fargate_host(state, made);
    state.scaling.is_stale = true;
    return Reply{};
}

Result<Reply> decide(State& state, UpdateEnvironment&& event, Timestamp now) {
    const auto index = existing(state, event.name);
    if (!index) return std::unexpected(index.error());
    Environment& environment = state.environment(*index);
    model::ComputeEnvironment document = environment.row.document;
    BATCHD_TRY(model::merge(document, event.update));
    BATCHD_TRY(model::validate(document));
    BATCHD_TRY(check_instance_types(state, document));
    if (model::is_fargate(document) != model::is_fargate(environment.row.document)) {
        return invalid_argument("computeResources.type '" + *document.compute_resources->type +
                                "': an environment on instances cannot become one on Fargate, nor "
                                "the other way round");
    }
    if (event.update.compute_resources && event.update.compute_resources->desiredv_cpus) {
        environment.row.raised_vcpus = *event.update.compute_resources->desiredv_cpus;
    }
    const bool replaces = is_elastic(document) && model::is_infrastructure_update(
                                                      *environment.row.document.compute_resources,
                                                      *document.compute_resources);
    if (auto& resources = document.compute_resources) {
        resources->update_to_latest_image_version.reset();  // it asks for this update, no more
    }
    // What kept it from launching may be mended now.
    if (environment.row.status == "INVALID") environment.row.status = "VALID";
    environment.failed_boots = 0;
    environment.row.document = std::move(document);
    environment.row.status_reason = healthy(state, environment.row.document);
    if (replaces) replace_instances(state, *index, now);
    state.scaling.is_stale = true;
    put_environment(state, environment);
    state.step.needs_pass = true;
    return Reply{};
}

Result<Reply> decide(State& state, DeleteEnvironment&& event, Timestamp now) {
    const auto index = existing(state, event.name);
    if (!index) return std::unexpected(index.error());
    Environment& environment = state.environment(*index);
    if (environment.row.document.state != "DISABLED") {
        return fail(ErrorKind::Conflict, "Cannot delete, computeEnvironment '" + event.name +
                                             "' is ENABLED: its state must be DISABLED");
    }
    if (is_referenced(state, *index)) {
        return fail(ErrorKind::Conflict, "Cannot delete, found existing JobQueue relationship");
    }
    if (environment.used.value > 0) {
        return fail(ErrorKind::Conflict,
                    "Cannot delete, jobs still run in computeEnvironment '" + event.name + "'");
    }
    terminate_instances_of(state, *index, now);
    remove_hosts_of(state, *index);
    environment.row.status = "DELETED";
    put_environment(state, environment);
    return Reply{};
}

}  // namespace batchd::core
