// RegisterJobDefinition, DescribeJobDefinitions and DeregisterJobDefinition.
#include "api/batch/operations.hpp"
#include "api/job_options.hpp"
#include "batchd/model/warnings.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <charconv>

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;

struct RegisterRequest : model::JobDefinition {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (model::JobDefinition), (tags))

struct DescribeRequest {
    std::vector<std::string> job_definitions;
    std::optional<std::string> job_definition_name;
    std::optional<std::string> status;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (),
                      (job_definitions, job_definition_name, status, max_results, next_token))

struct DeregisterRequest {
    std::string job_definition;
};
BOOST_DESCRIBE_STRUCT(DeregisterRequest, (), (job_definition))

std::string arn_of(const model::Scope& scope, const std::string& name, std::int32_t revision) {
    return model::batch_arn(scope, "job-definition", name + ":" + std::to_string(revision));
}

Result<> check_new(const Call& call, RegisterRequest& request) {
    BATCHD_TRY(require("jobDefinitionName", request.job_definition_name));
    BATCHD_TRY(require("type", request.type));
    BATCHD_TRY(model::validate_tags(request.tags));
    return model::validate(request, call.on().containers);
}

/// The members' options stand above those of the tags.
Result<> lay_in(model::JobOptions& options, RegisterRequest& request) {
    const auto of_tags = model::options_of_tags(request.tags);
    if (!of_tags) return std::unexpected(of_tags.error());
    complete(options, *of_tags);
    BATCHD_TRY(model::validate(options));
    if (options != model::JobOptions{}) request.options = options;
    return {};
}

Json detail_of(const Services& services, const store::DefinitionDetail& definition) {
    const auto& row = definition.row;
    Json detail = json::encode(*row.document);
    if (const auto options = detail.find("options"); options != detail.end()) {
        const Json members = std::move(*options);
        detail.erase(options);
        detail.update(members);
    }
    detail["jobDefinitionArn"] = arn_of(services.scope, row.name, row.revision);
    detail["revision"] = row.revision;
    detail["status"] = row.is_active() ? "ACTIVE" : "INACTIVE";
    detail["containerOrchestrationType"] = row.document->eks_properties ? "EKS" : "ECS";
    detail["tags"] = tags_of(definition.tags);
    return detail;
}

Result<store::DefinitionFilter> to_filter(const Call& call, const DescribeRequest& request) {
    BATCHD_TRY(at_most_100("jobDefinitions", request.job_definitions));
    if (!request.job_definitions.empty() && (request.job_definition_name || request.status)) {
        return invalid_argument(
            "jobDefinitions excludes jobDefinitionName and status: it names what is asked for");
    }
    store::DefinitionFilter filter;
    for (const auto& text : request.job_definitions) {
        auto reference = model::parse_definition_reference(call.scope(), text);
        // AWS: what is unknown is missing in the answer; an ARN of another account is unknown here.
        if (!reference && reference.error().kind == ErrorKind::NotFound) {
            filter.only.emplace_back(text, std::nullopt);
            continue;
        }
        if (!reference) return error_of(reference);
        filter.only.emplace_back(reference->name, reference->revision);
    }
    if (request.job_definition_name) {
        auto reference =
            model::parse_definition_reference(call.scope(), *request.job_definition_name);
        if (!reference) return error_of(reference);
        filter.name = reference->name;
    }
    if (request.status) {
        const std::string status = boost::algorithm::to_upper_copy(*request.status);
        if (status != "ACTIVE" && status != "INACTIVE") {
            return invalid_argument("status '" + *request.status +
                                    "' is not one of ACTIVE, INACTIVE");
        }
        filter.active = status == "ACTIVE";
    }
    return filter;
}

std::string token_of(const store::DefinitionKey& key) {
    return make_token("definitions", key.first + ":" + std::to_string(key.second));
}

Result<std::optional<store::DefinitionKey>> cursor_of(const std::optional<std::string>& token) {
    auto text = read_token("definitions", token);
    if (!text) return error_of(text);
    if (!*text) return std::optional<store::DefinitionKey>{};
    const auto colon = (*text)->rfind(':');
    std::int32_t revision = 0;
    if (colon == std::string::npos ||
        std::from_chars((*text)->data() + colon + 1, (*text)->data() + (*text)->size(), revision)
                .ec != std::errc{}) {
        return invalid_argument("nextToken '" + *token + "' is not one that this operation gave");
    }
    return store::DefinitionKey{(*text)->substr(0, colon), revision};
}

/// Whether `row` says what is to be registered, tags included.
Result<bool> says_the_same(store::Reader& reader, const model::DefinitionRow& row,
                           const core::RegisterDefinition& event) {
    if (json::encode(*row.document) != json::encode(*event.document)) return false;
    const auto tags = reader.tags({.kind = model::ResourceKind::JobDefinition,
                                   .name = row.name,
                                   .revision = row.revision,
                                   .job = {}});
    if (!tags) return std::unexpected(tags.error());
    return tags_of(tags->value_or("{}")) == tags_of(event.tags);
}

/// Of many that register the same at once, one makes the revision: what is registered between the
/// look and the registration is looked at, too. The look is at the catalog, because that is what
/// submissions find.
Task<core::Reply> register_definition(const Services* services, core::RegisterDefinition event) {
    if (!services->definitions.dedupe_revisions) {
        co_return co_await execute(services, std::move(event));
    }
    const std::string name = event.document->job_definition_name;
    while (true) {
        const auto newest = services->engine.catalog().find(name, std::nullopt);
        event.only_after = newest ? newest->revision : 0;
        if (newest) {
            const auto same =
                co_await read(services, [row = *newest, event](store::Reader& reader) {
                    return says_the_same(reader, row, event);
                });
            if (!same) co_return std::unexpected(same.error());
            if (*same) co_return core::Reply{.revision = newest->revision};
        }
        auto done = co_await execute(services, event);
        if (done || done.error().kind != ErrorKind::Conflict) co_return done;
    }
}

}  // namespace

Task<Answer> register_job_definition(Call call) {
    auto small = expect_payload(call, "RegisterJobDefinition",
                                call.on().limits.register_job_definition_bytes,
                                "register_job_definition_bytes");
    if (!small) co_return error_of(small);
    call.body.erase("options");
    auto options = take_options(call.body);
    if (!options) co_return error_of(options);
    std::vector<std::string> unknown;
    auto request = json::decode<RegisterRequest>(call.body, unknown);
    if (!request) co_return error_of(request);
    if (auto valid = lay_in(*options, *request); !valid) co_return error_of(valid);
    if (auto valid = check_new(call, *request); !valid) co_return error_of(valid);
    const std::string name = request->job_definition_name;
    core::RegisterDefinition event;
    event.tags = json::to_text(request->tags);
    event.document = std::make_shared<model::JobDefinition>(std::move(*request));
    auto done = co_await register_definition(call.services, std::move(event));
    if (!done) co_return error_of(done);
    Answer answer(Json{{"jobDefinitionName", name},
                       {"jobDefinitionArn", arn_of(call.scope(), name, done->revision)},
                       {"revision", done->revision}});
    for (const auto& member : unknown) {
        answer.warnings.push_back(model::not_known(member));
    }
    co_return answer;
}

Task<Answer> describe_job_definitions(Call call) {
    drop_empty(call.body, {"jobDefinitionName", "status"});
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    auto after = cursor_of(request->next_token);
    if (!after) co_return error_of(after);
    auto filter = to_filter(call, *request);
    if (!filter) co_return error_of(filter);
    auto page = co_await read(
        call.services, [filter = *filter, after = *after, limit = *limit](store::Reader& reader) {
            return reader.definitions(filter, after, limit);
        });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& item : page->items) list.push_back(detail_of(call.on(), item));
    Json answer{{"jobDefinitions", std::move(list)}};
    if (page->next) answer["nextToken"] = token_of(*page->next);
    co_return answer;
}

Task<Answer> deregister_job_definition(Call call) {
    auto request = json::decode<DeregisterRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobDefinition", request->job_definition); !given) {
        co_return error_of(given);
    }
    auto reference = model::parse_definition_reference(call.scope(), request->job_definition);
    if (!reference) co_return error_of(reference);
    if (!reference->revision) {
        co_return invalid_argument("jobDefinition '" + request->job_definition +
                                   "' has no revision: expected name:revision or an ARN with one");
    }
    auto done = co_await execute(
        call.services,
        core::DeregisterDefinition{.name = reference->name, .revision = *reference->revision});
    if (!done) co_return error_of(done);
    co_return Json::object();
}

}  // namespace batchd::api::batch
