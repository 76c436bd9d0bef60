#include "api/batch/operations.hpp"
#include "batchd/model/docker_rules.hpp"

#include <algorithm>

namespace batchd::api::batch {
namespace {

Result<model::DefinitionRow> find_definition(const Call& call, const std::string& text) {
    auto reference = model::parse_definition_reference(call.scope(), text);
    if (!reference) return error_of(reference);
    auto row = call.on().engine.catalog().find(reference->name, reference->revision);
    if (row) return std::move(*row);
    if (text.starts_with("arn:")) {
        return fail(ErrorKind::NotFound, "JobDefinition " + text + " not found.");
    }
    return fail(ErrorKind::NotFound,
                "JobDefinition name " + text + " does not exist or is not in ACTIVE status");
}

/// Names where the client may have given ARNs. What several ranges of nodes ask for adds up.
Result<> use_names(const Call& call, model::Shape& shape) {
    std::map<std::string, std::int64_t> quantities;
    std::vector<model::ConsumableNeed> limits;
    std::erase_if(shape.consumables, [&](const model::ConsumableNeed& need) {
        if (need.limit > 0) limits.push_back(need);
        return need.limit > 0;
    });
    for (const auto& need : shape.consumables) {
        auto name = model::name_of(call.scope(), "consumable-resource", need.name);
        quantities[std::move(name)] += need.quantity;
    }
    if (shape.nodes.empty() && quantities.size() < shape.consumables.size()) {
        return invalid_argument(
            "Cannot have duplicate consumableResource in consumableResourceProperties");
    }
    shape.consumables.clear();
    for (const auto& [name, quantity] : quantities) {
        shape.consumables.push_back({.name = name, .quantity = quantity});
    }
    shape.consumables.insert(shape.consumables.end(), limits.begin(), limits.end());
    return {};
}

Result<core::SubmitJob> to_event(const Call& call, model::SubmitJobRequest& request,
                                 bool& propagates_tags) {
    BATCHD_TRY(require("jobName", request.job_name));
    BATCHD_TRY(require("jobQueue", request.job_queue));
    BATCHD_TRY(require("jobDefinition", request.job_definition));
    auto definition = find_definition(call, request.job_definition);
    if (!definition) return error_of(definition);
    const std::string arn =
        model::batch_arn(call.scope(), "job-definition",
                         definition->name + ":" + std::to_string(definition->revision));
    auto resolved = model::resolve(request, *definition->document, arn, call.on().limits);
    if (!resolved) return error_of(resolved);
    if (!call.on().has_fargate || !resolved->traits.shape.fargate) {
        BATCHD_TRY(model::expect_served_by_docker(*definition->document));
    }
    BATCHD_TRY(use_names(call, resolved->traits.shape));

    core::SubmitJob event;
    event.id = model::JobId{.uuid = make_uuid(call.on().clock.now())};
    event.queue = model::name_of(call.scope(), "job-queue", request.job_queue);
    event.name = request.job_name;
    event.definition_name = definition->name;
    event.definition_revision = definition->revision;
    event.traits = std::move(resolved->traits);
    propagates_tags = resolved->spec.propagate_tags.value_or(false);
    event.overrides_priority = request.scheduling_priority_override.has_value();
    event.spec = json::to_text(resolved->spec);
    event.tags = json::to_text(request.tags);
    return event;
}

/// AWS: with propagateTags the task gets the tags of the job and of its definition, and the job
/// fails if they are too many. Our containers get none.
boost::asio::awaitable<Result<>> check_task_tags(const Services* services, core::SubmitJob* event,
                                                 model::StringMap tags) {
    const model::ResourceKey key{.kind = model::ResourceKind::JobDefinition,
                                 .name = event->definition_name,
                                 .revision = event->definition_revision,
                                 .job = {}};
    auto text = co_await read(services, [key](store::Reader& reader) { return reader.tags(key); });
    if (!text) co_return error_of(text);
    auto of_definition = json::parse_as<model::StringMap>(text->value_or("{}"));
    if (!of_definition) co_return error_of(of_definition);
    tags.merge(*of_definition);
    if (tags.size() > model::kMaxTags && event->traits.flaw == model::DispatchFlaw::None) {
        event->traits.flaw = model::DispatchFlaw::TooManyTags;
    }
    co_return Result<>{};
}

}  // namespace

Task<Answer> submit_job(Call call) {
    auto small =
        expect_payload(call, "SubmitJob", call.on().limits.submit_job_bytes, "submit_job_bytes");
    if (!small) co_return error_of(small);
    drop_empty(call.body, {"containerOverrides", "ecsPropertiesOverride", "nodeOverrides",
                           "eksPropertiesOverride"});
    auto request = json::decode<model::SubmitJobRequest>(call.body);
    if (!request) co_return error_of(request);
    bool propagates_tags = false;
    auto event = to_event(call, *request, propagates_tags);
    if (!event) co_return error_of(event);
    if (propagates_tags) {
        auto checked = co_await check_task_tags(call.services, &*event, request->tags);
        if (!checked) co_return error_of(checked);
    }
    const model::JobId id = event->id;
    auto done = co_await execute(call.services, std::move(*event));
    if (!done) co_return error_of(done);
    co_return Json{{"jobArn", model::job_arn(call.scope(), id)},
                   {"jobName", request->job_name},
                   {"jobId", to_string(id)}};
}

}  // namespace batchd::api::batch
