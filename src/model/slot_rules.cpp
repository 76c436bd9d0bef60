#include "batchd/model/task.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace batchd::model {
namespace {

bool is_on_host(const Volume& volume) {
    return volume.host && volume.host->source_path && !volume.host->source_path->empty();
}

}  // namespace

bool is_log_kept(const ContainerBase& container) {
    static constexpr std::array<std::string_view, 5> kReplaced{"", "awslogs", "json-file", "local",
                                                               "journald"};
    return !container.log_configuration ||
           std::ranges::find(kReplaced, container.log_configuration->log_driver) != kReplaced.end();
}

Result<> expect_fit_for_slots(const EcsTaskProperties& task) {
    constexpr std::string_view kWho = "warmSlots true";
    if (task.containers.size() != 1) {
        return invalid_argument(fmt::format("{} is for jobs of one container, not of {}", kWho,
                                            task.containers.size()));
    }
    const auto& container = task.containers.front();
    const auto is_gpu = [](const ResourceRequirement& one) { return one.type == "GPU"; };
    if (std::ranges::any_of(container.resource_requirements, is_gpu)) {
        return invalid_argument(fmt::format("{} cannot go with resource type GPU", kWho));
    }
    if (task.pid_mode == "host") {
        return invalid_argument(fmt::format(
            "{} cannot go with pidMode 'host': a slot ends what its children leave running", kWho));
    }
    if (!is_log_kept(container)) {
        return invalid_argument(fmt::format("{} cannot go with logDriver {}: batchd keeps the logs",
                                            kWho, quote(container.log_configuration->log_driver)));
    }
    for (const Volume& volume : task.volumes) {
        if (is_on_host(volume)) continue;
        return invalid_argument(fmt::format(
            "{} cannot go with volume {}: without host.sourcePath each child has one of its own",
            kWho, quote(volume.name.value_or(""))));
    }
    return {};
}

}  // namespace batchd::model
