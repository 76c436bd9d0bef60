// Calls of Amazon CloudWatch Logs. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/base/time.hpp"

#include <optional>
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

struct GetLogEvents {
    std::string group{};
    std::string stream{};
    std::string region{};             ///< empty: the client's
    std::optional<Timestamp> from{};  ///< nullopt: the first event; the same in all pages
    std::string next_token{};         ///< empty: the first page
};
/// Oldest first.
Outcome<LogPage> get_log_events(Client& client, const GetLogEvents& request);

/// One of that name that exists is no error.
Outcome<> create_log_group(Client& client, const std::string& name);

}  // namespace batchd::aws
