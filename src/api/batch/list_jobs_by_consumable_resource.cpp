#include "api/batch/job_filter.hpp"
#include "api/batch/operations.hpp"
#include "api/job_detail.hpp"
#include "api/pending_reason.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;

struct ListRequest {
    std::string consumable_resource;
    std::vector<KeyValuesPair> filters;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (consumable_resource, filters, max_results, next_token))

Result<store::ConsumerFilter> to_filter(const std::vector<KeyValuesPair>& filters) {
    store::ConsumerFilter filter;
    for (const auto& pair : filters) {
        if (pair.values.size() != 1) {
            return invalid_argument("filter '" + pair.name + "' has " +
                                    std::to_string(pair.values.size()) + " values; it takes one");
        }
        if (pair.name == "JOB_STATUS") {
            auto status = to_job_status("filter JOB_STATUS", pair.values.front());
            if (!status) return error_of(status);
            filter.status = *status;
        } else if (pair.name == "JOB_NAME") {
            filter.name = pair.values.front();
        } else {
            return invalid_argument("filter '" + pair.name +
                                    "' is not one of JOB_STATUS, JOB_NAME");
        }
    }
    return filter;
}

Json properties_of(const model::Shape& shape) {
    Json list = Json::array();
    for (const auto& need : shape.consumables) {
        list.push_back({{"consumableResource", need.name}, {"quantity", need.quantity}});
    }
    return Json{{"consumableResourceList", std::move(list)}};
}

Json summary_of(const Services& services, const engine::View& view,
                const store::ConsumerSummary& job) {
    Json item{{"jobArn", model::job_arn(services.scope, job.id)},
              {"jobQueueArn", model::batch_arn(services.scope, "job-queue", job.queue)},
              {"jobName", job.name},
              {"jobDefinitionArn", model::batch_arn(services.scope, "job-definition",
                                                    job.definition_name + ":" +
                                                        std::to_string(job.definition_revision))},
              {"jobStatus", to_string(job.state.status)},
              {"quantity", job.quantity},
              {"createdAt", to_epoch_ms(job.created_at)},
              {"consumableResourceProperties", properties_of(job.shape)}};
    if (!job.share.empty()) item["shareIdentifier"] = job.share;
    if (job.state.started_at) item["startedAt"] = to_epoch_ms(*job.state.started_at);
    auto reason = status_reason(view, view.find_queue(job.queue), job.shape, job.state);
    if (reason.empty()) reason = pending_reason(job.state, job.array);
    if (!reason.empty()) item["statusReason"] = reason;
    return item;
}

}  // namespace

Task<Answer> list_jobs_by_consumable_resource(Call call) {
    auto request = json::decode<ListRequest>(call.body);
    if (!request) co_return error_of(request);
    const std::string& given = request->consumable_resource;
    if (auto there = require("consumableResource", given); !there) co_return error_of(there);
    auto filter = to_filter(request->filters);
    if (!filter) co_return error_of(filter);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    const std::string name = model::name_of(call.scope(), "consumable-resource", given);
    const std::string kind = "consumers/" + name;
    auto before = read_seq_token(kind, request->next_token);
    if (!before) co_return error_of(before);
    auto page = co_await read(call.services, [name, filter = *filter, before = *before,
                                              limit = *limit](store::Reader& reader) {
        return reader.list_consumers(name, filter, before, limit);
    });
    if (!page) co_return error_of(page);
    const auto view = call.on().engine.view();
    Json list = Json::array();
    for (const auto& job : page->items) list.push_back(summary_of(call.on(), *view, job));
    Json answer{{"jobs", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token(kind, std::to_string(*page->next));
    co_return answer;
}

}  // namespace batchd::api::batch
