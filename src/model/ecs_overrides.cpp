#include "model/ecs_overrides.hpp"

#include "batchd/base/json.hpp"
#include "batchd/model/names.hpp"

namespace batchd::model {

std::size_t override_characters(const SubmitJobRequest& request, const JobDefinition& definition,
                                const ContainerProperties& resolved) {
    json::Json container{{"name", "default"}};
    if (!definition.container_properties ||
        definition.container_properties->command != resolved.command) {
        container["command"] = resolved.command;
    }
    if (const auto& overrides = request.container_overrides) {
        if (!overrides->environment.empty()) {
            container["environment"] = json::encode(overrides->environment);
        }
        if (!overrides->resource_requirements.empty()) {
            container["resourceRequirements"] = json::encode(overrides->resource_requirements);
        }
    }
    return characters(json::dump({{"containerOverrides", json::Json::array({container})}}));
}

}  // namespace batchd::model
