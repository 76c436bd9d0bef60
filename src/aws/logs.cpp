#include "batchd/aws/logs.hpp"

#include "aws/json_reading.hpp"

namespace batchd::aws {

Outcome<LogPage> get_log_events(Client& client, const std::string& group, const std::string& stream,
                                const std::string& next_token) {
    json::Json body{{"logGroupName", group}, {"logStreamName", stream}, {"startFromHead", true}};
    if (!next_token.empty()) body["nextToken"] = next_token;
    const auto answer = client.call_json({.service = kLogs, .operation = "GetLogEvents"}, body);
    if (!answer) return std::unexpected(answer.error());
    LogPage page{.next_token = text(*answer, "nextForwardToken")};
    for (const auto& event : member(*answer, "events")) {
        page.events.push_back({.time = from_epoch_ms(integer(event, "timestamp").value_or(0)),
                               .message = text(event, "message")});
    }
    return page;
}

}  // namespace batchd::aws
