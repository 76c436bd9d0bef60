// Asks a program for a text. Any thread.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/stop_event.hpp"
#include "batchd/base/time.hpp"

#include <string>
#include <vector>

namespace batchd {

/// What `command`, without a shell, prints on stdout, without the last newline: 64 KiB at most.
/// NotFound with the first line of its stderr if it fails; Unavailable if it cannot be started or
/// takes longer than `limit`, after which it and what it started are killed; Cancelled when `stop`
/// is set. But for the latter, messages go on after the command's name: "failed with ...".
Result<std::string> run_command(const std::vector<std::string>& command, Milliseconds limit,
                                const StopEvent& stop);

}  // namespace batchd
