// GET /api/v1/jobs/{id}/explain
#include "api/errors.hpp"
#include "api/explain_document.hpp"
#include "api/native/routes.hpp"
#include "api/text_table.hpp"

namespace batchd::api::native {

Task<http::Response> explain_job(NativeCall call) {
    auto document = co_await explain_document(call.services, call.id);
    if (!document) co_return error_of(document);
    if (!wants_text(call.request)) co_return json_response(200, json::dump(*document) + "\n");
    co_return text_response(explain_text(*document));
}

}  // namespace batchd::api::native
