// CancelJob and TerminateJob. AWS answers 200 whatever the job's state, also for ids it does not
// know.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

struct EndJobRequest {
    std::string job_id;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(EndJobRequest, (), (job_id, reason))

/// `Event` is CancelJob or TerminateJob.
template <class Event>
Task<Answer> end_job(Call call) {
    auto request = json::decode<EndJobRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    if (auto given = require("reason", request->reason); !given) co_return error_of(given);
    if (auto valid = expect_reason(request->reason); !valid) co_return error_of(valid);
    const auto id = model::parse_job_id(model::name_of(call.scope(), "job", request->job_id));
    if (!id) co_return Json::object();
    co_return co_await carry_out(call.services,
                                 Event{.id = *id, .reason = std::move(request->reason)});
}

}  // namespace

Task<Answer> cancel_job(Call call) { return end_job<core::CancelJob>(std::move(call)); }

Task<Answer> terminate_job(Call call) { return end_job<core::TerminateJob>(std::move(call)); }

}  // namespace batchd::api::batch
