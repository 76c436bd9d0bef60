#include "api/router.hpp"

#include <boost/algorithm/string/case_conv.hpp>

namespace batchd::api {
namespace {

constexpr std::string_view kBatch = "/v1/";
constexpr std::string_view kTags = "/v1/tags/";
constexpr std::string_view kLogsTarget = "Logs_20140328.";

const std::unordered_map<std::string, const batch::Operation*>& batch_paths() {
    static const auto paths = [] {
        std::unordered_map<std::string, const batch::Operation*> map;
        for (const auto& operation : batch::operations()) {
            map.emplace(
                kBatch.data() + boost::algorithm::to_lower_copy(std::string(operation.name)),
                &operation);
        }
        return map;
    }();
    return paths;
}

/// The raw segments in place of {id} and {host}.
struct Segments {
    std::string_view id;
    std::string_view host;
};

/// Matches "/a/{id}/b".
bool matches(std::string_view pattern, std::string_view path, Segments& segments) {
    for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
        if (!path.starts_with(pattern.substr(0, open))) return false;
        path.remove_prefix(open);
        pattern.remove_prefix(open);
        const auto end = std::min(path.find('/'), path.size());
        if (end == 0) return false;
        (pattern.starts_with("{id}") ? segments.id : segments.host) = path.substr(0, end);
        path.remove_prefix(end);
        pattern.remove_prefix(pattern.find('}') + 1);
    }
    return pattern == path;
}

Target route_native(const http::Request& request) {
    bool path_exists = false;
    for (const auto& route : native::routes()) {
        Segments segments;
        if (!matches(route.path, request.path, segments)) continue;
        path_exists = true;
        if (route.method != request.method &&
            !(route.method == "GET" && request.method == "HEAD")) {
            continue;
        }
        auto id = http::percent_decode(segments.id);
        auto host = http::percent_decode(segments.host);
        if (!id || !host) {
            return NoRoute{400, "path " + request.path + " has a malformed %-escape"};
        }
        return NativeRoute{.route = &route, .id = std::move(*id), .host = std::move(*host)};
    }
    if (path_exists) return NoRoute{405, request.method + " is not allowed on " + request.path};
    return NoRoute{404, "there is nothing at " + request.method + " " + request.path};
}

Target route_batch(const http::Request& request) {
    if (request.path.starts_with(kTags)) {
        auto arn = http::percent_decode(request.path.substr(kTags.size()));
        if (!arn) return NoRoute{400, "path " + request.path + " has a malformed %-escape"};
        if (request.method != "GET" && request.method != "POST" && request.method != "DELETE") {
            return NoRoute{405,
                           "tags are read by GET, set by POST and taken away by DELETE, not by " +
                               request.method};
        }
        return TagsRoute{std::move(*arn)};
    }
    const auto& paths = batch_paths();
    const auto found = paths.find(request.path);
    if (found == paths.end()) {
        return NoRoute{404, "AWS Batch has no operation at " + request.path};
    }
    if (request.method != "POST") {
        return NoRoute{
            405, std::string(found->second->name) + " is called by POST, not " + request.method};
    }
    return found->second;
}

Target route_logs(std::string_view target) {
    for (const auto& operation : cloudwatch::operations()) {
        if (target.substr(kLogsTarget.size()) == operation.name) return &operation;
    }
    return NoRoute{400,
                   "X-Amz-Target '" + std::string(target) +
                       "' is not served; of CloudWatch Logs DescribeLogGroups, "
                       "DescribeLogStreams, FilterLogEvents and GetLogEvents are",
                   true};
}

}  // namespace

Target route(const http::Request& request) {
    if (request.path.starts_with(kBatch)) return route_batch(request);
    if (request.path == "/" && request.method == "POST") {
        const auto target = request.headers.find("X-Amz-Target").value_or("");
        if (target.starts_with(kLogsTarget)) return route_logs(target);
        return NoRoute{400,
                       "POST / needs a header X-Amz-Target of CloudWatch Logs (Logs_20140328.*)"};
    }
    return route_native(request);
}

}  // namespace batchd::api
