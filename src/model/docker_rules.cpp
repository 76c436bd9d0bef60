#include "batchd/model/docker_rules.hpp"

#include <fmt/format.h>

namespace batchd::model {
namespace {

Result<> expect_local(const std::vector<Volume>& volumes) {
    for (const Volume& volume : volumes) {
        const char* remote = volume.efs_volume_configuration       ? "efsVolumeConfiguration"
                             : volume.s3files_volume_configuration ? "s3filesVolumeConfiguration"
                                                                   : nullptr;
        if (!remote) continue;
        return invalid_argument(
            fmt::format("volume {}: {} cannot be mounted on the local Docker Engine",
                        volume.name.value_or(""), remote));
    }
    return {};
}

Result<> expect_served(const std::optional<ContainerProperties>& container,
                       const std::optional<EcsProperties>& ecs) {
    if (container) BATCHD_TRY(expect_local(container->volumes));
    if (!ecs) return {};
    for (const auto& task : ecs->task_properties) {
        BATCHD_TRY(expect_local(task.volumes));
        for (const auto& each : task.containers) {
            if (!each.firelens_configuration) continue;
            return invalid_argument(
                fmt::format("container {}: firelensConfiguration is not served on the local Docker "
                            "Engine",
                            each.name.value_or("")));
        }
    }
    return {};
}

}  // namespace

Result<> expect_served_by_docker(const JobDefinition& definition) {
    BATCHD_TRY(expect_served(definition.container_properties, definition.ecs_properties));
    if (!definition.node_properties) return {};
    for (const auto& range : definition.node_properties->node_range_properties) {
        BATCHD_TRY(expect_served(range.container, range.ecs_properties));
    }
    return {};
}

}  // namespace batchd::model
