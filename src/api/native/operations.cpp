// Operations in AWS's form under /api/v1: POST /api/v1/jobs/{id}/hold, /release, /rerun and
// /api/v1/queues/{name}/pause, /resume.
#include "api/batch/operations.hpp"

#include "api/errors.hpp"
#include "api/job_options.hpp"
#include "api/native/routes.hpp"

namespace batchd::api::native {
namespace {

/// The body may be empty; `member` is named by the path.
Result<Call> call_of(const NativeCall& call, const char* member) {
    Json body = Json::object();
    if (!call.request.body.empty()) {
        auto parsed = json::parse(call.request.body);
        if (!parsed) return error_of(parsed);
        if (!parsed->is_object()) {
            return invalid_argument("the body must be an object, got " + json::excerpt(*parsed));
        }
        body = std::move(*parsed);
    }
    for (const auto& [name, value] : call.request.query) body.emplace(name, value);
    body[member] = call.id;
    auto key = key_of(call.request);
    if (!key) return error_of(key);
    if (*key) (*key)->request = fingerprint(body.dump());  // the path and the query count, too
    return Call{.services = call.services,
                .body = std::move(body),
                .body_bytes = call.request.body.size(),
                .key = std::move(*key),
                .caller = caller_of(call.request)};
}

Task<http::Response> operate(NativeCall native, const char* member, batch::Handler handler) {
    auto call = call_of(native, member);
    if (!call) co_return error_of(call);
    auto answer = co_await handler(std::move(*call));
    if (!answer) co_return error_of(answer);
    auto response = json_response(200, answer->text + "\n");
    if (answer->is_replay) response.headers.add(std::string(kReplayHeader), "true");
    co_return response;
}

}  // namespace

Task<http::Response> hold_job(NativeCall call) {
    return operate(std::move(call), "jobId", batch::hold_job);
}

Task<http::Response> release_job(NativeCall call) {
    return operate(std::move(call), "jobId", batch::release_job);
}

Task<http::Response> rerun_job(NativeCall call) {
    return operate(std::move(call), "jobId", batch::rerun_job);
}

Task<http::Response> pause_queue(NativeCall call) {
    return operate(std::move(call), "jobQueue", batch::pause_job_queue);
}

Task<http::Response> resume_queue(NativeCall call) {
    return operate(std::move(call), "jobQueue", batch::resume_job_queue);
}

}  // namespace batchd::api::native
