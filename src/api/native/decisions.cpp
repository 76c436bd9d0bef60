// GET /api/v1/compute-environments/{id}/decisions: what was launched and terminated, and why.
#include "api/errors.hpp"
#include "api/native/routes.hpp"

#include <limits>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kMaxPage = 1000;
constexpr std::int64_t kPage = 100;

Json detail_of(const model::DecisionRow& decision) {
    Json detail = json::encode(decision.document);
    detail["id"] = decision.id;
    detail["at"] = to_epoch_ms(decision.at);
    detail["pending"] = decision.is_open;
    return detail;
}

}  // namespace

Task<http::Response> list_decisions(NativeCall call) {
    const auto most = std::numeric_limits<std::int64_t>::max();
    const auto before = number_of(call.request, "before", most, 1, most);
    if (!before) co_return std::unexpected(before.error());
    const auto limit = number_of(call.request, "limit", kPage, 1, kMaxPage);
    if (!limit) co_return std::unexpected(limit.error());
    const std::string name = model::name_of(call.services->scope, "compute-environment", call.id);
    if (!call.services->engine.view()->find_environment(name)) {
        co_return fail(ErrorKind::NotFound, "computeEnvironment '" + name + "' does not exist");
    }
    auto page = co_await read(
        call.services, [name, before = *before, limit = *limit](store::Reader& reader) {
            return reader.decisions(name, before, static_cast<std::size_t>(limit));
        });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& decision : page->items) list.push_back(detail_of(decision));
    Json answer{{"decisions", std::move(list)}};
    if (page->next) answer["before"] = *page->next;
    co_return json_response(200, json::dump(answer) + "\n");
}

}  // namespace batchd::api::native
