#include "batchd/aws/logs.hpp"

#include "aws/json_reading.hpp"

namespace batchd::aws {

Outcome<LogPage> get_log_events(Client& client, const GetLogEvents& request) {
    json::Json body{{"logGroupName", request.group},
                    {"logStreamName", request.stream},
                    {"startFromHead", true}};
    if (request.from) body["startTime"] = to_epoch_ms(*request.from);
    if (!request.next_token.empty()) body["nextToken"] = request.next_token;
    const auto answer = client.call_json(
        {.service = kLogs, .operation = "GetLogEvents", .region = request.region}, body);
    if (!answer) return std::unexpected(answer.error());
    LogPage page{.next_token = text(*answer, "nextForwardToken")};
    for (const auto& event : member(*answer, "events")) {
        page.events.push_back({.time = from_epoch_ms(integer(event, "timestamp").value_or(0)),
                               .message = text(event, "message")});
    }
    return page;
}

Outcome<> create_log_group(Client& client, const std::string& name) {
    const auto answer =
        client.call_json({.service = kLogs, .operation = "CreateLogGroup", .has_answer = false},
                         {{"logGroupName", name}});
    if (answer || answer.error().code == "ResourceAlreadyExistsException") return {};
    return std::unexpected(answer.error());
}

}  // namespace batchd::aws
