#include "runtime/outcome.hpp"

namespace batchd::runtime {
namespace {

/// As ECS shows them. An Engine or a registry may answer with a whole page.
constexpr std::size_t kMaxReasonBytes = 255;

ports::AttemptOutcome host_failed(const std::string& host, std::string_view what,
                                  Timestamp stopped_at) {
    return {.exit_code = std::nullopt,
            .reason = "Host " + host + ": " + std::string(what),
            .status_reason = "Host EC2 (instance " + host + ") terminated.",
            .stopped_at = stopped_at};
}

}  // namespace

std::string shortened(std::string text) {
    if (text.size() <= kMaxReasonBytes) return text;
    std::size_t end = kMaxReasonBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

ports::AttemptOutcome failed_to_start(std::string reason, std::optional<std::int32_t> exit_code,
                                      Timestamp now) {
    return {.exit_code = exit_code,
            .reason = shortened(std::move(reason)),
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
    return host_failed(host, "the container disappeared", now);
}

ports::AttemptOutcome lost_with_host(const std::string& host, Timestamp stopped_at) {
    return host_failed(host, "its Docker Engine ended, and the container with it", stopped_at);
}

}  // namespace batchd::runtime
