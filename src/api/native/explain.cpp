// GET /api/v1/jobs/{id}/explain
#include "api/errors.hpp"
#include "api/explain_document.hpp"
#include "api/native/routes.hpp"

namespace batchd::api::native {
namespace {

/// Whichever of text/plain and JSON the Accept header names first; without one of them JSON.
bool wants_text(const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("");
    const auto text = accept.find("text/plain");
    return text != std::string_view::npos && text < accept.find("application/json");
}

}  // namespace

Task<http::Response> explain_job(NativeCall call) {
    auto document = co_await explain_document(call.services, call.id);
    if (!document) co_return error_of(document);
    if (!wants_text(call.request)) co_return json_response(200, json::dump(*document) + "\n");
    http::Response response;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.body = explain_text(*document);
    co_return response;
}

}  // namespace batchd::api::native
