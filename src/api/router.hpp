// From a request's method and path to the operation that serves it.
#pragma once

#include "api/batch/operations.hpp"
#include "api/cloudwatch/operations.hpp"
#include "api/native/routes.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace batchd::api {

struct TagsRoute {
    std::string arn;  ///< decoded
};
struct NativeRoute {
    const native::Route* route = nullptr;
    std::string id;
    std::string host;
};
/// Nothing here; what and why.
struct NoRoute {
    int status = 404;
    std::string message;
    bool is_for_logs = false;  ///< the client speaks CloudWatch Logs
};

using Target = std::variant<const batch::Operation*, const cloudwatch::Operation*, TagsRoute,
                            NativeRoute, NoRoute>;

Target route(const http::Request& request);

}  // namespace batchd::api
