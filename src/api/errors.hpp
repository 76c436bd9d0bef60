// From our errors to what clients of AWS see.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/http/message.hpp"

#include <string>
#include <string_view>

namespace batchd::api {

/// AWS Batch knows two errors: ClientException (400) and ServerException (500); its front door adds
/// TooManyRequestsException (429). Code in the header x-amzn-ErrorType, text in the body's
/// "message".
http::Response aws_error(const Error& error);

/// The same body with the HTTP status that fits: 400, 404, 409, 429, 503, 500. For /api/v1. A
/// `hint` says what to do next, where that is known; without one it is that of api/hints.hpp.
http::Response native_error(const Error& error, const std::string& hint = {});

/// CloudWatch Logs speaks JSON 1.1: the code stands in the body's "__type".
http::Response logs_error(const Error& error);

/// AWS's answer of the JSON 1.1 protocol to an operation that it does not know.
http::Response unknown_logs_operation(const std::string& message);

http::Response error_response(int status, std::string_view code, const std::string& message,
                              const std::string& hint = {});

/// For /api/v1: as native_error, with a status of its own.
http::Response native_error_response(int status, std::string_view code, const std::string& message,
                                     const std::string& hint = {});

http::Response json_response(int status, std::string body);

}  // namespace batchd::api
