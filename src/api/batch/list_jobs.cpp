#include "api/batch/job_filter.hpp"
#include "api/batch/operations.hpp"
#include "api/job_detail.hpp"
#include "api/pending_reason.hpp"
#include "batchd/base/json_text.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 1000;
constexpr std::int32_t kMaxFilteredPage = 100;

struct ListJobsRequest {
    std::optional<std::string> job_queue;
    std::optional<std::string> array_job_id;
    std::optional<std::string> multi_node_job_id;
    std::optional<std::string> job_status;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
    std::vector<KeyValuesPair> filters;
};
BOOST_DESCRIBE_STRUCT(ListJobsRequest, (),
                      (job_queue, array_job_id, multi_node_job_id, job_status, max_results,
                       next_token, filters))

struct Query {
    std::string queue;
    model::JobStatus status = model::JobStatus::Running;  // AWS: the default
    std::optional<store::JobFilter> filter;               ///< AWS: then the status is not asked
    std::optional<std::int64_t> before;
    std::size_t limit = 0;
    std::optional<model::JobId> array;      ///< list its children instead
    std::optional<model::JobId> multinode;  ///< list its nodes instead

    /// A token continues the list that it came from, no other.
    std::string token_kind() const {
        return "jobs/" +
               (array       ? to_string(*array)
                : multinode ? to_string(*multinode) + "#"
                            : queue) +
               "/" + (filter ? "filter" : std::string(to_string(status)));
    }
};

Result<> check_selector(const ListJobsRequest& request) {
    const int selectors = (request.job_queue ? 1 : 0) + (request.array_job_id ? 1 : 0) +
                          (request.multi_node_job_id ? 1 : 0);
    if (selectors != 1) {
        return invalid_argument(
            "exactly one of jobQueue, arrayJobId and multiNodeJobId must be given, got " +
            std::to_string(selectors));
    }
    if (!request.filters.empty() && !request.job_queue) {
        return invalid_argument(
            "filters go with jobQueue only, not with arrayJobId or "
            "multiNodeJobId");
    }
    return {};
}

Result<> read_id(const model::Scope& scope, const std::optional<std::string>& text,
                 std::optional<model::JobId>& out) {
    if (!text) return {};
    const auto id = model::parse_job_id(model::name_of(scope, "job", *text));
    if (!id) return std::unexpected(id.error());
    if (id->part != 0) {
        return invalid_argument("'" + *text +
                                "' is a child or a node: expected the id of the whole "
                                "job");
    }
    out = *id;
    return {};
}

Result<Query> to_query(const Call& call, const ListJobsRequest& request) {
    BATCHD_TRY(check_selector(request));
    Query query;
    auto filter = to_job_filter(call.scope(), request.filters);
    if (!filter) return error_of(filter);
    query.filter = std::move(*filter);
    if (request.job_queue) {
        query.queue = model::name_of(call.scope(), "job-queue", *request.job_queue);
    }
    BATCHD_TRY(read_id(call.scope(), request.array_job_id, query.array));
    BATCHD_TRY(read_id(call.scope(), request.multi_node_job_id, query.multinode));
    if (request.job_status) {
        auto status = to_job_status("jobStatus", *request.job_status);
        if (!status) return error_of(status);
        query.status = *status;
        // AWS: of the filters, only SHARE_IDENTIFIER goes together with a status.
        if (query.filter && query.filter->share) query.filter->status = *status;
    }
    auto limit = page_size(request.max_results, query.filter ? kMaxFilteredPage : kMaxPage);
    if (!limit) return error_of(limit);
    query.limit = *limit;
    auto before = read_seq_token(query.token_kind(), request.next_token);
    if (!before) return error_of(before);
    query.before = *before;
    return query;
}

std::string capacity_usage(MilliVcpu used) {
    return Json::array(
               {{{"capacityUnit", "VCPU"}, {"quantity", static_cast<double>(used.value) / 1000}}})
        .dump();
}

void append_summary(std::string& out, const Services& services, const engine::View& view,
                    const engine::QueueView* queue, const store::JobSummary& job) {
    json::ObjectText item(out);
    item.string("jobArn", model::job_arn(services.scope, job.id));
    item.string("jobId", to_string(job.id));
    item.string("jobName", job.name);
    item.string("jobDefinition", model::batch_arn(services.scope, "job-definition",
                                                  job.definition_name + ":" +
                                                      std::to_string(job.definition_revision)));
    item.number("createdAt", to_epoch_ms(job.created_at));
    item.string("status", to_string(job.state.status));
    if (job.state.started_at) item.number("startedAt", to_epoch_ms(*job.state.started_at));
    if (job.state.stopped_at) item.number("stoppedAt", to_epoch_ms(*job.state.stopped_at));
    std::string reason = status_reason(view, queue, job.shape, job.state);
    if (reason.empty()) reason = pending_reason(job.state, job.array);
    if (!reason.empty()) item.string("statusReason", reason);
    if (!job.share.empty()) item.string("shareIdentifier", job.share);
    if (model::is_placed(job.state.status)) {
        item.raw("capacityUsage", capacity_usage(job.shape.resources.vcpu));
    }
    append_node_properties(item, out, job.id, job.shape, job.main_node);
    append_array_properties(item, out, job.id, job.array_size, job.array);
    if (job.exit_code || !job.reason.empty()) {
        item.name("container");
        json::ObjectText container(out);
        if (job.exit_code) container.number("exitCode", *job.exit_code);
        if (!job.reason.empty()) container.string("reason", job.reason);
        container.close();
    }
    item.close();
}

/// `queue` may be gone: that of an ended array.
template <class Page>
Answer compose(const Services& services, const engine::View& view, const engine::QueueView* queue,
               const Query& query, const Page& page) {
    std::string text = R"({"jobSummaryList":[)";
    for (const auto& job : page.items) {
        if (text.back() != '[') text += ',';
        append_summary(text, services, view, queue, job);
    }
    text += ']';
    if (page.next) {
        const auto token = make_token(query.token_kind(), std::to_string(*page.next));
        text += R"(,"nextToken":")" + token + '"';
    }
    text += '}';
    return Answer(std::move(text));
}

Result<Answer> list(const Services& services, const Query& query, store::Reader& reader) {
    const auto view = services.engine.view();
    const auto* queue = view->find_queue(query.queue);
    if (!queue) return fail(ErrorKind::NotFound, "JobQueue " + query.queue + " not found.");
    const auto page = query.filter
                          ? reader.filter_jobs(queue->id, *query.filter, query.before, query.limit)
                          : reader.list_jobs(queue->id, query.status, query.before, query.limit);
    if (!page) return std::unexpected(page.error());
    return compose(services, *view, queue, query, *page);
}

/// Children of an array, or nodes of a multi-node job.
Result<Answer> list_parts(const Services& services, const Query& query, store::Reader& reader) {
    const auto view = services.engine.view();
    std::optional<std::int32_t> after;
    if (query.before) after = static_cast<std::int32_t>(*query.before);
    const model::JobId& id = query.array ? *query.array : *query.multinode;
    const auto page = query.array ? reader.list_children(id, query.status, after, query.limit)
                                  : reader.list_nodes(id, query.status, after, query.limit);
    if (!page) return std::unexpected(page.error());
    const auto whole = reader.jobs(std::span(&id, 1));
    if (!whole) return std::unexpected(whole.error());
    const auto* queue = whole->empty() ? nullptr : view->find_queue(whole->front().queue);
    return compose(services, *view, queue, query, *page);
}

}  // namespace

Task<Answer> list_jobs(Call call) {
    drop_empty(call.body, {"jobQueue", "arrayJobId", "multiNodeJobId", "jobStatus"});
    auto request = json::decode<ListJobsRequest>(call.body);
    if (!request) co_return error_of(request);
    auto query = to_query(call, *request);
    if (!query) co_return error_of(query);
    co_return co_await read(
        call.services, [services = call.services, query = *query](store::Reader& reader) {
            return query.array || query.multinode ? list_parts(*services, query, reader)
                                                  : list(*services, query, reader);
        });
}

}  // namespace batchd::api::batch
