#include "api/batch/operations.hpp"
#include "api/job_detail.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::size_t kMaxJobs = 100;

struct DescribeJobsRequest {
    std::vector<std::string> jobs;
};
BOOST_DESCRIBE_STRUCT(DescribeJobsRequest, (), (jobs))

/// Texts that are no job ids name no job: they are left out, as unknown ids are.
std::vector<model::JobId> job_ids(const Call& call, const std::vector<std::string>& texts) {
    std::vector<model::JobId> ids;
    for (const auto& text : texts) {
        if (const auto id = model::parse_job_id(model::name_of(call.scope(), "job", text))) {
            ids.push_back(*id);
        }
    }
    return ids;
}

}  // namespace

Task<Json> describe_jobs(Call call) {
    auto request = json::decode<DescribeJobsRequest>(call.body);
    if (!request) co_return error_of(request);
    if (!call.body.contains("jobs")) co_return invalid_argument("jobs is required");
    if (request->jobs.size() > kMaxJobs) {
        co_return invalid_argument("Maximum number of jobs supported is 100");
    }
    // The details are composed on the reader's thread: they cost more than the query.
    auto details = co_await read(call.services,
                                 [services = call.services, ids = job_ids(call, request->jobs)](
                                     store::Reader& reader) -> Result<Json> {
                                     auto jobs = reader.jobs(ids);
                                     if (!jobs) return error_of(jobs);
                                     Json list = Json::array();
                                     for (const auto& job : *jobs)
                                         list.push_back(job_detail(*services, job));
                                     return list;
                                 });
    if (!details) co_return error_of(details);
    co_return Json{{"jobs", std::move(*details)}};
}

}  // namespace batchd::api::batch
