#include "compute/ec2_launcher.hpp"

#include "batchd/aws/ssm.hpp"
#include "batchd/base/log.hpp"
#include "batchd/docker/create_body.hpp"
#include "batchd/model/bid.hpp"
#include "compute/launch_template.hpp"
#include "compute/user_data.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::compute {
namespace {

using model::ComputeResources;
using Kind = ports::LaunchFailure::Kind;

std::unexpected<aws::ApiError> misconfigured(std::string code, std::string message) {
    return std::unexpected(aws::ApiError{.code = std::move(code),
                                         .message = std::move(message),
                                         .error_class = aws::ErrorClass::Configuration});
}

Kind kind_of(const aws::ApiError& error) {
    if (error.code == "Unsupported") return Kind::Unsupported;
    switch (error.error_class) {
        case aws::ErrorClass::Capacity:
            return Kind::Capacity;
        case aws::ErrorClass::Quota:
            return Kind::Quota;
        case aws::ErrorClass::Configuration:
        case aws::ErrorClass::Credentials:
            return Kind::Configuration;
        default:
            return Kind::Other;
    }
}

/// It is not known whether it was done, or it can only be asked again. Keys that cannot be found
/// may be there in a minute: whoever gives them out may be away.
bool is_unanswered(const aws::ApiError& error) {
    return error.error_class == aws::ErrorClass::Unreachable ||
           error.error_class == aws::ErrorClass::Throttling || error.code == "NoCredentials";
}

ports::LaunchFailure failure_of(const aws::ApiError& error) {
    return {.kind = kind_of(error), .message = error.text()};
}

/// Of a fleet: the first error, and all pools that failed in the same way.
ports::LaunchFailure failure_of(const ports::LaunchRequest& request,
                                const std::vector<aws::FleetError>& errors) {
    auto failure = failure_of(errors.front().error);
    for (const auto& error : errors) {
        if (kind_of(error.error) != failure.kind) continue;
        failure.pools.push_back(
            {.type = error.instance_type.empty() ? request.type : error.instance_type,
             .zone = error.subnet_id.empty() ? request.zone : error.subnet_id});
    }
    return failure;
}

/// Of a text that is a member of a request: empty as absent.
std::string text_of(const std::optional<std::string>& text) { return text.value_or(""); }

const model::Ec2Configuration* configuration_of(const ComputeResources& resources, bool has_gpus) {
    if (!resources.ec2_configuration) return nullptr;
    const auto found = std::ranges::find_if(*resources.ec2_configuration, [&](const auto& one) {
        return one.image_type.ends_with("_NVIDIA") == has_gpus;
    });
    return found == resources.ec2_configuration->end() ? nullptr : &*found;
}

/// Whether the environment itself says which image.
bool names_image(const ComputeResources& resources, bool has_gpus) {
    const auto* configuration = configuration_of(resources, has_gpus);
    return resources.image_id || (configuration && configuration->image_id_override);
}

/// Of the launch template that a fleet needs.
std::string template_name(const ports::LaunchRequest& request) { return "batchd-" + request.token; }

/// Where AWS publishes the newest image.
std::string image_parameter(const std::string& image_type, model::Architecture architecture) {
    const bool is_al2 = image_type.starts_with("ECS_AL2") && !image_type.starts_with("ECS_AL2023");
    const bool is_gpu = image_type.ends_with("_NVIDIA");
    const bool is_arm = architecture == model::Architecture::Arm64;
    return fmt::format("/aws/service/ecs/optimized-ami/amazon-linux-{}{}/recommended/image_id",
                       is_al2 ? "2" : "2023",
                       is_gpu   ? "/gpu"
                       : is_arm ? "/arm64"
                                : "");
}

std::string fleet_strategy(const ComputeResources& resources) {
    const std::string strategy = text_of(resources.allocation_strategy);
    if (strategy == "SPOT_CAPACITY_OPTIMIZED") return "capacity-optimized";
    if (strategy == "SPOT_PRICE_CAPACITY_OPTIMIZED") return "price-capacity-optimized";
    if (strategy == "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED") return "capacity-optimized-prioritized";
    return {};
}

/// In dollars, as EC2 wants it; empty for the On-Demand price.
std::string max_price(const ComputeResources& resources, const model::InstanceType& type) {
    const auto most = model::highest_bid(type, resources);
    return most < type.price ? fmt::format("{:.6f}", static_cast<double>(most.value) / 1e6) : "";
}

}  // namespace

std::string engine_name(const std::string& token) { return token + ".batchd"; }

void Ec2Launcher::learn(const std::vector<model::InstanceType>& types) {
    const std::lock_guard lock(mutex_);
    for (const auto& type : types) catalogue_.add(type);
}

std::optional<model::InstanceType> Ec2Launcher::find_type(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto* type = catalogue_.find(name);
    return type ? std::optional(*type) : std::nullopt;
}

Ec2Launcher::Ec2Launcher(aws::Client& client, const CertificateAuthority& authority,
                         std::string daemon, model::InstanceCatalogue catalogue)
    : client_(client),
      authority_(authority),
      daemon_(std::move(daemon)),
      catalogue_(std::move(catalogue)) {}

std::expected<ports::LaunchResult, NotAnswered> Ec2Launcher::launch(
    const ports::LaunchRequest& request, const model::ComputeEnvironment& environment,
    bool is_repeated) {
    const auto answer = [&]() -> Launched {
        if (is_repeated) {
            auto found = find_launched(request);
            if (!found || !found->instances.empty()) return found;
        }
        if (!environment.compute_resources) {  // deleted before AWS answered
            return ports::LaunchResult{.instances = {}, .failure = std::nullopt};
        }
        auto call = compose(request, environment);
        if (!call) return std::unexpected(std::move(call).error());
        return run(request, *environment.compute_resources, std::move(*call));
    }();
    if (answer) return *answer;
    const auto& error = answer.error();
    if (is_unanswered(error)) {
        return std::unexpected(NotAnswered{error.text()});
    }
    if (error.code == "IdempotentParameterMismatch") {
        // It was asked for in other words, before an image or an environment changed.
        auto found = find_launched(request);
        if (!found) return std::unexpected(NotAnswered{found.error().text()});
        if (!found->instances.empty()) return *found;
        return ports::LaunchResult{
            .instances = {},
            .failure = ports::LaunchFailure{.kind = Kind::Other, .message = error.text()}};
    }
    return ports::LaunchResult{.instances = {}, .failure = failure_of(error)};
}

aws::Outcome<ports::LaunchResult> Ec2Launcher::find_launched(const ports::LaunchRequest& request) {
    // A fleet that was made before a crash has left it behind.
    if (request.is_spot) {
        const auto gone = aws::delete_launch_template(client_, template_name(request));
        if (!gone) return std::unexpected(gone.error());
    }
    const auto found = aws::describe_instances(
        client_, {.ids = {}, .filters = {{std::string("tag:") + kLaunchTag, {request.token}}}});
    if (!found) return std::unexpected(found.error());
    ports::LaunchResult result;
    for (const auto& instance : *found) {
        result.instances.push_back(
            {.id = instance.id, .type = instance.type, .zone = instance.subnet_id});
    }
    return result;
}

aws::Outcome<std::string> Ec2Launcher::image_of(const ComputeResources& resources,
                                                const model::InstanceType& type) {
    const auto* configuration = configuration_of(resources, type.gpus > 0);
    if (configuration && configuration->image_id_override) {
        return *configuration->image_id_override;
    }
    if (resources.image_id) return *resources.image_id;
    std::string image_type = type.gpus > 0 ? "ECS_AL2023_NVIDIA" : "ECS_AL2023";
    if (configuration) image_type = configuration->image_type;
    return aws::get_parameter(client_, image_parameter(image_type, type.architecture));
}

aws::Outcome<aws::RunInstances> Ec2Launcher::compose(const ports::LaunchRequest& request,
                                                     const model::ComputeEnvironment& environment) {
    const ComputeResources& resources = *environment.compute_resources;
    const auto type = find_type(request.type);
    if (!type) return misconfigured("InvalidInstanceType", "'" + request.type + "' is not known");
    auto server = authority_.issue_server(engine_name(request.token));
    if (!server) return misconfigured("InternalError", server.error().message);

    aws::RunInstances call{.client_token = request.token};
    aws::InstanceSpecification& instance = call.instance;
    instance.instance_type = request.type;
    instance.security_group_ids = resources.security_group_ids.value_or(std::vector<std::string>{});
    instance.instance_profile = text_of(resources.instance_role);
    instance.key_name = text_of(resources.ec2_key_pair);
    instance.placement_group = text_of(resources.placement_group);
    instance.tags = resources.tags.value_or(model::StringMap{});
    instance.tags.try_emplace("Name", "batchd " + request.environment);
    instance.tags[kInstanceTag] = daemon_;
    instance.tags[kEnvironmentTag] = request.environment;
    instance.tags[kLaunchTag] = request.token;
    instance.user_data = user_data({.ca = authority_.certificate(),
                                    .server = std::move(*server),
                                    .label = fmt::format("{}={}", docker::kInstanceLabel, daemon_),
                                    .is_spot = request.is_spot});

    const auto chosen = template_of(resources, request.type);
    bool has_image = false;
    if (chosen.value) {
        call.launch_template = chosen.value;
        const auto version = aws::describe_launch_template_version(client_, *chosen.value);
        if (!version) return std::unexpected(version.error());
        has_image = !version->image_id.empty() &&
                    (chosen.is_override || !names_image(resources, type->gpus > 0));
        if (!version->user_data.empty()) {
            auto merged = merge_user_data(instance.user_data, version->user_data);
            if (!merged) return misconfigured("InvalidUserData.Malformed", merged.error().message);
            instance.user_data = std::move(*merged);
        }
        if (auto applied = apply_template(*version, call); !applied) {
            return std::unexpected(std::move(applied).error());
        }
    }
    if (!has_image) {
        auto image = image_of(resources, *type);
        if (!image) return std::unexpected(std::move(image).error());
        instance.image_id = std::move(*image);
    }
    return call;
}

Ec2Launcher::Launched Ec2Launcher::run(const ports::LaunchRequest& request,
                                       const ComputeResources& resources, aws::RunInstances call) {
    // A fleet knows how deep the Spot pools are; it takes no other launch template than its own.
    if (request.is_spot && !call.launch_template && !fleet_strategy(resources).empty()) {
        return run_fleet(request, resources, call);
    }
    (call.network_interface ? call.network_interface->subnet_id : call.subnet_id) = request.zone;
    call.max_count = static_cast<int>(request.count);
    if (request.is_spot) {
        call.spot = aws::SpotRequest{.max_price = max_price(resources, *find_type(request.type))};
    }
    const auto launched = aws::run_instances(client_, call);
    if (!launched) return std::unexpected(launched.error());
    ports::LaunchResult result;
    for (const auto& instance : *launched) {
        result.instances.push_back({.id = instance.id, .type = request.type, .zone = request.zone});
    }
    return result;
}

Ec2Launcher::Launched Ec2Launcher::run_fleet(const ports::LaunchRequest& request,
                                             const ComputeResources& resources,
                                             const aws::RunInstances& call) {
    const std::string name = template_name(request);
    const auto made = aws::create_launch_template(client_, name, call.instance);
    if (!made && made.error().code != "InvalidLaunchTemplateName.AlreadyExistsException") {
        return std::unexpected(made.error());
    }
    aws::CreateFleet fleet{.client_token = request.token,
                           .launch_template = {.id = {}, .name = name, .version = "$Latest"},
                           .target_capacity = static_cast<int>(request.count),
                           .is_spot = true,
                           .allocation_strategy = fleet_strategy(resources),
                           .tags = call.instance.tags};
    std::vector<std::string> types{request.type};
    types.insert(types.end(), request.other_types.begin(), request.other_types.end());
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto type = find_type(types[i]);
        if (!type) continue;
        for (const auto& subnet : resources.subnets.value_or(std::vector<std::string>{})) {
            fleet.overrides.push_back({.instance_type = types[i],
                                       .subnet_id = subnet,
                                       .max_price = max_price(resources, *type),
                                       .priority = static_cast<double>(i)});
        }
    }
    const auto answer = aws::create_fleet(client_, fleet);
    if (!answer && is_unanswered(answer.error())) return std::unexpected(answer.error());
    // An instant fleet has no more need of it; what fails here leaves a template behind, no more.
    if (const auto gone = aws::delete_launch_template(client_, name); !gone) {
        log::info("launch template {} stays: {}", name, gone.error().text());
    }
    if (!answer) return std::unexpected(answer.error());
    ports::LaunchResult result;
    for (const auto& launch : answer->launches) {
        for (const auto& id : launch.instance_ids) {
            result.instances.push_back(
                {.id = id,
                 .type = launch.instance_type.empty() ? request.type : launch.instance_type,
                 .zone = launch.subnet_id.empty() ? request.zone : launch.subnet_id});
        }
    }
    if (std::ssize(result.instances) < request.count && !answer->errors.empty()) {
        result.failure = failure_of(request, answer->errors);
    }
    return result;
}

}  // namespace batchd::compute
