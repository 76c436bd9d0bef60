// GET /api/v1/jobs: finds jobs, live and ended ones.
#include "api/errors.hpp"
#include "api/job_detail.hpp"
#include "api/native/routes.hpp"
#include "api/native/search_query.hpp"
#include "api/pending_reason.hpp"
#include "api/text_table.hpp"

#include <fmt/format.h>

namespace batchd::api::native {
namespace {

std::string reason_of(const engine::View& view, const store::FoundJob& job) {
    auto reason = status_reason(view, view.find_queue(job.queue), job.shape, job.state);
    return reason.empty() ? pending_reason(job.state, job.array) : reason;
}

void append_job(std::string& out, const engine::View& view, const store::FoundJob& job) {
    json::ObjectText item(out);
    item.string("jobId", to_string(job.id));
    item.string("jobName", job.name);
    item.string("queue", job.queue);
    item.string("status", to_string(job.state.status));
    item.string("statusReason", reason_of(view, job));
    item.number("createdAt", to_epoch_ms(job.created_at));
    if (job.state.started_at) item.number("startedAt", to_epoch_ms(*job.state.started_at));
    if (job.state.stopped_at) item.number("stoppedAt", to_epoch_ms(*job.state.stopped_at));
    item.number("attempts", job.state.attempt);
    if (job.exit_code) item.number("exitCode", *job.exit_code);
    if (job.array_size > 0) item.number("arraySize", job.array_size);
    item.string("image", job.image);
    item.raw("vcpus",
             fmt::format("{}", static_cast<double>(job.shape.resources.vcpu.value) / 1000));
    item.number("memory", job.shape.resources.memory.value);
    item.raw("tags", job.tags);
    item.close();
}

http::Response as_json(const engine::View& view, const store::SearchPage& page,
                       const std::string& cursor) {
    std::string text = R"({"jobs":[)";
    for (const auto& job : page.items) {
        if (text.back() != '[') text += ',';
        append_job(text, view, job);
    }
    text += ']';
    if (!cursor.empty()) text += R"(,"nextCursor":")" + cursor + '"';
    return json_response(200, text + "}\n");
}

http::Response as_text(const engine::View& view, const store::SearchPage& page,
                       const std::string& cursor) {
    TextTable table({"job id", "name", "queue", "status", "created", "started", "stopped",
                     "attempts", "exit", "reason"});
    for (const auto& job : page.items) {
        table.add({to_string(job.id), job.name, job.queue, std::string(to_string(job.state.status)),
                   to_iso8601(job.created_at), time_text(job.state.started_at),
                   time_text(job.state.stopped_at), std::to_string(job.state.attempt),
                   job.exit_code ? std::to_string(*job.exit_code) : "", reason_of(view, job)});
    }
    return text_response(table.text() + (cursor.empty() ? "" : "more: cursor=" + cursor + "\n"));
}

}  // namespace

Task<http::Response> search_jobs(NativeCall call) {
    auto query = read_search(call.request, call.services->scope, call.services->clock.now());
    if (!query) co_return error_of(query);
    const auto view = call.services->engine.view();
    if (query->queue && !view->find_queue(*query->queue)) {
        co_return fail(ErrorKind::NotFound, "JobQueue " + *query->queue + " not found.");
    }
    // Composed where it is read, off the threads that serve HTTP.
    co_return co_await read(call.services,
                            [query = *query, request = call.request,
                             view](store::Reader& reader) -> Result<http::Response> {
                                const auto page = reader.search(query);
                                if (!page) return std::unexpected(page.error());
                                const auto cursor =
                                    page->next ? make_cursor(request, *page->next) : std::string();
                                return wants_text(request) ? as_text(*view, *page, cursor)
                                                           : as_json(*view, *page, cursor);
                            });
}

}  // namespace batchd::api::native
