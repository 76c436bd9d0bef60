// CreateSchedulingPolicy, DescribeSchedulingPolicies, ListSchedulingPolicies,
// UpdateSchedulingPolicy and DeleteSchedulingPolicy. Only its ARN identifies a policy.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;
constexpr std::string_view kType = "scheduling-policy";

struct CreateRequest : model::SchedulingPolicy {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::SchedulingPolicy), (tags))

struct DescribeRequest {
    std::vector<std::string> arns;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (arns))

struct ListRequest {
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (max_results, next_token))

struct UpdateRequest : model::SchedulingPolicyUpdate {
    std::string arn;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::SchedulingPolicyUpdate), (arn))

struct DeleteRequest {
    std::string arn;
};
BOOST_DESCRIBE_STRUCT(DeleteRequest, (), (arn))

/// nullopt for what is no ARN of a policy of this account and region.
std::optional<std::string> name_in(const Call& call, std::string_view arn) {
    auto parsed = model::parse_arn(call.scope(), arn);
    if (!parsed || parsed->type != kType) return std::nullopt;
    return std::move(parsed->name);
}

Result<std::string> existing_name(const Call& call, const std::string& arn) {
    BATCHD_TRY(require("arn", arn));
    auto name = name_in(call, arn);
    if (name) return std::move(*name);
    return fail(ErrorKind::NotFound, "schedulingPolicy '" + arn + "' does not exist");
}

Json detail_of(const Services& services, const store::ResourceDetail& policy) {
    Json detail = json::encode(std::get<model::SchedulingPolicy>(policy.row.document));
    detail["arn"] = model::batch_arn(services.scope, kType, policy.row.name);
    detail["tags"] = tags_of(policy.tags);
    return detail;
}

}  // namespace

Task<Answer> create_scheduling_policy(Call call) {
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("name", request->name); !given) co_return error_of(given);
    if (auto valid = model::validate_tags(request->tags); !valid) co_return error_of(valid);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    const std::string name = request->name;
    core::CreateSchedulingPolicy event;
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return Json{{"name", name}, {"arn", model::batch_arn(call.scope(), kType, name)}};
}

Task<Answer> describe_scheduling_policies(Call call) {
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    if (request->arns.empty()) co_return invalid_argument("arns is required");
    if (auto few = at_most_100("arns", request->arns); !few) co_return error_of(few);
    store::ResourceFilter filter{
        .kind = model::ResourceKind::SchedulingPolicy, .names = {}, .patterns = {}};
    for (const auto& arn : request->arns) {
        if (auto name = name_in(call, arn)) filter.names.push_back(std::move(*name));
    }
    Json list = Json::array();
    if (!filter.names.empty()) {
        auto page = co_await read(call.services, [filter](store::Reader& reader) {
            return reader.resources(filter, std::nullopt, filter.names.size());
        });
        if (!page) co_return error_of(page);
        for (const auto& policy : page->items) list.push_back(detail_of(call.on(), policy));
    }
    co_return Json{{"schedulingPolicies", std::move(list)}};
}

Task<Answer> list_scheduling_policies(Call call) {
    auto request = json::decode<ListRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    auto after = read_token("policies", request->next_token);
    if (!after) co_return error_of(after);
    auto page =
        co_await read(call.services, [after = *after, limit = *limit](store::Reader& reader) {
            return reader.resources(
                {.kind = model::ResourceKind::SchedulingPolicy, .names = {}, .patterns = {}}, after,
                limit);
        });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& policy : page->items) {
        list.push_back(Json{{"arn", model::batch_arn(call.scope(), kType, policy.row.name)}});
    }
    Json answer{{"schedulingPolicies", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("policies", *page->next);
    co_return answer;
}

Task<Answer> update_scheduling_policy(Call call) {
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    auto name = existing_name(call, request->arn);
    if (!name) co_return error_of(name);
    co_return co_await carry_out(
        call.services,
        core::UpdateSchedulingPolicy{.name = std::move(*name), .update = std::move(*request)});
}

Task<Answer> delete_scheduling_policy(Call call) {
    auto request = json::decode<DeleteRequest>(call.body);
    if (!request) co_return error_of(request);
    auto name = existing_name(call, request->arn);
    if (!name) co_return error_of(name);
    co_return co_await carry_out(call.services,
                                 core::DeleteSchedulingPolicy{.name = std::move(*name)});
}

}  // namespace batchd::api::batch
