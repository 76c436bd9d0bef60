#include "runtime/outcome.hpp"

namespace batchd::runtime {

ports::AttemptOutcome failed_to_start(std::string reason, std::optional<std::int32_t> exit_code,
                                      Timestamp now) {
    return {.exit_code = exit_code,
            .reason = std::move(reason),
            .status_reason = "Task failed to start",
            .stopped_at = now};
}

std::string start_error_reason(std::string_view what, const Error& error) {
    if (error.kind == ErrorKind::Cancelled) return error.message;  // DockerTimeoutError: ...
    if (what == "CannotPullContainerError") return std::string(what) + ": " + error.message;
    return std::string(what) + ": Error response from daemon: " + error.message;
}

ports::AttemptOutcome exited(std::int32_t exit_code, bool oom_killed, Timestamp stopped_at) {
    return {.exit_code = exit_code,
            .reason = oom_killed ? "OutOfMemoryError: Container killed due to memory usage" : "",
            .status_reason = "Essential container in task exited",
            .stopped_at = stopped_at};
}

ports::AttemptOutcome disappeared(const std::string& host, Timestamp now) {
    return {.exit_code = std::nullopt,
            .reason = "Host " + host + ": the container disappeared",
            .status_reason = "Host EC2 (instance " + host + ") terminated.",
            .stopped_at = now};
}

}  // namespace batchd::runtime
