// CreateQuotaShare, DescribeQuotaShare, ListQuotaShares, UpdateQuotaShare and DeleteQuotaShare.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::int32_t kMaxPage = 100;
constexpr std::string_view kInfix = "/quota-share/";

struct CreateRequest : model::QuotaShare {
    model::StringMap tags;
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (model::QuotaShare), (tags))

/// Of Describe and Delete.
struct ArnRequest {
    std::string quota_share_arn;
};
BOOST_DESCRIBE_STRUCT(ArnRequest, (), (quota_share_arn))

struct UpdateRequest : model::QuotaShareUpdate {
    std::string quota_share_arn;
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (model::QuotaShareUpdate), (quota_share_arn))

struct ListRequest {
    std::string job_queue;
    std::optional<std::int32_t> max_results;
    std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (job_queue, max_results, next_token))

/// `key` as model::quota_share_key makes it.
Json identity(const model::Scope& scope, const std::string& key) {
    const auto slash = key.find('/');
    const std::string name = key.substr(slash + 1);
    return Json{
        {"quotaShareName", name},
        {"quotaShareArn",
         model::batch_arn(scope, "job-queue", key.substr(0, slash) + std::string(kInfix) + name)}};
}

Result<std::string> key_in(const Call& call, const std::string& text) {
    BATCHD_TRY(require("quotaShareArn", text));
    if (auto key = quota_share_key_of(call.scope(), text)) return *std::move(key);
    return fail(ErrorKind::NotFound, "quotaShare '" + text + "' does not exist");
}

Json detail_of(const Services& services, const store::ResourceDetail& share) {
    const auto& document = std::get<model::QuotaShare>(share.row.document);
    Json detail = json::encode(document);
    detail.erase("jobQueue");
    detail["jobQueueArn"] = model::batch_arn(services.scope, "job-queue", document.job_queue);
    detail.update(identity(services.scope, share.row.name));
    detail["status"] = "VALID";
    return detail;
}

}  // namespace

std::optional<std::string> quota_share_key_of(const model::Scope& scope, std::string_view arn) {
    const auto parsed = model::parse_arn(scope, arn);
    if (!parsed || parsed->type != "job-queue") return std::nullopt;
    const auto at = parsed->name.find(kInfix);
    if (at == std::string::npos) return std::nullopt;
    return model::quota_share_key(parsed->name.substr(0, at),
                                  parsed->name.substr(at + kInfix.size()));
}

Task<Answer> create_quota_share(Call call) {
    auto request = json::decode<CreateRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    auto named = require("quotaShareName", request->quota_share_name);
    if (!named) co_return error_of(named);
    request->job_queue = model::name_of(call.scope(), "job-queue", request->job_queue);
    if (auto valid = model::validate_tags(request->tags); !valid) co_return error_of(valid);
    if (auto valid = model::validate(*request); !valid) co_return error_of(valid);
    const std::string key = model::quota_share_key(request->job_queue, request->quota_share_name);
    core::CreateQuotaShare event;
    event.tags = json::to_text(request->tags);
    event.document = std::move(*request);
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    co_return identity(call.scope(), key);
}

Task<Answer> describe_quota_share(Call call) {
    auto request = json::decode<ArnRequest>(call.body);
    if (!request) co_return error_of(request);
    auto key = key_in(call, request->quota_share_arn);
    if (!key) co_return error_of(key);
    const store::ResourceFilter filter{
        .kind = model::ResourceKind::QuotaShare, .names = {*key}, .patterns = {}};
    auto page = co_await read(call.services, [filter](store::Reader& reader) {
        return reader.resources(filter, std::nullopt, 1);
    });
    if (!page) co_return error_of(page);
    if (page->items.empty()) {
        co_return fail(ErrorKind::NotFound,
                       "quotaShare '" + request->quota_share_arn + "' does not exist");
    }
    Json detail = detail_of(call.on(), page->items.front());
    detail["tags"] = tags_of(page->items.front().tags);
    co_return detail;
}

Task<Answer> list_quota_shares(Call call) {
    auto request = json::decode<ListRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    auto limit = page_size(request->max_results, kMaxPage);
    if (!limit) co_return error_of(limit);
    const std::string queue = model::name_of(call.scope(), "job-queue", request->job_queue);
    const std::string token_kind = "quota-shares/" + queue;
    auto after = read_token(token_kind, request->next_token);
    if (!after) co_return error_of(after);
    if (!call.on().engine.view()->find_queue(queue)) {
        co_return fail(ErrorKind::NotFound, "JobQueue " + queue + " not found.");
    }
    store::ResourceFilter filter{
        .kind = model::ResourceKind::QuotaShare, .names = {}, .patterns = {}};
    filter.prefix = model::quota_share_key(queue, "");
    auto page = co_await read(call.services,
                              [filter, after = *after, limit = *limit](store::Reader& reader) {
                                  return reader.resources(filter, after, limit);
                              });
    if (!page) co_return error_of(page);
    Json list = Json::array();
    for (const auto& item : page->items) list.push_back(detail_of(call.on(), item));
    Json answer{{"quotaShares", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token(token_kind, *page->next);
    co_return answer;
}

Task<Answer> update_quota_share(Call call) {
    auto request = json::decode<UpdateRequest>(call.body);
    if (!request) co_return error_of(request);
    auto key = key_in(call, request->quota_share_arn);
    if (!key) co_return error_of(key);
    auto done = co_await execute(
        call.services, core::UpdateQuotaShare{.key = *key, .update = std::move(*request)});
    if (!done) co_return error_of(done);
    co_return identity(call.scope(), *key);
}

Task<Answer> delete_quota_share(Call call) {
    auto request = json::decode<ArnRequest>(call.body);
    if (!request) co_return error_of(request);
    auto key = key_in(call, request->quota_share_arn);
    if (!key) co_return error_of(key);
    co_return co_await carry_out(call.services, core::DeleteQuotaShare{.key = *std::move(key)});
}

}  // namespace batchd::api::batch
