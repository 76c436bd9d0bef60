// CreateConsumableResource, DescribeConsumableResource, ListConsumableResources,
// UpdateConsumableResource and DeleteConsumableResource.
#include "api/batch/job_filter.hpp"
#include "api/batch/operations.hpp"

#include <algorithm>

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;
constexpr std::string_view kType = "consumable-resource";

struct CreateRequest : model::ConsumableResource {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::ConsumableResource), (tags))

struct UpdateRequest : model::ConsumableResourceUpdate {
    std::string consumable_resource;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::ConsumableResourceUpdate), (consumable_resource))

/// Of Describe and Delete.
struct NameRequest {
    std::string consumable_resource;
};
BOOST_DESCRIBE_STRUCT(NameRequest, (), (consumable_resource))

struct ListRequest {
    std::vector<KeyValuesPair> filters;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (filters, max_results, next_token))

Json identity(const model::Scope& scope, const std::string& name) {
    return Json{{"consumableResourceName", name},
                {"consumableResourceArn", model::batch_arn(scope, kType, name)}};
}

/// What the list shows of a resource, and its description begins with.
Json summary_of(const Services& services, const model::ConsumableResource& resource,
                std::int64_t in_use) {
    Json summary = identity(services.scope, resource.consumable_resource_name);
    summary["resourceType"] = resource.resource_type;
    // AWS: a total below what jobs hold becomes the total as they end.
    summary["totalQuantity"] = std::max(resource.total_quantity, in_use);
    summary["inUseQuantity"] = in_use;
    return summary;
}

Json detail_of(const Services& services, const store::ResourceDetail& found) {
    const auto& resource = std::get<model::ConsumableResource>(found.row.document);
    const std::int64_t in_use = services.engine.view()->in_use(found.row.name);
    Json detail = summary_of(services, resource, in_use);
    detail["availableQuantity"] = std::max(std::int64_t{0}, resource.total_quantity - in_use);
    detail["createdAt"] = to_epoch_ms(found.row.created_at);
    detail["tags"] = tags_of(found.tags);
    return detail;
}

Result<store::ResourceFilter> to_filter(const std::vector<KeyValuesPair>& filters) {
    store::ResourceFilter filter{
        .kind = model::ResourceKind::ConsumableResource, .names = {}, .patterns = {}};
    if (filters.empty()) return filter;
    if (filters.size() > 1 || filters[0].name != "CONSUMABLE_RESOURCE_NAME") {
        return invalid_argument("filters must be one filter named CONSUMABLE_RESOURCE_NAME");
    }
    if (filters[0].values.empty()) return invalid_argument("filters[0].values is required");
    filter.patterns = filters[0].values;
    return filter;
}

}  // namespace

Task<Answer> create_consumable_resource(Call call) {
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    const std::string name = request->consumable_resource_name;
    if (auto given = require("consumableResourceName", name); !given) co_return error_of(given);
    if (auto valid = model::validate_tags(request->tags); !valid) co_return error_of(valid);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    core::CreateConsumableResource event;
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call.scope(), name);
}

Task<Answer> describe_consumable_resource(Call call) {
    auto request = json::decode<NameRequest>(call.body);
    if (!request) co_return error_of(request);
    const std::string& given = request->consumable_resource;
    if (auto there = require("consumableResource", given); !there) co_return error_of(there);
    auto page = co_await read(
        call.services, [name = model::name_of(call.scope(), kType, given)](store::Reader& reader) {
            return reader.resources(
                {.kind = model::ResourceKind::ConsumableResource, .names = {name}, .patterns = {}},
                std::nullopt, 1);
        });
    if (!page) co_return error_of(page);
    if (page->items.empty()) {
        co_return fail(ErrorKind::NotFound, "consumableResource '" + given + "' does not exist");
    }
    co_return detail_of(call.on(), page->items.front());
}

Task<Answer> list_consumable_resources(Call call) {
    auto request = json::decode<ListRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    auto after = read_token("consumables", request->next_token);
    if (!after) co_return error_of(after);
    auto filter = to_filter(request->filters);
    if (!filter) co_return error_of(filter);
    auto page = co_await read(
        call.services, [filter = *filter, after = *after, limit = *limit](store::Reader& reader) {
            return reader.resources(filter, after, limit);
        });
    if (!page) co_return error_of(page);
    const auto view = call.on().engine.view();
    Json list = Json::array();
    for (const auto& item : page->items) {
        list.push_back(summary_of(call.on(), std::get<model::ConsumableResource>(item.row.document),
                                  view->in_use(item.row.name)));
    }
    Json answer{{"consumableResources", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("consumables", *page->next);
    co_return answer;
}

Task<Answer> update_consumable_resource(Call call) {
    drop_empty(call.body, {"clientToken"});
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    auto given = require("consumableResource", request->consumable_resource);
    if (!given) co_return error_of(given);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    const std::string name = model::name_of(call.scope(), kType, request->consumable_resource);
    auto done = co_await execute(
        call.services, core::UpdateConsumableResource{.name = name, .update = std::move(*request)});
    if (!done) co_return error_of(done);
    Json answer = identity(call.scope(), name);
    answer["totalQuantity"] = done->total_quantity;
    co_return answer;
}

Task<Answer> delete_consumable_resource(Call call) {
    auto request = json::decode<NameRequest>(call.body);
    if (!request) co_return error_of(request);
    auto given = require("consumableResource", request->consumable_resource);
    if (!given) co_return error_of(given);
    co_return co_await carry_out(
        call.services,
        core::DeleteConsumableResource{
            .name = model::name_of(call.scope(), kType, request->consumable_resource)});
}

}  // namespace batchd::api::batch
