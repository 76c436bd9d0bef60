// Job definitions and tags.
#include "core/decisions.hpp"

namespace batchd::core {

void put_tags(State& state, model::ResourceKey key, std::string tags) {
    if (tags.empty() || tags == "{}") return;
    state.step.changes.tags.push_back({.key = std::move(key), .patch = std::move(tags)});
}

Result<Reply> decide(State& state, RegisterDefinition&& event, Timestamp now) {
    const std::string& name = event.document->job_definition_name;
    DefinitionFamily& family = state.definitions[name];
    const std::int32_t newest = family.active.empty() ? 0 : family.active.rbegin()->first;
    if (event.only_after && *event.only_after != newest) {
        return fail(ErrorKind::Conflict, "revision " + std::to_string(newest) +
                                             " is the newest of job definition " + name);
    }
    const std::int32_t revision = ++family.last_revision;
    const model::DefinitionRow row{
        .name = name, .revision = revision, .document = event.document, .created_at = now};
    family.active.emplace(revision, row);
    state.step.changes.definitions.push_back(row);
    put_tags(
        state,
        {.kind = model::ResourceKind::JobDefinition, .name = name, .revision = revision, .job = {}},
        std::move(event.tags));
    return Reply{.revision = revision};
}

Result<Reply> decide(State& state, DeregisterDefinition&& event, Timestamp now) {
    const auto family = state.definitions.find(event.name);
    if (family == state.definitions.end() || event.revision < 1 ||
        event.revision > family->second.last_revision) {
        return fail(ErrorKind::NotFound, "JobDefinition " + event.name + ":" +
                                             std::to_string(event.revision) + " does not exist");
    }
    const auto found = family->second.active.find(event.revision);
    if (found == family->second.active.end()) return Reply{};
    found->second.deregistered_at = now;
    state.step.changes.definitions.push_back(std::move(found->second));
    family->second.active.erase(found);
    return Reply{};
}

Result<Reply> decide(State& state, PatchTags&& event, Timestamp) {
    state.step.changes.tags.push_back(std::move(event.patch));
    return Reply{};
}

}  // namespace batchd::core
