// CreateComputeEnvironment, DescribeComputeEnvironments, UpdateComputeEnvironment and
// DeleteComputeEnvironment.
#include "api/batch/operations.hpp"

#include <boost/algorithm/string/case_conv.hpp>

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;

struct CreateRequest : model::ComputeEnvironment {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::ComputeEnvironment), (tags))

struct DescribeRequest {
    std::vector<std::string> compute_environments;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (compute_environments, max_results, next_token))

struct UpdateRequest : model::ComputeEnvironmentUpdate {
    std::string compute_environment;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::ComputeEnvironmentUpdate), (compute_environment))

struct DeleteRequest {
    std::string compute_environment;
};
BOOST_DESCRIBE_STRUCT(DeleteRequest, (), (compute_environment))

std::string arn_of(const Call& call, const std::string& name) {
    return model::batch_arn(call.scope(), "compute-environment", name);
}

Json identity(const Call& call, const std::string& name) {
    return Json{{"computeEnvironmentName", name}, {"computeEnvironmentArn", arn_of(call, name)}};
}

Result<> check_new(const Call& call, CreateRequest& request) {
    BATCHD_TRY(require("computeEnvironmentName", request.compute_environment_name));
    BATCHD_TRY(require("type", request.type));
    if (call.body.contains("eksConfiguration")) {
        return invalid_argument("eksConfiguration: batchd has no EKS environments");
    }
    if (request.state.empty()) request.state = "ENABLED";
    if (boost::algorithm::to_upper_copy(request.state) != "ENABLED") {
        return invalid_argument("Compute Environment must be created in ENABLED state.");
    }
    BATCHD_TRY(model::validate_tags(request.tags));
    return model::validate(request);
}

Json detail_of(const Services& services, const store::EnvironmentDetail& environment) {
    const auto& row = environment.row;
    const std::string& name = row.document.compute_environment_name;
    Json detail = json::encode(row.document);
    detail["computeEnvironmentArn"] = model::batch_arn(services.scope, "compute-environment", name);
    detail["ecsClusterArn"] = "arn:aws:ecs:" + services.scope.region + ":" +
                              services.scope.account + ":cluster/" +
                              model::ecs_cluster(name, row.uuid);
    detail["uuid"] = row.uuid;
    detail["status"] = row.status;
    detail["statusReason"] = row.status_reason;
    detail["containerOrchestrationType"] = "ECS";
    detail["tags"] = tags_of(environment.tags);
    return detail;
}

}  // namespace

Task<Answer> create_compute_environment(Call call) {
    drop_empty(call.body, {"computeResources"});
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto valid = check_new(call, *request); !valid) co_return error_of(valid);
    const std::string name = request->compute_environment_name;
    core::CreateEnvironment event;
    event.tags = json::to_text(request->tags);
    event.uuid = batchd::to_string(make_uuid(call.on().clock.now()));
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> describe_compute_environments(Call call) {
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    if (auto few = at_most_100("computeEnvironments", request->compute_environments); !few) {
        co_return error_of(few);
    }
    auto after = read_token("environments", request->next_token);
    if (!after) co_return error_of(after);
    for (auto& name : request->compute_environments) {
        name = model::name_of(call.scope(), "compute-environment", name);
    }
    auto page = co_await read(call.services, [names = request->compute_environments, after = *after,
                                              limit = *limit](store::Reader& reader) {
        return reader.environments(names, after, limit);
    });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& item : page->items) list.push_back(detail_of(call.on(), item));
    Json answer{{"computeEnvironments", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("environments", *page->next);
    co_return answer;
}

Task<Answer> update_compute_environment(Call call) {
    drop_empty(call.body, {"computeResources"});
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("computeEnvironment", request->compute_environment); !given) {
        co_return error_of(given);
    }
    const std::string name =
        model::name_of(call.scope(), "compute-environment", request->compute_environment);
    auto done = co_await execute(
        call.services, core::UpdateEnvironment{.name = name, .update = std::move(*request)});
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> delete_compute_environment(Call call) {
    auto request = json::decode<DeleteRequest>(call.body);
    if (!request) co_return error_of(request);
    co_return co_await carry_out(
        call.services,
        core::DeleteEnvironment{.name = model::name_of(call.scope(), "compute-environment",
                                                       request->compute_environment)});
}

}  // namespace batchd::api::batch
