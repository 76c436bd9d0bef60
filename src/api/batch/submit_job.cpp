#include "api/batch/submit_job.hpp"

#include "api/batch/operations.hpp"
#include "api/job_options.hpp"
#include "batchd/model/docker_rules.hpp"

#include <algorithm>

namespace batchd::api::batch {
namespace {

bool has_grace(const Services& services) {
    return services.definitions.inactive_grace > Seconds{0};
}

/// Among the ACTIVE ones; with a reader also among those in their grace.
Result<model::DefinitionRow> find_definition(const Services& services, const std::string& text,
                                             store::Reader* reader) {
    auto reference = model::parse_definition_reference(services.scope, text);
    if (!reference) return error_of(reference);
    auto row = services.engine.catalog().find(reference->name, reference->revision);
    if (row) return std::move(*row);
    if (reader && has_grace(services)) {
        auto inactive =
            reader->inactive_definition(reference->name, reference->revision,
                                        services.clock.now() - services.definitions.inactive_grace);
        if (!inactive) return error_of(inactive);
        if (*inactive) return std::move((*inactive)->row);
    }
    if (text.starts_with("arn:")) {
        return fail(ErrorKind::NotFound, "JobDefinition " + text + " not found.");
    }
    return fail(ErrorKind::NotFound,
                "JobDefinition name " + text + " does not exist or is not in ACTIVE status");
}

/// Names where the client may have given ARNs. What several ranges of nodes ask for adds up.
Result<> use_names(const model::Scope& scope, model::Shape& shape) {
    std::map<std::string, std::int64_t> quantities;
    std::vector<model::ConsumableNeed> limits;
    std::erase_if(shape.consumables, [&](const model::ConsumableNeed& need) {
        if (need.limit > 0) limits.push_back(need);
        return need.limit > 0;
    });
    for (const auto& need : shape.consumables) {
        auto name = model::name_of(scope, "consumable-resource", need.name);
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

/// Goes to a reader's thread only for what needs one. The request outlives it.
Task<Submission> prepare_on_readers(const Services* services,
                                    const model::SubmitJobRequest* request) {
    auto submission = prepare(*services, *request, nullptr);
    const bool needs_reader =
        submission ? submission->propagates_tags
                   : submission.error().kind == ErrorKind::NotFound && has_grace(*services);
    if (!needs_reader) co_return submission;
    co_return co_await read(services,
                            [services, request, submission = std::move(submission)](
                                store::Reader& reader) mutable -> Result<Submission> {
                                if (!submission) submission = prepare(*services, *request, &reader);
                                if (submission)
                                    BATCHD_TRY(check_task_tags(reader, *submission, request->tags));
                                return std::move(submission);
                            });
}

}  // namespace

Result<model::SubmitJobRequest> decode_submission(Json& body) {
    drop_empty(body, {"containerOverrides", "ecsPropertiesOverride", "nodeOverrides",
                      "eksPropertiesOverride"});
    auto options = take_options(body);
    if (!options) return error_of(options);
    std::vector<std::string> unknown;
    auto request = json::decode<model::SubmitJobRequest>(body, unknown);
    if (!request) return request;
    request->options = std::move(*options);
    request->unknown_members = std::move(unknown);
    return request;
}

Result<Submission> prepare(const Services& services, const model::SubmitJobRequest& request,
                           store::Reader* reader) {
    BATCHD_TRY(require("jobName", request.job_name));
    BATCHD_TRY(require("jobQueue", request.job_queue));
    BATCHD_TRY(require("jobDefinition", request.job_definition));
    const auto definition = find_definition(services, request.job_definition, reader);
    if (!definition) return std::unexpected(definition.error());
    return prepare(services, request, *definition);
}

Result<Submission> prepare(const Services& services, const model::SubmitJobRequest& request,
                           const model::DefinitionRow& definition) {
    const std::string arn =
        model::batch_arn(services.scope, "job-definition",
                         definition.name + ":" + std::to_string(definition.revision));
    auto resolved = model::resolve(request, *definition.document, arn, services.limits);
    if (!resolved) return error_of(resolved);
    if (!services.has_fargate || !resolved->traits.shape.fargate) {
        BATCHD_TRY(model::expect_served_by_docker(*definition.document));
    }
    BATCHD_TRY(use_names(services.scope, resolved->traits.shape));

    Submission submission;
    core::SubmitJob& event = submission.event;
    event.id = model::JobId{.uuid = make_uuid(services.clock.now())};
    event.queue = model::name_of(services.scope, "job-queue", request.job_queue);
    event.name = request.job_name;
    event.definition_name = definition.name;
    event.definition_revision = definition.revision;
    event.traits = std::move(resolved->traits);
    event.overrides_priority = request.scheduling_priority_override.has_value();
    event.spec = json::to_text(resolved->spec);
    event.tags = json::to_text(request.tags);
    submission.propagates_tags = resolved->spec.propagate_tags.value_or(false);
    submission.warnings = resolved->spec.warnings.value_or(std::vector<std::string>{});
    event.parsed_spec = std::make_shared<const model::JobSpec>(std::move(resolved->spec));
    return submission;
}

Result<> check_task_tags(store::Reader& reader, Submission& submission, model::StringMap tags) {
    if (!submission.propagates_tags) return {};
    core::SubmitJob& event = submission.event;
    const auto text = reader.tags({.kind = model::ResourceKind::JobDefinition,
                                   .name = event.definition_name,
                                   .revision = event.definition_revision,
                                   .job = {}});
    if (!text) return std::unexpected(text.error());
    auto of_definition = json::parse_as<model::StringMap>(text->value_or("{}"));
    if (!of_definition) return std::unexpected(of_definition.error());
    tags.merge(*of_definition);
    if (tags.size() > model::kMaxTags && event.traits.flaw == model::DispatchFlaw::None) {
        event.traits.flaw = model::DispatchFlaw::TooManyTags;
    }
    return {};
}

Task<Submitted> submit(const Services* services, Result<Submission> submission,
                       std::optional<model::SubmissionKey> key) {
    if (!submission) {
        if (!key) co_return error_of(submission);
        auto first = co_await execute(services, core::FindSubmission{.key = std::move(*key)});
        if (first) co_return Submitted{.id = *first->repeated, .is_replay = true};
        const bool is_first = first.error().kind == ErrorKind::NotFound;
        // With no writes taken keys are not looked up, and a wrong request is told that it is one.
        const bool is_wrong = first.error().kind == ErrorKind::Unavailable &&
                              submission.error().kind == ErrorKind::InvalidArgument;
        co_return std::unexpected(is_first || is_wrong ? submission.error() : first.error());
    }
    const model::JobId id = submission->event.id;
    submission->event.key = std::move(key);
    auto done = co_await execute(services, std::move(submission->event));
    if (!done) co_return error_of(done);
    co_return Submitted{.id = done->repeated.value_or(id),
                        .is_replay = done->repeated.has_value(),
                        .warnings = std::move(submission->warnings)};
}

Accepted accepted(const Services& services, const model::JobId& id, const std::string& name) {
    return {
        .job_arn = model::job_arn(services.scope, id), .job_name = name, .job_id = to_string(id)};
}

Task<Answer> submit_job(Call call) {
    auto small =
        expect_payload(call, "SubmitJob", call.on().limits.submit_job_bytes, "submit_job_bytes");
    if (!small) co_return error_of(small);
    const std::int64_t submission_hash =
        call.body.contains("clientToken") ? fingerprint(call.body.dump()) : 0;
    auto request = decode_submission(call.body);
    if (!request) co_return error_of(request);
    auto laid = lay_in_token(request->client_token, submission_hash, call.key);
    if (!laid) co_return error_of(laid);
    auto submission = co_await prepare_on_readers(call.services, &*request);
    auto submitted = co_await submit(call.services, std::move(submission), std::move(call.key));
    if (!submitted) co_return error_of(submitted);
    Answer answer(json::to_text(accepted(call.on(), submitted->id, request->job_name)));
    answer.is_replay = submitted->is_replay;
    answer.warnings = std::move(submitted->warnings);
    co_return answer;
}

}  // namespace batchd::api::batch
