// POST /api/v1/jobs/{id}/cancel and /terminate. Unlike AWS's operations they say when there is
// nothing to end.
#include "api/errors.hpp"
#include "api/native/routes.hpp"

namespace batchd::api::native {
namespace {

/// From the query or a JSON body.
Result<std::string> reason_of(const http::Request& request, std::string_view fallback) {
    std::string reason(request.query_value("reason").value_or(""));
    if (!request.body.empty()) {
        const auto body = json::parse(request.body);
        if (!body) return std::unexpected(body.error());
        if (!body->is_object() || !body->value("reason", Json("")).is_string()) {
            return invalid_argument("the body must be {\"reason\": \"...\"}, got " +
                                    json::excerpt(*body));
        }
        reason = body->value("reason", reason);
    }
    BATCHD_TRY(expect_reason(reason));
    return reason.empty() ? std::string(fallback) : reason;
}

template <class Event>
Task<http::Response> end_job(NativeCall call, std::string_view fallback) {
    auto reason = reason_of(call.request, fallback);
    if (!reason) co_return error_of(reason);
    auto job = co_await find_job(call.services, call.id);
    if (!job) co_return error_of(job);
    const std::string id = to_string(job->id);
    const auto refuse = [&](std::string_view why, const std::string& hint) {
        return native_error({.kind = ErrorKind::Conflict,
                             .message = "job '" + id + "' " + std::string(why),
                             .context = {}},
                            hint);
    };
    if (model::is_terminal(job->state.status)) {
        co_return refuse("has ended: it is " + std::string(to_string(job->state.status)), "");
    }
    if (std::is_same_v<Event, core::CancelJob> && model::is_placed(job->state.status)) {
        co_return refuse("has been started: it is too late to cancel it",
                         "POST /api/v1/jobs/" + id + "/terminate stops its container");
    }
    auto done = co_await execute(call.services, Event{.id = job->id, .reason = std::move(*reason)});
    if (!done) co_return error_of(done);
    co_return co_await get_job(std::move(call));
}

}  // namespace

Task<http::Response> cancel_job(NativeCall call) {
    return end_job<core::CancelJob>(std::move(call), "Cancelled by its user");
}

Task<http::Response> terminate_job(NativeCall call) {
    return end_job<core::TerminateJob>(std::move(call), "Terminated by its user");
}

}  // namespace batchd::api::native
