// CreateJobQueue, DescribeJobQueues, UpdateJobQueue and DeleteJobQueue.
#include "api/batch/operations.hpp"

#include <algorithm>

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;

struct CreateRequest : model::JobQueue {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::JobQueue), (tags))

struct DescribeRequest {
    std::vector<std::string> job_queues;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (job_queues, max_results, next_token))

struct UpdateRequest : model::JobQueueUpdate {
    std::string job_queue;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::JobQueueUpdate), (job_queue))

struct DeleteRequest {
    std::string job_queue;
};
BOOST_DESCRIBE_STRUCT(DeleteRequest, (), (job_queue))

Json identity(const Call& call, const std::string& name) {
    return Json{{"jobQueueName", name},
                {"jobQueueArn", model::batch_arn(call.scope(), "job-queue", name)}};
}

void use_names(const Call& call, std::vector<model::ComputeEnvironmentOrder>& order) {
    for (auto& entry : order) {
        entry.compute_environment =
            model::name_of(call.scope(), "compute-environment", entry.compute_environment);
    }
}

void use_names(const Call& call, std::vector<model::ServiceEnvironmentOrder>& order) {
    for (auto& entry : order) {
        entry.service_environment =
            model::name_of(call.scope(), "service-environment", entry.service_environment);
    }
}

Result<> use_policy_name(const Call& call, std::optional<std::string>& arn) {
    if (!arn) return {};
    const auto parsed = model::parse_arn(call.scope(), *arn);
    if (parsed && parsed->type == "scheduling-policy") {
        arn = parsed->name;
        return {};
    }
    if (arn->starts_with("arn:") && (!parsed && arn->contains(":scheduling-policy/"))) {
        return fail(ErrorKind::NotFound, "SchedulingPolicy " + *arn + " not found.");
    }
    return invalid_argument("Only scheduling policy Arn can be allowed. schedulingPolicyArn is '" +
                            *arn + "'");
}

/// AWS derives the type from the queue's environments.
std::string type_of(const engine::View& view, const model::JobQueue& queue) {
    if (model::is_for_service_jobs(queue)) return model::kSageMakerTraining;
    for (const auto& entry : queue.compute_environment_order) {
        const auto found = std::ranges::find(view.environments, entry.compute_environment,
                                             &engine::EnvironmentView::name);
        if (found != view.environments.end() && found->fargate) return "ECS_FARGATE";
    }
    return "ECS";
}

/// A number has no "absent" of its own once it is decoded.
Result<> expect_orders(const Json& body) {
    for (const std::string member : {"computeEnvironmentOrder", "serviceEnvironmentOrder"}) {
        const auto list = body.find(member);
        if (list == body.end()) continue;
        for (std::size_t i = 0; i < list->size(); ++i) {
            if ((*list)[i].contains("order") && !(*list)[i]["order"].is_null()) continue;
            return invalid_argument(member + "[" + std::to_string(i) + "].order is required");
        }
    }
    return {};
}

Json detail_of(const Services& services, const store::QueueDetail& queue) {
    const auto& row = queue.row;
    Json detail = json::encode(row.document);
    if (row.document.scheduling_policy_arn) {
        detail["schedulingPolicyArn"] = model::batch_arn(services.scope, "scheduling-policy",
                                                         *row.document.scheduling_policy_arn);
    }
    detail["jobQueueType"] = type_of(*services.engine.view(), row.document);
    for (auto& entry : detail["computeEnvironmentOrder"]) {
        entry["computeEnvironment"] = model::batch_arn(
            services.scope, "compute-environment", entry["computeEnvironment"].get<std::string>());
    }
    for (auto& entry : detail["serviceEnvironmentOrder"]) {
        entry["serviceEnvironment"] = model::batch_arn(
            services.scope, "service-environment", entry["serviceEnvironment"].get<std::string>());
    }
    if (detail["serviceEnvironmentOrder"].empty()) detail.erase("serviceEnvironmentOrder");
    detail["jobQueueArn"] =
        model::batch_arn(services.scope, "job-queue", row.document.job_queue_name);
    detail["status"] = row.status;
    detail["statusReason"] = row.status_reason;
    if (row.pause) detail["pause"] = json::encode(*row.pause);
    detail["tags"] = tags_of(queue.tags);
    return detail;
}

}  // namespace

Task<Answer> create_job_queue(Call call) {
    drop_empty(call.body, {"schedulingPolicyArn"});
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    const auto priority = call.body.find("priority");
    if (priority == call.body.end() || priority->is_null()) {
        co_return invalid_argument("priority is required");
    }
    if (auto given = expect_orders(call.body); !given) co_return error_of(given);
    if (request->state.empty()) request->state = "ENABLED";
    use_names(call, request->compute_environment_order);
    use_names(call, request->service_environment_order);
    auto policy = use_policy_name(call, request->scheduling_policy_arn);
    if (!policy) co_return error_of(policy);
    if (auto valid = model::validate_tags(request->tags); !valid) co_return error_of(valid);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    const std::string name = request->job_queue_name;
    core::CreateQueue event;
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> describe_job_queues(Call call) {
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    if (auto few = at_most_100("jobQueues", request->job_queues); !few) co_return error_of(few);
    auto after = read_token("queues", request->next_token);
    if (!after) co_return error_of(after);
    for (auto& name : request->job_queues) name = model::name_of(call.scope(), "job-queue", name);
    auto page = co_await read(
        call.services, [names = request->job_queues, after = *after, limit = *limit](
                           store::Reader& reader) { return reader.queues(names, after, limit); });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& item : page->items) list.push_back(detail_of(call.on(), item));
    Json answer{{"jobQueues", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("queues", *page->next);
    co_return answer;
}

Task<Answer> update_job_queue(Call call) {
    drop_empty(call.body, {"schedulingPolicyArn"});
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    if (auto given = expect_orders(call.body); !given) co_return error_of(given);
    if (request->compute_environment_order) use_names(call, *request->compute_environment_order);
    if (request->service_environment_order) use_names(call, *request->service_environment_order);
    auto policy = use_policy_name(call, request->scheduling_policy_arn);
    if (!policy) co_return error_of(policy);
    const std::string name = model::name_of(call.scope(), "job-queue", request->job_queue);
    auto done = co_await execute(call.services,
                                 core::UpdateQueue{.name = name, .update = std::move(*request)});
    if (!done) co_return error_of(done);
    co_return identity(call, name);
}

Task<Answer> delete_job_queue(Call call) {
    auto request = json::decode<DeleteRequest>(call.body);
    if (!request) co_return error_of(request);
    co_return co_await carry_out(
        call.services,
        core::DeleteQueue{.name = model::name_of(call.scope(), "job-queue", request->job_queue)});
}

}  // namespace batchd::api::batch
