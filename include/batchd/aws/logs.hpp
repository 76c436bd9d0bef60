// Calls of Amazon CloudWatch Logs. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"

#include <string>
#include <vector>

namespace batchd::aws {

struct LogEvent {
    Timestamp time{};
    std::string message{};
};

struct LogPage {
    std::vector<LogEvent> events{};
    std::string next_token{};  ///< for what comes later; the same again when there is nothing yet
};

/// The events after `next_token`, oldest first; from the first one on without a token.
Outcome<LogPage> get_log_events(Client& client, const std::string& group, const std::string& stream,
                                const std::string& next_token);

}  // namespace batchd::aws
