#include "api/batch/operations.hpp"
#include "api/job_detail.hpp"
#include "api/pending_reason.hpp"

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

Result<Answer> describe(const Services& services, const std::vector<model::JobId>& ids,
                        store::Reader& reader) {
    auto jobs = reader.jobs(ids);
    if (!jobs) return std::unexpected(jobs.error());
    const auto view = services.engine.view();
    std::string text = R"({"jobs":[)";
    for (auto& job : *jobs) {
        BATCHD_TRY(note_awaited(reader, job));
        if (text.back() != '[') text += ',';
        append_job_detail(text, services, *view, job);
    }
    text += "]}";
    return Answer(std::move(text));
}

}  // namespace

Task<Answer> describe_jobs(Call call) {
    auto request = json::decode<DescribeJobsRequest>(call.body);
    if (!request) co_return error_of(request);
    if (!call.body.contains("jobs")) co_return invalid_argument("jobs is required");
    if (request->jobs.size() > kMaxJobs) {
        co_return invalid_argument("Maximum number of jobs supported is 100");
    }
    co_return co_await read(
        call.services, [services = call.services, ids = job_ids(call, request->jobs)](
                           store::Reader& reader) { return describe(*services, ids, reader); });
}

}  // namespace batchd::api::batch
