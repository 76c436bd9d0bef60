#include "api/errors.hpp"

#include "api/hints.hpp"
#include "batchd/base/json.hpp"

namespace batchd::api {
namespace {

struct Mapping {
    int native_status;
    int aws_status;
    std::string_view code;
};

Mapping mapping_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::InvalidArgument:
            return {400, 400, "ClientException"};
        case ErrorKind::NotFound:
            return {404, 400, "ClientException"};
        case ErrorKind::Conflict:
            return {409, 400, "ClientException"};
        case ErrorKind::Capacity:
            return {409, 400, "ClientException"};
        case ErrorKind::Throttled:
            return {429, 429, "TooManyRequestsException"};
        case ErrorKind::Unavailable:
            return {503, 500, "ServerException"};
        case ErrorKind::Cancelled:
            return {503, 500, "ServerException"};
        case ErrorKind::Internal:
            return {500, 500, "ServerException"};
    }
    return {500, 500, "ServerException"};
}

http::Response json11_error(int status, std::string_view code, const std::string& message) {
    json::Json body = json::Json::object();
    body["__type"] = std::string(code);
    body["message"] = message;
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/x-amz-json-1.1");
    response.headers.add("x-amzn-ErrorType", std::string(code));
    response.body = json::dump(body);
    return response;
}

}  // namespace

http::Response json_response(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

http::Response error_response(int status, std::string_view code, const std::string& message,
                              const std::string& hint) {
    json::Json body = json::Json::object();
    body["message"] = message;
    body["code"] = std::string(code);
    if (!hint.empty()) body["hint"] = hint;
    http::Response response = json_response(status, json::dump(body));
    response.headers.add("x-amzn-ErrorType", std::string(code));
    return response;
}

http::Response native_error_response(int status, std::string_view code, const std::string& message,
                                     const std::string& hint) {
    auto response =
        error_response(status, code, message, hint.empty() ? std::string(hint_for(message)) : hint);
    response.body += '\n';
    return response;
}

http::Response aws_error(const Error& error) {
    const Mapping mapping = mapping_of(error.kind);
    return error_response(mapping.aws_status, mapping.code, error.message);
}

http::Response native_error(const Error& error, const std::string& hint) {
    const Mapping mapping = mapping_of(error.kind);
    return native_error_response(mapping.native_status, mapping.code, error.message, hint);
}

http::Response logs_error(const Error& error) {
    const bool is_ours = error.kind == ErrorKind::Internal || error.kind == ErrorKind::Unavailable;
    const std::string_view code = is_ours ? "ServiceUnavailableException"
                                  : error.kind == ErrorKind::NotFound ? "ResourceNotFoundException"
                                                                      : "InvalidParameterException";
    return json11_error(is_ours ? 500 : 400, code, error.message);
}

http::Response unknown_logs_operation(const std::string& message) {
    return json11_error(400, "UnknownOperationException", message);
}

}  // namespace batchd::api
