// GET /api/v1/usage: for how long attempts ran and what they are estimated to have cost.
#include "api/errors.hpp"
#include "api/native/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

namespace batchd::api::native {
namespace {

using By = store::UsageQuery::By;

constexpr std::int64_t kLimit = 100;
constexpr std::int64_t kMaxLimit = 10'000;
constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr std::string_view kTag = "tag:";

Result<> read_by(std::string_view text, store::UsageQuery& query) {
    static const std::map<std::string, By, std::less<>> known{
        {"queue", By::Queue},
        {"computeEnvironment", By::ComputeEnvironment},
        {"jobName", By::JobName},
        {"job", By::Job}};
    if (text.starts_with(kTag) && text.size() > kTag.size()) {
        query.by = By::Tag;
        query.tag = text.substr(kTag.size());
        return {};
    }
    const auto found = known.find(text);
    if (found == known.end()) {
        return invalid_argument(fmt::format(
            "by '{}' is not queue, computeEnvironment, jobName, job, or tag: and a tag's key",
            text));
    }
    query.by = found->second;
    return {};
}

Result<store::UsageQuery> read_query(const NativeCall& call) {
    store::UsageQuery query;
    BATCHD_TRY(read_by(call.request.query_value("by").value_or("queue"), query));
    const auto most = std::numeric_limits<std::int64_t>::max();
    const auto now = to_epoch_ms(call.services->clock.now());
    auto until = number_of(call.request, "until", now, 1, most);
    if (!until) return std::unexpected(until.error());
    until = std::min(*until, now);
    const auto since =
        number_of(call.request, "since", std::max<std::int64_t>(0, *until - kDayMs), 0, most);
    if (!since) return std::unexpected(since.error());
    if (*since >= *until) {
        return invalid_argument(fmt::format("since '{}' is not before until '{}'", *since, *until));
    }
    const auto limit = number_of(call.request, "limit", kLimit, 1, kMaxLimit);
    if (!limit) return std::unexpected(limit.error());
    query.since = from_epoch_ms(*since);
    query.until = from_epoch_ms(*until);
    query.limit = static_cast<std::size_t>(*limit);
    if (const auto queue = call.request.query_value("queue")) {
        query.queue = model::name_of(call.services->scope, "job-queue", *queue);
    }
    return query;
}

/// As users know it.
std::string shown(By by, const std::string& key) {
    constexpr std::size_t kHexDigits = 32;
    if (by != By::Job || key.size() != kHexDigits) return key;
    return fmt::format("{}-{}-{}-{}-{}", key.substr(0, 8), key.substr(8, 4), key.substr(12, 4),
                       key.substr(16, 4), key.substr(20));
}

}  // namespace

Task<http::Response> get_usage(NativeCall call) {
    const auto query = read_query(call);
    if (!query) co_return std::unexpected(query.error());
    auto found = co_await read(
        call.services, [query = *query](store::Reader& reader) { return reader.usage(query); });
    if (!found) co_return error_of(found);
    Json list = Json::array();
    for (const auto& usage : *found) {
        Json& item = list.emplace_back(Json{{"key", shown(query->by, usage.key)},
                                            {"attempts", usage.attempts},
                                            {"hours", usage.hours},
                                            {"estimatedCostUsd", usage.cost_usd}});
        if (!usage.instance_hours) continue;
        item["instanceHours"] = *usage.instance_hours;
        item["instanceCostUsd"] = *usage.instance_cost_usd;
        item["idleCostUsd"] = std::max(0.0, *usage.instance_cost_usd - usage.cost_usd);
    }
    co_return json_response(200, json::dump(Json{{"since", to_epoch_ms(query->since)},
                                                 {"until", to_epoch_ms(query->until)},
                                                 {"usage", std::move(list)}}) +
                                     "\n");
}

}  // namespace batchd::api::native
