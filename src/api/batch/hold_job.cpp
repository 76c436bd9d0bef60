// HoldJob, ReleaseJob, PauseJobQueue and ResumeJobQueue: batchd's own, in the form of AWS's.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

struct HoldRequest {
    std::string job_id;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(HoldRequest, (), (job_id, reason))

struct PauseRequest {
    std::string job_queue;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(PauseRequest, (), (job_queue, reason))

/// NotFound if there is no such job.
Task<model::JobId> known_job(const Services* services, std::string text) {
    if (auto given = require("jobId", text); !given) co_return error_of(given);
    const auto id = model::parse_job_id(model::name_of(services->scope, "job", text));
    if (!id) co_return std::unexpected(id.error());
    const auto status = co_await read(
        services, [id = *id](store::Reader& reader) { return reader.job_status(id); });
    if (!status) co_return std::unexpected(status.error());
    if (!*status) co_return fail(ErrorKind::NotFound, "job '" + text + "' does not exist");
    if (model::is_terminal(**status)) {
        co_return fail(ErrorKind::Conflict,
                       "job '" + text + "' has ended: it is " + std::string(to_string(**status)));
    }
    co_return *id;
}

}  // namespace

Task<Answer> hold_job(Call call) {
    auto request = json::decode<HoldRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto valid = expect_reason(request->reason); !valid) co_return error_of(valid);
    auto id = co_await known_job(call.services, request->job_id);
    if (!id) co_return error_of(id);
    if (request->reason.empty()) request->reason = "held";
    co_return co_await carry_out(call.services,
                                 core::HoldJob{.id = *id, .reason = std::move(request->reason)});
}

Task<Answer> release_job(Call call) {
    auto request = json::decode<HoldRequest>(call.body);
    if (!request) co_return error_of(request);
    auto id = co_await known_job(call.services, request->job_id);
    if (!id) co_return error_of(id);
    co_return co_await carry_out(call.services, core::ReleaseJob{.id = *id});
}

Task<Answer> pause_job_queue(Call call) {
    auto request = json::decode<PauseRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    if (auto valid = expect_reason(request->reason); !valid) co_return error_of(valid);
    co_return co_await carry_out(
        call.services,
        core::PauseQueue{.name = model::name_of(call.scope(), "job-queue", request->job_queue),
                         .pause = {.by = call.caller,
                                   .reason = std::move(request->reason),
                                   .at = to_epoch_ms(call.on().clock.now())}});
}

Task<Answer> resume_job_queue(Call call) {
    auto request = json::decode<PauseRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    co_return co_await carry_out(
        call.services,
        core::ResumeQueue{.name = model::name_of(call.scope(), "job-queue", request->job_queue)});
}

}  // namespace batchd::api::batch
