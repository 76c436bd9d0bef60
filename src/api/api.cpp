#include "batchd/api/api.hpp"

#include "api/errors.hpp"
#include "api/job_options.hpp"
#include "api/router.hpp"
#include "api/warnings.hpp"

#include <chrono>

namespace batchd::api {
namespace {

constexpr std::string_view kJson11 = "application/x-amz-json-1.1";

/// An empty body counts as {}.
Result<Json> body_of(const http::Request& request) {
    if (request.body.empty()) return Json::object();
    auto body = json::parse(request.body);
    if (body && !body->is_object()) {
        return invalid_argument("the request body must be an object, got " + json::excerpt(*body));
    }
    return body;
}

http::Response batch_response(Result<Answer>& result) {
    if (!result) return aws_error(result.error());
    auto response = json_response(200, std::move(result->text));
    if (result->is_replay) response.headers.add(std::string(kReplayHeader), "true");
    add_warnings(response, result->warnings);
    return response;
}

boost::asio::awaitable<http::Response> call_batch(const Services* services,
                                                  const batch::Operation* operation,
                                                  http::Request request) {
    auto body = body_of(request);
    if (!body) co_return aws_error(body.error());
    auto key = key_of(request);
    if (!key) co_return aws_error(key.error());
    auto result = co_await operation->handler(Call{.services = services,
                                                   .body = std::move(*body),
                                                   .body_bytes = request.body.size(),
                                                   .key = std::move(*key),
                                                   .caller = caller_of(request)});
    co_return batch_response(result);
}

boost::asio::awaitable<http::Response> call_logs(const Services* services,
                                                 const cloudwatch::Operation* operation,
                                                 http::Request request) {
    auto body = body_of(request);
    if (!body) co_return logs_error(body.error());
    auto result = co_await operation->handler(Call{.services = services, .body = std::move(*body)});
    if (!result) co_return logs_error(result.error());
    http::Response response;
    response.headers.add("Content-Type", std::string(kJson11));
    response.body = std::move(result->text);
    co_return response;
}

boost::asio::awaitable<http::Response> call_tags(const Services* services, TagsRoute target,
                                                 http::Request request) {
    auto body = body_of(request);
    if (!body) co_return aws_error(body.error());
    Call call{.services = services, .body = std::move(*body)};
    Result<Answer> result =
        invalid_argument("tags are read by GET, set by POST and removed by DELETE");
    if (request.method == "GET") {
        result = co_await batch::list_tags_for_resource(std::move(call), std::move(target.arn));
    } else if (request.method == "POST") {
        result = co_await batch::tag_resource(std::move(call), std::move(target.arn));
    } else if (request.method == "DELETE") {
        std::vector<std::string> keys;
        for (const auto& [key, value] : request.query) {
            if (key == "tagKeys") keys.push_back(value);
        }
        result =
            co_await batch::untag_resource(std::move(call), std::move(target.arn), std::move(keys));
    }
    co_return batch_response(result);
}

boost::asio::awaitable<http::Response> call_native(const Services* services, NativeRoute target,
                                                   http::Request request) {
    auto result =
        co_await target.route->handler(native::NativeCall{.services = services,
                                                          .request = std::move(request),
                                                          .id = std::move(target.id),
                                                          .host = std::move(target.host)});
    co_return result ? std::move(*result) : native_error(result.error());
}

/// For what never reached an operation.
http::Response http_error(int status, const std::string& message) {
    const std::string_view code = status >= 500   ? "ServerException"
                                  : status == 403 ? "AccessDeniedException"
                                                  : "ClientException";
    return native_error_response(status, code, message);
}

/// The label in metrics and logs.
std::string name_of(const Target& target, const http::Request& request) {
    if (const auto* op = std::get_if<const batch::Operation*>(&target)) {
        return std::string((*op)->name);
    }
    if (const auto* op = std::get_if<const cloudwatch::Operation*>(&target)) {
        return std::string((*op)->name);
    }
    if (const auto* native = std::get_if<NativeRoute>(&target)) {
        return std::string(native->route->name);
    }
    if (!std::holds_alternative<TagsRoute>(target)) return "Unknown";
    return request.method == "GET"    ? "ListTagsForResource"
           : request.method == "POST" ? "TagResource"
                                      : "UntagResource";
}

boost::asio::awaitable<http::Response> call(const Services* services, Target target,
                                            http::Request request) {
    if (const auto* operation = std::get_if<const batch::Operation*>(&target)) {
        co_return co_await call_batch(services, *operation, std::move(request));
    }
    if (const auto* operation = std::get_if<const cloudwatch::Operation*>(&target)) {
        co_return co_await call_logs(services, *operation, std::move(request));
    }
    if (auto* tags = std::get_if<TagsRoute>(&target)) {
        co_return co_await call_tags(services, std::move(*tags), std::move(request));
    }
    if (auto* native = std::get_if<NativeRoute>(&target)) {
        co_return co_await call_native(services, std::move(*native), std::move(request));
    }
    auto& none = std::get<NoRoute>(target);
    co_return none.is_for_logs ? unknown_logs_operation(none.message)
                               : http_error(none.status, none.message);
}

void add_request_id(http::Response& response, Timestamp now) {
    response.headers.add("x-amzn-RequestId", batchd::to_string(make_uuid(now)));
}

}  // namespace

Api::Api(Services services) : services_(std::move(services)) {}

boost::asio::awaitable<http::Response> Api::handle(http::Request request) {
    const auto began = std::chrono::steady_clock::now();
    Target target = route(request);
    const std::string name = name_of(target, request);
    auto response = co_await call(&services_, std::move(target), std::move(request));
    add_request_id(response, services_.clock.now());
    services_.metrics.count_request(name, response.status,
                                    std::chrono::steady_clock::now() - began);
    co_return response;
}

http::Response Api::error(int status, std::string message) {
    http::Response response = http_error(status, message);
    add_request_id(response, SystemClock{}.now());
    return response;
}

}  // namespace batchd::api
