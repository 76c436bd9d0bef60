#include "api/cloudwatch/operations.hpp"

namespace batchd::api::cloudwatch {
namespace {

constexpr Operation kOperations[] = {
    {"DescribeLogGroups", describe_log_groups},
    {"DescribeLogStreams", describe_log_streams},
    {"FilterLogEvents", filter_log_events},
    {"GetLogEvents", get_log_events},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

Result<std::string> group_name(const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier) {
    if (name && !name->empty()) return *name;
    if (!identifier || identifier->empty()) return invalid_argument("logGroupName is required");
    constexpr std::string_view kMarker = ":log-group:";
    const auto at = identifier->find(kMarker);
    if (at == std::string::npos) return *identifier;
    std::string group = identifier->substr(at + kMarker.size());
    if (group.ends_with(":*")) group.resize(group.size() - 2);
    return group;
}

std::string message_of(const logs::LogEvent& event) {
    return event.message.empty() ? " " : event.message;
}

std::unexpected<Error> unknown_stream(store::Reader& reader, const std::string& group) {
    const auto streams = reader.log_streams(group, "", std::nullopt, 1);
    if (!streams) return std::unexpected(streams.error());
    return fail(ErrorKind::NotFound, streams->items.empty()
                                         ? "The specified log group does not exist."
                                         : "The specified log stream does not exist.");
}

std::string log_group_arn(const model::Scope& scope, const std::string& group) {
    return "arn:aws:logs:" + scope.region + ":" + scope.account + ":log-group:" + group;
}

}  // namespace batchd::api::cloudwatch
