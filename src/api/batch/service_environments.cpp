// CreateServiceEnvironment, DescribeServiceEnvironments, UpdateServiceEnvironment and
// DeleteServiceEnvironment.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;
constexpr std::string_view kType = "service-environment";

struct CreateRequest : model::ServiceEnvironment {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::ServiceEnvironment), (tags))

struct DescribeRequest {
    std::vector<std::string> service_environments;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (service_environments, max_results, next_token))

struct UpdateRequest : model::ServiceEnvironmentUpdate {
    std::string service_environment;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::ServiceEnvironmentUpdate), (service_environment))

struct DeleteRequest {
    std::string service_environment;
};
BOOST_DESCRIBE_STRUCT(DeleteRequest, (), (service_environment))

Json identity(const Call& call, const std::string& name) {
    return Json{{"serviceEnvironmentName", name},
                {"serviceEnvironmentArn", model::batch_arn(call.scope(), kType, name)}};
}

Json detail_of(const Services& services, const store::ResourceDetail& environment) {
    Json detail = json::encode(std::get<model::ServiceEnvironment>(environment.row.document));
    detail["serviceEnvironmentArn"] = model::batch_arn(services.scope, kType, environment.row.name);
    detail["status"] = "VALID";
    detail["tags"] = tags_of(environment.tags);
    return detail;
}

}  // namespace

Task<Answer> create_service_environment(Call call) {
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    const std::string name = request->service_environment_name;
    if (auto given = require("serviceEnvironmentName", name); !given) co_return error_of(given);
    if (auto valid = model::validate_tags(request->tags); !valid) co_return error_of(valid);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    core::CreateServiceEnvironment event;
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> describe_service_environments(Call call) {
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    if (auto few = at_most_100("serviceEnvironments", request->service_environments); !few) {
        co_return error_of(few);
    }
    auto after = read_token("serviceEnvironments", request->next_token);
    if (!after) co_return error_of(after);
    store::ResourceFilter filter{
        .kind = model::ResourceKind::ServiceEnvironment, .names = {}, .patterns = {}};
    for (const auto& name : request->service_environments) {
        filter.names.push_back(model::name_of(call.scope(), kType, name));
    }
    auto page = co_await read(call.services,
                              [filter, after = *after, limit = *limit](store::Reader& reader) {
                                  return reader.resources(filter, after, limit);
                              });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& item : page->items) list.push_back(detail_of(call.on(), item));
    Json answer{{"serviceEnvironments", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("serviceEnvironments", *page->next);
    co_return answer;
}

Task<Answer> update_service_environment(Call call) {
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    auto given = require("serviceEnvironment", request->service_environment);
    if (!given) co_return error_of(given);
    const std::string name = model::name_of(call.scope(), kType, request->service_environment);
    auto done = co_await execute(
        call.services, core::UpdateServiceEnvironment{.name = name, .update = std::move(*request)});
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> delete_service_environment(Call call) {
    auto request = json::decode<DeleteRequest>(call.body);
    if (!request) co_return error_of(request);
    auto given = require("serviceEnvironment", request->service_environment);
    if (!given) co_return error_of(given);
    co_return co_await carry_out(
        call.services,
        core::DeleteServiceEnvironment{
            .name = model::name_of(call.scope(), kType, request->service_environment)});
}

}  // namespace batchd::api::batch
