// The part of CloudWatch Logs that reads job logs: JSON 1.1, POST / with
// X-Amz-Target: Logs_20140328.<operation>.
#pragma once

#include "api/call.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace batchd::api::cloudwatch {

struct Operation {
    std::string_view name;
    Task<Answer> (*handler)(Call);
};

std::span<const Operation> operations();

Task<Answer> describe_log_groups(Call call);
Task<Answer> describe_log_streams(Call call);
Task<Answer> filter_log_events(Call call);
Task<Answer> get_log_events(Call call);

/// logGroupName, or the name in logGroupIdentifier (an ARN or a name).
Result<std::string> group_name(const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier);

/// "text" with U+FFFD for invalid UTF-8; CloudWatch has no empty messages: a space stands for one.
std::string message_of(const logs::LogEvent& event);

inline std::int64_t to_ms(std::int64_t time_ns) { return time_ns / 1'000'000; }
/// Times beyond what nanoseconds can tell become the first or the last; a millisecond fits on top.
inline std::int64_t to_ns(std::int64_t time_ms) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000 - 1;
    return std::clamp(time_ms, -kMost, kMost) * 1'000'000;
}

/// ResourceNotFoundException with AWS's text: the group or, if there is one, the stream.
std::unexpected<Error> unknown_stream(store::Reader& reader, const std::string& group);

std::string log_group_arn(const model::Scope& scope, const std::string& group);

}  // namespace batchd::api::cloudwatch
