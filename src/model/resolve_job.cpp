#include "batchd/model/job.hpp"
#include "model/container_overrides.hpp"
#include "model/container_rules.hpp"
#include "model/job_parameters.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxDependencies = 20;
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

/// What a definition may hold, but the local Docker Engine cannot give its jobs yet.
Result<> expect_servable(const ContainerProperties& container) {
    for (const Volume& volume : container.volumes) {
        const char* remote = volume.efs_volume_configuration       ? "efsVolumeConfiguration"
                             : volume.s3files_volume_configuration ? "s3filesVolumeConfiguration"
                                                                   : nullptr;
        if (remote) {
            return invalid_argument(
                fmt::format("volume {}: {} cannot be mounted on the local Docker Engine",
                            volume.name.value_or(""), remote));
        }
    }
    return {};
}

/// What dependsOn asks for.
struct Dependencies {
    std::vector<Dependency> jobs;  ///< without repetition, in the order of the request
    bool sequential = false;
};

Result<> add_sequential(const JobDependency& dependency, const std::string& field, bool is_array,
                        Dependencies& dependencies) {
    if (!is_array) {
        return invalid_argument(field + ".type 'SEQUENTIAL' is for array jobs");
    }
    if (is_given(dependency.job_id)) {
        return invalid_argument(field +
                                ".jobId must be absent with type SEQUENTIAL, which orders "
                                "the children of the array itself");
    }
    dependencies.sequential = true;
    return {};
}

Result<> add_dependency(JobDependency dependency, std::size_t index, bool is_array,
                        Dependencies& dependencies) {
    const std::string field = element("dependsOn", index);
    if (!is_given(dependency.type)) dependency.type.reset();
    BATCHD_TRY(expect_enumerated(field + ".type", dependency.type, {"N_TO_N", "SEQUENTIAL"}));
    if (dependency.type == "SEQUENTIAL") {
        return add_sequential(dependency, field, is_array, dependencies);
    }
    if (!is_given(dependency.job_id)) return invalid_argument(field + ".jobId is required");
    const auto id = parse_job_id(*dependency.job_id);
    if (!id) return std::unexpected(id.error());
    const Dependency added{
        .id = *id, .kind = dependency.type ? Dependency::Kind::NToN : Dependency::Kind::Whole};
    if (std::ranges::find(dependencies.jobs, added) == dependencies.jobs.end()) {
        dependencies.jobs.push_back(added);
    }
    return {};
}

Result<Dependencies> dependencies_of(const SubmitJobRequest& request) {
    if (request.depends_on.size() > kMaxDependencies) {
        return invalid_argument(fmt::format("dependsOn must have at most {} entries, got {}",
                                            kMaxDependencies, request.depends_on.size()));
    }
    Dependencies dependencies;
    for (std::size_t i = 0; i < request.depends_on.size(); ++i) {
        BATCHD_TRY(add_dependency(request.depends_on[i], i, is_array(request), dependencies));
    }
    return dependencies;
}

/// As DescribeJobs shows them.
std::vector<JobDependency> shown(const Dependencies& dependencies) {
    std::vector<JobDependency> list;
    for (const Dependency& dependency : dependencies.jobs) {
        const bool is_paired = dependency.kind == Dependency::Kind::NToN;
        list.push_back({.job_id = to_string(dependency.id),
                        .type = is_paired ? std::optional<std::string>("N_TO_N") : std::nullopt});
    }
    if (dependencies.sequential) list.push_back({.job_id = {}, .type = "SEQUENTIAL"});
    return list;
}

StringMap merged_parameters(const SubmitJobRequest& request, const JobDefinition& definition) {
    StringMap parameters = request.parameters;
    parameters.insert(definition.parameters.begin(), definition.parameters.end());
    return parameters;
}

Result<ContainerProperties> resolved_container(const SubmitJobRequest& request,
                                               const JobDefinition& definition,
                                               const StringMap& parameters) {
    ContainerProperties container = definition.container_properties.value_or(ContainerProperties{});
    BATCHD_TRY(expect_servable(container));
    if (request.container_overrides) BATCHD_TRY(merge(container, *request.container_overrides));
    BATCHD_TRY(validate_environment(container.environment));
    BATCHD_TRY(validate_requirements(container, platform_of(definition.platform_capabilities)));
    BATCHD_TRY(substitute_parameters(container.command, parameters));
    return container;
}

std::vector<ConsumableNeed> consumables_of(const JobSpec& spec) {
    std::vector<ConsumableNeed> needs;
    if (!spec.consumable_resource_properties) return needs;
    for (const auto& entry : spec.consumable_resource_properties->consumable_resource_list) {
        needs.push_back({.name = entry.consumable_resource.value_or(""),
                         .quantity = entry.quantity.value_or(0)});
    }
    return needs;
}

JobTraits traits_of(const JobSpec& spec, const Resources& resources) {
    JobTraits traits;
    traits.shape.resources = resources;
    traits.shape.fargate = platform_of(spec.platform_capabilities) == Platform::Fargate;
    traits.shape.consumables = consumables_of(spec);
    traits.share = spec.share_identifier.value_or("");
    traits.scheduling_priority = spec.scheduling_priority.value_or(0);
    if (spec.retry_strategy) {
        traits.attempts = spec.retry_strategy->attempts.value_or(1);
        traits.retry_rules = spec.retry_strategy->evaluate_on_exit;
    }
    if (spec.timeout && spec.timeout->attempt_duration_seconds) {
        traits.timeout = Seconds{*spec.timeout->attempt_duration_seconds};
    }
    return traits;
}

}  // namespace

Result<ResolvedJob> resolve(const SubmitJobRequest& request, const JobDefinition& definition,
                            const std::string& definition_arn, const Limits& limits) {
    BATCHD_TRY(validate_request(request, limits));
    auto dependencies = dependencies_of(request);
    if (!dependencies) return std::unexpected(std::move(dependencies).error());

    JobSpec spec;
    spec.job_definition = definition_arn;
    spec.parameters = merged_parameters(request, definition);
    auto container = resolved_container(request, definition, spec.parameters);
    if (!container) return std::unexpected(std::move(container).error());
    const auto resources = resources_of(*container);
    if (!resources) return std::unexpected(resources.error());

    spec.container = *std::move(container);
    spec.depends_on = shown(*dependencies);
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

    JobTraits traits = traits_of(spec, *resources);
    traits.depends_on = std::move(dependencies->jobs);
    traits.sequential = dependencies->sequential;
    if (is_array(request)) traits.array_size = *request.array_properties->size;
    return ResolvedJob{.spec = std::move(spec), .traits = std::move(traits)};
}

}  // namespace batchd::model
