// DescribeServiceJob and ListServiceJobs.
#include "api/batch/job_filter.hpp"
#include "api/batch/operations.hpp"

#include <boost/algorithm/string/case_conv.hpp>

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;
constexpr std::string_view kType = "service-job";

struct DescribeRequest {
    std::string job_id;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (job_id))

struct ListRequest {
    std::string job_queue;
    std::optional<std::string> job_status;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
    std::vector<KeyValuesPair> filters;
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (job_queue, job_status, max_results, next_token, filters))

/// What the list shows of a job, and its description begins with.
Json summary_of(const Services& services, const store::ServiceJobDetail& job) {
    const auto& row = job.row;
    Json summary{{"jobArn", model::batch_arn(services.scope, kType, to_string(row.id))},
                 {"jobId", to_string(row.id)},
                 {"jobName", row.document.job_name},
                 {"serviceJobType", row.document.service_job_type},
                 {"createdAt", to_epoch_ms(row.created_at)},
                 {"status", row.stopped_at ? "FAILED" : "RUNNABLE"},
                 {"statusReason", row.status_reason}};
    if (row.stopped_at) summary["stoppedAt"] = to_epoch_ms(*row.stopped_at);
    if (row.document.share_identifier) summary["shareIdentifier"] = *row.document.share_identifier;
    if (row.document.quota_share_name) summary["quotaShareName"] = *row.document.quota_share_name;
    return summary;
}

Json detail_of(const Services& services, const store::ServiceJobDetail& job) {
    Json detail = json::encode(job.row.document);
    detail.erase("clientToken");
    detail.update(summary_of(services, job));
    detail["jobQueue"] = model::batch_arn(services.scope, "job-queue", job.queue);
    detail["attempts"] = Json::array();
    detail["isTerminated"] = job.row.stopped_at.has_value();
    detail["tags"] = tags_of(job.tags);
    return detail;
}

/// A status that only service jobs have; none ever reaches it here.
constexpr std::string_view kScheduled = "SCHEDULED";

struct Query {
    std::string queue;
    store::ServiceJobFilter filter;
    std::string token_kind;
    std::optional<std::int64_t> before;
    std::size_t limit = 0;
    bool is_empty = false;
};

/// The filters of ListJobs without JOB_DEFINITION, and one by quota share.
Result<> set_filter(const Call& call, const KeyValuesPair& pair, store::ServiceJobFilter& filter) {
    if (pair.name == "QUOTA_SHARE_NAME" || pair.name == "SHARE_IDENTIFIER") {
        if (pair.values.size() != 1) {
            return invalid_argument("filter '" + pair.name + "' has " +
                                    std::to_string(pair.values.size()) + " values; it takes one");
        }
        (pair.name == "QUOTA_SHARE_NAME" ? filter.quota_share_name : filter.share_identifier) =
            pair.values.front();
        return {};
    }
    if (pair.name == "JOB_DEFINITION") {
        return invalid_argument("filter 'JOB_DEFINITION' is for jobs: service jobs have none");
    }
    auto shared = to_job_filter(call.scope(), {pair});
    if (!shared) return error_of(shared);
    filter.name = (*shared)->name;
    filter.created_before = (*shared)->created_before;
    filter.created_after = (*shared)->created_after;
    return {};
}

Result<> set_status(const ListRequest& request, Query& query) {
    // AWS: of the filters only SHARE_IDENTIFIER goes with a status.
    if (!request.filters.empty() && !query.filter.share_identifier) return {};
    if (!request.job_status && query.filter.share_identifier) return {};
    const std::string text = request.job_status.value_or("RUNNING");
    query.is_empty = boost::algorithm::to_upper_copy(text) == kScheduled;
    if (query.is_empty) return {};
    auto status = to_job_status("jobStatus", text);
    if (!status) return error_of(status);
    query.filter.has_ended = *status == model::JobStatus::Failed;
    query.is_empty = *status != model::JobStatus::Failed && *status != model::JobStatus::Runnable;
    return {};
}

Result<Query> to_query(const Call& call, const ListRequest& request) {
    BATCHD_TRY(require("jobQueue", request.job_queue));
    if (request.filters.size() > 1) {
        return invalid_argument("filters has " + std::to_string(request.filters.size()) +
                                " entries; one is allowed");
    }
    Query query;
    query.queue = model::name_of(call.scope(), "job-queue", request.job_queue);
    if (!request.filters.empty()) {
        BATCHD_TRY(set_filter(call, request.filters.front(), query.filter));
    }
    BATCHD_TRY(set_status(request, query));
    query.token_kind = "service-jobs/" + query.queue;
    auto limit = page_size(request.max_results, kMaxPage);
    if (!limit) return error_of(limit);
    query.limit = *limit;
    auto before = read_seq_token(query.token_kind, request.next_token);
    if (!before) return error_of(before);
    query.before = *before;
    return query;
}

Result<Answer> list(const Services& services, const Query& query, store::Reader& reader) {
    const auto view = services.engine.view();
    const auto* queue = view->find_queue(query.queue);
    if (!queue) return fail(ErrorKind::NotFound, "JobQueue " + query.queue + " not found.");
    Json jobs = Json::array();
    Json answer{{"jobSummaryList", jobs}};
    if (query.is_empty) return Answer(answer);
    auto page = reader.service_jobs(queue->id, query.filter, query.before, query.limit);
    if (!page) return error_of(page);
    for (const auto& job : page->items) jobs.push_back(summary_of(services, job));
    answer["jobSummaryList"] = std::move(jobs);
    if (page->next) answer["nextToken"] = make_token(query.token_kind, std::to_string(*page->next));
    return Answer(answer);
}

}  // namespace

Task<Answer> describe_service_job(Call call) {
    auto request = json::decode<DescribeRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    const auto id = model::parse_job_id(model::name_of(call.scope(), kType, request->job_id));
    if (!id) co_return std::unexpected(id.error());
    auto job = co_await read(call.services,
                             [id = *id](store::Reader& reader) { return reader.service_job(id); });
    if (!job) co_return error_of(job);
    if (!*job) {
        co_return fail(ErrorKind::NotFound, "service job '" + request->job_id + "' does not exist");
    }
    co_return detail_of(call.on(), **job);
}

Task<Answer> list_service_jobs(Call call) {
    auto request = json::decode<ListRequest>(call.body);
    if (!request) co_return error_of(request);
    auto query = to_query(call, *request);
    if (!query) co_return error_of(query);
    co_return co_await read(call.services,
                            [services = call.services, query = *query](store::Reader& reader) {
                                return list(*services, query, reader);
                            });
}

}  // namespace batchd::api::batch
