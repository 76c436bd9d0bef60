#include "batchd/model/job.hpp"
#include "model/job_dependencies.hpp"
#include "model/job_warnings.hpp"
#include "model/node_rules.hpp"
#include "model/resolve_containers.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace batchd::model {
namespace {

constexpr std::int32_t kLeastArraySize = 2;

bool is_array(const SubmitJobRequest& request) {
    return request.array_properties && request.array_properties->size;
}

Result<> validate_request(const SubmitJobRequest& request, const Limits& limits) {
    if (!is_job_name(request.job_name)) {
        return invalid_argument(
            fmt::format("Job name should match valid pattern: jobName {} must have 1 to 128 of "
                        "[A-Za-z0-9_-], the first a letter or digit",
                        quote(request.job_name)));
    }
    if (is_given(request.share_identifier) && !is_share_identifier(*request.share_identifier)) {
        return invalid_argument(fmt::format("shareIdentifier {} must match [A-Za-z0-9_-]{{1,255}}",
                                            quote(*request.share_identifier)));
    }
    BATCHD_TRY(expect_scheduling_priority(request.scheduling_priority_override));
    if (request.consumable_resource_properties_override) {
        BATCHD_TRY(validate(*request.consumable_resource_properties_override,
                            "consumableResourcePropertiesOverride"));
    }
    if (is_array(request)) {
        BATCHD_TRY(expect_between("arrayProperties.size", *request.array_properties->size,
                                  kLeastArraySize, limits.array_size));
    }
    if (request.retry_strategy) BATCHD_TRY(validate(*request.retry_strategy));
    if (request.timeout) BATCHD_TRY(validate(*request.timeout));
    return validate_tags(request.tags);
}

/// What a definition may ask for and no job queue has: EKS and managed instances.
Result<> expect_served(const SubmitJobRequest& request, const JobDefinition& definition,
                       const std::string& definition_arn) {
    if (std::ranges::find(definition.platform_capabilities, "MANAGED_INSTANCES") !=
        definition.platform_capabilities.end()) {
        return invalid_argument(fmt::format(
            "jobDefinition {} has platformCapabilities 'MANAGED_INSTANCES', but jobQueue {} has no "
            "compute environment of managed instances",
            quote(definition_arn), quote(request.job_queue)));
    }
    if (definition.eks_properties) {
        return invalid_argument(fmt::format(
            "jobDefinition {} has eksProperties, but jobQueue {} has no EKS compute environment",
            quote(definition_arn), quote(request.job_queue)));
    }
    if (request.eks_properties_override) {
        return invalid_argument(
            fmt::format("eksPropertiesOverride is for job definitions with eksProperties, which {} "
                        "has not",
                        quote(definition_arn)));
    }
    return {};
}

StringMap merged_parameters(const SubmitJobRequest& request, const JobDefinition& definition) {
    StringMap parameters = request.parameters;
    parameters.insert(definition.parameters.begin(), definition.parameters.end());
    return parameters;
}

/// What a job's containers ask for, and how long its overrides are.
struct ResolvedForm {
    Shape shape;
    std::size_t override_characters = 0;
    std::set<std::string> used_parameters;
};

/// A multi-node job: what all its nodes run and ask for.
Result<> resolve_multinode(const SubmitJobRequest& request, const JobDefinition& definition,
                           JobSpec& spec, ResolvedForm& form) {
    if (is_array(request)) {
        return invalid_argument("arrayProperties cannot be used with a multi-node job definition");
    }
    if (request.container_overrides || request.ecs_properties_override) {
        return invalid_argument(
            "containerOverrides and ecsPropertiesOverride cannot be used with a multi-node job "
            "definition; use nodeOverrides");
    }
    auto nodes = resolve_nodes(*definition.node_properties, request.node_overrides,
                               {.values = spec.parameters, .used = form.used_parameters});
    if (!nodes) return std::unexpected(std::move(nodes).error());
    for (const auto& [count, resources] : nodes->groups) {
        for (std::int32_t i = 0; i < count; ++i) form.shape.resources += resources;
    }
    form.shape.nodes = std::move(nodes->groups);
    form.shape.consumables = std::move(nodes->consumables);
    form.override_characters = nodes->override_characters;
    spec.node_properties = std::move(nodes->properties);
    return {};
}

/// What the job runs, in the form of its definition, and what that asks for.
Result<> resolve_form(const SubmitJobRequest& request, const JobDefinition& definition,
                      JobSpec& spec, ResolvedForm& resolved) {
    if (definition.node_properties) return resolve_multinode(request, definition, spec, resolved);
    if (request.node_overrides) {
        return invalid_argument("nodeOverrides are for multi-node job definitions");
    }
    ContainerForm form{.container = definition.container_properties,
                       .ecs_properties = definition.ecs_properties};
    const FormOverrides overrides{.container_overrides = request.container_overrides,
                                  .ecs_properties_override = request.ecs_properties_override};
    const auto asked = resolve_containers(
        form, {&overrides, 1}, {.values = spec.parameters, .used = resolved.used_parameters},
        platform_of(definition.platform_capabilities));
    if (!asked) return std::unexpected(asked.error());
    spec.container = std::move(form.container);
    spec.ecs_properties = std::move(form.ecs_properties);
    resolved.shape.resources = asked->resources;
    resolved.override_characters = asked->override_characters;
    return {};
}

/// Slots are for children of arrays. What the definition says is dropped where they cannot be.
Result<> resolve_slots(const SubmitJobRequest& request, const JobSpec& spec, bool is_direct,
                       JobOptions& options) {
    if (!options.warm_slots.value_or(false)) return {};
    auto fits = is_array(request) ? expect_fit_for_slots(task_of(spec, {}))
                                  : Result<>(invalid_argument("warmSlots is for array jobs"));
    if (fits || is_direct) return fits;
    options.warm_slots.reset();
    return {};
}

/// Beside the request's own options, those of its tags, of the definition, in this order.
Result<std::optional<JobOptions>> resolve_options(const SubmitJobRequest& request,
                                                  const JobDefinition& definition,
                                                  const JobSpec& spec) {
    JobOptions options = request.options;
    const auto of_tags = options_of_tags(request.tags);
    if (!of_tags) return std::unexpected(of_tags.error());
    complete(options, *of_tags);
    if (options.max_parallel && !is_array(request)) {
        return invalid_argument("maxParallel is for array jobs");
    }
    const bool has_own_slots = options.warm_slots.has_value();
    if (definition.options) complete(options, *definition.options);
    if (!is_array(request)) options.max_parallel.reset();
    BATCHD_TRY(resolve_slots(request, spec, has_own_slots, options));
    BATCHD_TRY(validate(options));
    return options == JobOptions{} ? std::nullopt : std::optional(options);
}

/// A place among the jobs of the definition.
void add_running_limit(const JobSpec& spec, const std::string& definition, Shape& shape) {
    if (!spec.options || !spec.options->max_running) return;
    shape.consumables.push_back({.name = running_limit_name(definition),
                                 .quantity = 1,
                                 .limit = *spec.options->max_running});
}

}  // namespace

JobTraits traits_of(const JobSpec& spec, Shape shape) {
    JobTraits traits;
    traits.shape = std::move(shape);
    if (spec.node_properties) traits.main_node = spec.node_properties->main_node.value_or(0);
    traits.options = spec.options;
    traits.share = spec.share_identifier.value_or("");
    traits.scheduling_priority = spec.scheduling_priority.value_or(0);
    if (spec.retry_strategy) {
        traits.attempts = spec.retry_strategy->attempts.value_or(1);
        traits.retry_rules = spec.retry_strategy->evaluate_on_exit;
    }
    if (spec.timeout && spec.timeout->attempt_duration_seconds) {
        traits.timeout = Seconds{*spec.timeout->attempt_duration_seconds};
    }
    for (const JobDependency& dependency : spec.depends_on) {
        if (dependency.type == "SEQUENTIAL") traits.sequence = Sequence::AfterOk;
        if (dependency.type == "SEQUENTIAL_ANY") traits.sequence = Sequence::AfterAny;
    }
    return traits;
}

Result<ResolvedJob> resolve(const SubmitJobRequest& request, const JobDefinition& definition,
                            const std::string& definition_arn, const Limits& limits) {
    BATCHD_TRY(validate_request(request, limits));
    BATCHD_TRY(expect_served(request, definition, definition_arn));
    auto dependencies = resolve_dependencies(request.depends_on, is_array(request), limits);
    if (!dependencies) return std::unexpected(std::move(dependencies).error());

    JobSpec spec;
    spec.job_definition = definition_arn;
    spec.parameters = merged_parameters(request, definition);
    ResolvedForm form;
    BATCHD_TRY(resolve_form(request, definition, spec, form));
    spec.depends_on = std::move(dependencies->shown);
    spec.retry_strategy =
        request.retry_strategy ? request.retry_strategy : definition.retry_strategy;
    const bool has_timeout = request.timeout && request.timeout->attempt_duration_seconds;
    spec.timeout = has_timeout ? request.timeout : definition.timeout;
    spec.propagate_tags =
        request.propagate_tags ? request.propagate_tags : definition.propagate_tags;
    spec.platform_capabilities = definition.platform_capabilities;
    spec.scheduling_priority = request.scheduling_priority_override
                                   ? request.scheduling_priority_override
                                   : definition.scheduling_priority;
    if (is_given(request.share_identifier)) spec.share_identifier = request.share_identifier;
    spec.consumable_resource_properties = request.consumable_resource_properties_override
                                              ? request.consumable_resource_properties_override
                                              : definition.consumable_resource_properties;

    auto options = resolve_options(request, definition, spec);
    if (!options) return std::unexpected(std::move(options).error());
    spec.options = *options;
    spec.warnings = warnings_of(request, definition, spec, form.used_parameters);

    form.shape.fargate = platform_of(spec.platform_capabilities) == Platform::Fargate;
    add_needs(spec.consumable_resource_properties, form.shape.consumables);
    add_running_limit(spec, definition.job_definition_name, form.shape);
    JobTraits traits = traits_of(spec, std::move(form.shape));
    traits.depends_on = std::move(dependencies->jobs);
    traits.is_held = request.hold.value_or(false);
    if (std::cmp_greater(form.override_characters, limits.container_overrides_characters)) {
        traits.flaw = DispatchFlaw::OverridesTooLong;
    }
    if (is_array(request)) traits.array_size = *request.array_properties->size;
    return ResolvedJob{.spec = std::move(spec), .traits = std::move(traits)};
}

}  // namespace batchd::model
