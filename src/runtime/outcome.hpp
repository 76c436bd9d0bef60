// The ways in which an attempt ends, in AWS's words. Pure.
#pragma once

#include "batchd/ports/container_runtime.hpp"

#include <optional>
#include <string>

namespace batchd::runtime {

/// As ECS shows reasons, 255 bytes at most; cut between two characters of UTF-8.
std::string shortened(std::string text);

/// Never ran: AWS's statusReason is "Task failed to start". `reason` is container.reason.
ports::AttemptOutcome failed_to_start(std::string reason, std::optional<std::int32_t> exit_code,
                                      Timestamp now);

/// `error` is what the Engine, or the time-out of a call, said; `what` is such as
/// "CannotStartContainerError".
std::string start_error_reason(std::string_view what, const Error& error);

ports::AttemptOutcome exited(std::int32_t exit_code, bool oom_killed, Timestamp stopped_at);

/// The container ran, and is gone without a trace.
ports::AttemptOutcome disappeared(const std::string& host, Timestamp now);

/// The host's Engine ended, or the whole host, and the container with it.
ports::AttemptOutcome lost_with_host(const std::string& host, Timestamp stopped_at);

}  // namespace batchd::runtime
