#include "api/batch/operations.hpp"
#include "api/explain_document.hpp"

namespace batchd::api::batch {
namespace {

struct ExplainJobRequest {
    std::string job_id;
};
BOOST_DESCRIBE_STRUCT(ExplainJobRequest, (), (job_id))

}  // namespace

Task<Answer> explain_job(Call call) {
    auto request = json::decode<ExplainJobRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    auto document = co_await explain_document(call.services, request->job_id);
    if (!document) co_return error_of(document);
    co_return Answer(*document);
}

}  // namespace batchd::api::batch
