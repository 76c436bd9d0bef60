// Webhooks: POST and GET /api/v1/webhooks, GET and DELETE /api/v1/webhooks/{id}, its failures and
// their redelivery.
#include "api/errors.hpp"
#include "api/native/event_query.hpp"
#include "api/native/routes.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kFailures = 100;
constexpr std::int64_t kMaxFailures = 1000;

/// Without the secret: who may see webhooks may not sign for them.
Json detail_of(const Services& services, const model::WebhookRow& row) {
    const auto progress = services.webhooks.progress(row.document.name).value_or(row.progress);
    Json detail{{"name", row.document.name},
                {"url", row.document.url},
                {"queues", row.document.queues},
                {"statuses", row.document.statuses},
                {"hasSecret", row.document.secret.has_value()},
                {"configured", row.is_configured},
                {"createdAt", to_epoch_ms(row.created_at)},
                {"delivered", progress.done},
                {"newest", services.feed.newest()}};
    if (progress.tries == 0) return detail;
    detail["failing"] = Json{{"tries", progress.tries}, {"error", progress.last_error}};
    if (progress.failing_since) {
        detail["failing"]["since"] = to_epoch_ms(*progress.failing_since);
    }
    if (progress.next_try) detail["failing"]["nextTry"] = to_epoch_ms(*progress.next_try);
    return detail;
}

Json detail_of(const model::UndeliveredRow& row) {
    return Json{{"firstEvent", row.first_seq},
                {"lastEvent", row.last_seq},
                {"at", to_epoch_ms(row.at)},
                {"tries", row.tries},
                {"error", row.error}};
}

http::Response answer(const Json& document, int status = 200) {
    return json_response(status, json::dump(document) + "\n");
}

/// A misspelt member would widen what is sent: there may be none but the known ones.
Result<model::Webhook> read_webhook(const Services& services, const std::string& body) {
    constexpr auto kMembers =
        std::to_array<std::string_view>({"name", "url", "queues", "statuses", "secret"});
    const auto document = json::parse(body);
    if (!document) return std::unexpected(document.error());
    for (auto member = document->begin(); document->is_object() && member != document->end();
         ++member) {
        if (std::ranges::count(kMembers, member.key()) > 0) continue;
        return invalid_argument("'" + member.key() +
                                "' is no member of a webhook: name, url, queues, statuses and "
                                "secret are");
    }
    auto webhook = json::parse_as<model::Webhook>(body);
    if (!webhook) return webhook;
    for (auto& queue : webhook->queues) {
        queue = model::name_of(services.scope, "job-queue", queue);
    }
    for (auto& status : webhook->statuses) boost::algorithm::to_upper(status);
    if (auto valid = model::validate(*webhook); !valid) return std::unexpected(valid.error());
    return webhook;
}

Task<model::WebhookRow> find_webhook(const Services* services, std::string name) {
    auto rows = co_await read(services, [](store::Reader& reader) { return reader.webhooks(); });
    if (!rows) co_return error_of(rows);
    const auto found = std::ranges::find(
        *rows, name, [](const auto& row) -> const std::string& { return row.document.name; });
    if (found == rows->end()) {
        co_return fail(ErrorKind::NotFound, "webhook '" + name + "' does not exist");
    }
    co_return std::move(*found);
}

Task<store::Page<model::UndeliveredRow, std::int64_t>> failures_of(const Services* services,
                                                                   std::string name,
                                                                   std::int64_t after,
                                                                   std::int64_t limit) {
    co_return co_await read(services, [name, after, limit](store::Reader& reader) {
        return reader.undelivered(name, after, static_cast<std::size_t>(limit));
    });
}

}  // namespace

Task<http::Response> put_webhook(NativeCall call) {
    auto webhook = read_webhook(*call.services, call.request.body);
    if (!webhook) co_return error_of(webhook);
    const std::string name = webhook->name;
    auto done = co_await execute(call.services, core::PutWebhook{.document = std::move(*webhook)});
    if (!done) co_return error_of(done);
    auto row = co_await find_webhook(call.services, name);
    if (!row) co_return error_of(row);
    co_return answer(detail_of(*call.services, *row));
}

Task<http::Response> list_webhooks(NativeCall call) {
    auto rows =
        co_await read(call.services, [](store::Reader& reader) { return reader.webhooks(); });
    if (!rows) co_return error_of(rows);
    Json list = Json::array();
    for (const auto& row : *rows) list.push_back(detail_of(*call.services, row));
    co_return answer(Json{{"webhooks", std::move(list)}});
}

Task<http::Response> get_webhook(NativeCall call) {
    auto row = co_await find_webhook(call.services, call.id);
    if (!row) co_return error_of(row);
    co_return answer(detail_of(*call.services, *row));
}

Task<http::Response> delete_webhook(NativeCall call) {
    auto done = co_await execute(call.services, core::DeleteWebhook{.name = call.id});
    if (!done) co_return error_of(done);
    co_return answer(Json{{"name", call.id}, {"removed", true}});
}

Task<http::Response> list_webhook_failures(NativeCall call) {
    const auto after =
        number_of(call.request, "after", 0, 0, std::numeric_limits<std::int64_t>::max());
    if (!after) co_return std::unexpected(after.error());
    const auto limit = number_of(call.request, "limit", kFailures, 1, kMaxFailures);
    if (!limit) co_return std::unexpected(limit.error());
    auto row = co_await find_webhook(call.services, call.id);
    if (!row) co_return error_of(row);
    auto page = co_await failures_of(call.services, call.id, *after, *limit);
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& failure : page->items) list.push_back(detail_of(failure));
    Json document{{"failures", std::move(list)}};
    if (page->next) document["after"] = *page->next;
    co_return answer(document);
}

/// The oldest of them; who has more calls again.
Task<http::Response> redeliver_webhook(NativeCall call) {
    auto row = co_await find_webhook(call.services, call.id);
    if (!row) co_return error_of(row);
    auto page = co_await failures_of(call.services, call.id, 0, kMaxFailures);
    if (!page) co_return error_of(page);
    const auto count = page->items.size();
    (void)call.services->webhooks.redeliver(call.id, std::move(page->items));
    co_return answer(Json{{"name", call.id}, {"redelivering", count}}, 202);
}

/// Forgets what was given up.
Task<http::Response> clear_webhook_failures(NativeCall call) {
    auto page = co_await failures_of(call.services, call.id, 0, kMaxFailures);
    if (!page) co_return error_of(page);
    const auto count = page->items.size();
    for (auto& item : page->items) item.is_gone = true;
    auto done = co_await execute(
        call.services,
        core::NoteDelivery{.name = call.id, .progress = {}, .undelivered = std::move(page->items)});
    if (!done) co_return error_of(done);
    co_return answer(Json{{"name", call.id}, {"removed", count}});
}

}  // namespace batchd::api::native
