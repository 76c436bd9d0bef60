// SubmitServiceJob, UpdateServiceJob and TerminateServiceJob.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::string_view kType = "service-job";

struct SubmitRequest : model::ServiceJob {
    std::string job_queue;
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(SubmitRequest, (model::ServiceJob), (job_queue, tags))

struct UpdateRequest {
    std::string job_id;
    std::optional<std::int32_t> scheduling_priority;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (), (job_id, scheduling_priority))

struct TerminateRequest {
    std::string job_id;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(TerminateRequest, (), (job_id, reason))

Json identity(const Call& call, const model::JobId& id, const std::string& name) {
    return Json{{"jobArn", model::batch_arn(call.scope(), kType, to_string(id))},
                {"jobName", name},
                {"jobId", to_string(id)}};
}

Result<> check_new(const Call& call, SubmitRequest& request) {
    BATCHD_TRY(expect_payload(call, "SubmitServiceJob", call.on().limits.submit_service_job_bytes,
                              "submit_service_job_bytes"));
    BATCHD_TRY(require("jobName", request.job_name));
    BATCHD_TRY(require("jobQueue", request.job_queue));
    BATCHD_TRY(model::validate_tags(request.tags));
    return model::validate(request);
}

}  // namespace

Task<Answer> submit_service_job(Call call) {
    auto request = json::decode<SubmitRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto valid = check_new(call, *request); !valid) co_return error_of(valid);
    const std::string name = request->job_name;
    const model::JobId id{.uuid = make_uuid(call.on().clock.now())};
    core::SubmitServiceJob event;
    event.id = id;
    event.queue = model::name_of(call.scope(), "job-queue", request->job_queue);
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call, id, name);
}

Task<Answer> update_service_job(Call call) {
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    if (!request->scheduling_priority) co_return invalid_argument("schedulingPriority is required");
    auto valid = model::validate_service_priority(*request->scheduling_priority);
    if (!valid) co_return error_of(valid);
    const auto id = model::parse_job_id(model::name_of(call.scope(), kType, request->job_id));
    if (!id) co_return std::unexpected(id.error());
    auto done = co_await execute(
        call.services,
        core::UpdateServiceJob{.id = *id, .scheduling_priority = *request->scheduling_priority});
    if (!done) co_return error_of(done);
    auto job = co_await read(call.services,
                             [id = *id](store::Reader& reader) { return reader.service_job(id); });
    if (!job) co_return error_of(job);
    if (!*job) co_return fail(ErrorKind::Internal, "an updated service job is not stored");
    co_return identity(call, *id, (*job)->row.document.job_name);
}

Task<Answer> terminate_service_job(Call call) {
    auto request = json::decode<TerminateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    if (auto given = require("reason", request->reason); !given) co_return error_of(given);
    if (auto valid = expect_reason(request->reason); !valid) co_return error_of(valid);
    const auto id = model::parse_job_id(model::name_of(call.scope(), kType, request->job_id));
    if (!id) co_return Json::object();
    co_return co_await carry_out(
        call.services, core::TerminateServiceJob{.id = *id, .reason = std::move(request->reason)});
}

}  // namespace batchd::api::batch
