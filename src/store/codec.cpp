#include "store/codec.hpp"

#include "batchd/model/json.hpp"

#include <algorithm>

namespace batchd::store {
namespace {

/// AWS's limit; also of the GPUs of one.
constexpr std::int64_t kMostNodes = 1000;

bool is_amount(std::int64_t number) { return number >= 0 && number <= kMostUnits; }

}  // namespace

template <class T>
std::string to_json(const T& value) {
    return json::to_text(value);
}

template <class T>
Result<T> from_json(std::string_view text) {
    auto value = json::parse_as<T>(text);
    if (value) return value;
    return fail(ErrorKind::Internal, "a stored document is damaged: " + value.error().message,
                std::string(text));
}

template <>
std::string to_json(const std::vector<model::NodeGroup>& nodes) {
    std::vector<std::vector<std::int64_t>> list;
    for (const auto& [count, resources] : nodes) {
        list.push_back({count, resources.vcpu.value, resources.memory.value, resources.gpus});
    }
    return json::to_text(list);
}

template <>
Result<std::vector<model::NodeGroup>> from_json(std::string_view text) {
    const auto list = from_json<std::vector<std::vector<std::int64_t>>>(text);
    if (!list) return std::unexpected(list.error());
    std::vector<model::NodeGroup> nodes;
    std::int64_t count = 0;
    for (const auto& group : *list) {
        const bool is_group = group.size() == 4 && std::ranges::all_of(group, is_amount) &&
                              group[0] >= 1 && group[3] <= kMostNodes;
        if (is_group) count += group[0];
        if (!is_group || count > kMostNodes) {
            return fail(ErrorKind::Internal, "nodes is " + std::string(text));
        }
        nodes.push_back({.count = static_cast<std::int32_t>(group[0]),
                         .resources = {.vcpu = MilliVcpu{group[1]},
                                       .memory = MiB{group[2]},
                                       .gpus = static_cast<std::int32_t>(group[3])}});
    }
    if (nodes.empty()) return fail(ErrorKind::Internal, "nodes is " + std::string(text));
    return nodes;
}

template <>
Result<std::vector<model::ConsumableNeed>> from_json(std::string_view text) {
    auto list = json::parse_as<std::vector<model::ConsumableNeed>>(text);
    if (list && std::ranges::all_of(*list, is_amount, &model::ConsumableNeed::quantity)) {
        return list;
    }
    return fail(ErrorKind::Internal, "consumables is " + std::string(text));
}

std::string to_json(const model::ResourceDocument& document) {
    return std::visit(
        []<class T>(const T& value) {
            if constexpr (std::is_same_v<T, std::monostate>) {
                return std::string{};
            } else {
                return json::to_text(value);
            }
        },
        document);
}

Result<model::ResourceDocument> resource_from_json(model::ResourceKind kind,
                                                   std::string_view text) {
    switch (kind) {
        case model::ResourceKind::SchedulingPolicy:
            return from_json<model::SchedulingPolicy>(text);
        case model::ResourceKind::ConsumableResource:
            return from_json<model::ConsumableResource>(text);
        case model::ResourceKind::ServiceEnvironment:
            return from_json<model::ServiceEnvironment>(text);
        case model::ResourceKind::QuotaShare:
            return from_json<model::QuotaShare>(text);
        case model::ResourceKind::AppliedUpdate:
            return model::AppliedUpdate{};
        case model::ResourceKind::ComputeEnvironment:
        case model::ResourceKind::JobQueue:
        case model::ResourceKind::JobDefinition:
        case model::ResourceKind::Job:
        case model::ResourceKind::ServiceJob:
            break;
    }
    return fail(ErrorKind::Internal, "a stored resource has a kind that is stored elsewhere");
}

template std::string to_json(const model::ComputeEnvironment&);
template std::string to_json(const model::Host&);
template std::string to_json(const model::Webhook&);
template Result<model::Webhook> from_json(std::string_view);
template std::string to_json(const model::ScalingDecision&);
template Result<model::ScalingDecision> from_json(std::string_view);
template Result<model::Host> from_json(std::string_view);
template std::string to_json(const model::JobQueue&);
template std::string to_json(const model::QueuePause&);
template std::string to_json(const model::JobOptions&);
template std::string to_json(const model::JobDefinition&);
template std::string to_json(const std::vector<model::EvaluateOnExit>&);
template std::string to_json(const std::vector<model::ConsumableNeed>&);
template std::string to_json(const std::vector<std::string>&);
template std::string to_json(const std::vector<model::ContainerResult>&);
template std::string to_json(const model::ServiceJob&);
template Result<model::ServiceJob> from_json(std::string_view);
template Result<model::ComputeEnvironment> from_json(std::string_view);
template Result<model::JobQueue> from_json(std::string_view);
template Result<model::JobDefinition> from_json(std::string_view);
template std::string to_json(const model::JobSpec&);
template Result<model::JobSpec> from_json(std::string_view);
template std::string to_json(const model::StringMap&);
template Result<model::StringMap> from_json(std::string_view);
template Result<model::QueuePause> from_json(std::string_view);
template Result<model::JobOptions> from_json(std::string_view);
template Result<std::vector<model::EvaluateOnExit>> from_json(std::string_view);
template Result<std::vector<std::string>> from_json(std::string_view);
template Result<std::vector<model::ContainerResult>> from_json(std::string_view);

}  // namespace batchd::store
