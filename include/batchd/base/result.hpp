// Result and Error: how functions report what can fail in normal life.
//
// Any thread. Exceptions stay inside one function around a throwing library; everything that
// crosses a function boundary of ours is a Result.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace batchd {

/// What callers switch on. Everything else about an error is text for people.
enum class ErrorKind {
    InvalidArgument,  ///< the caller's input breaks a rule; repeating it cannot help
    NotFound,         ///< the named thing does not exist
    Conflict,         ///< the thing exists, but its state forbids the request
    Capacity,         ///< a limit of ours is reached
    Throttled,        ///< too many requests; try again later
    Unavailable,      ///< a peer (Docker, AWS, the disk) does not answer; try again later
    Cancelled,        ///< the operation was given up on purpose
    Internal,         ///< our bug, or damage that we did not expect
};

std::string_view to_string(ErrorKind kind);

/// Whether the same request may succeed later without a change.
bool is_retryable(ErrorKind kind);

struct Error {
    ErrorKind kind = ErrorKind::Internal;
    std::string message;  ///< may be shown to a client: names the field, the value and the rule
    std::string context;  ///< for the log only
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorKind::NotFound, "…");` in a function that returns any Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                 std::string context = {}) {
    return std::unexpected(Error{kind, std::move(message), std::move(context)});
}

[[nodiscard]] inline std::unexpected<Error> invalid_argument(std::string message) {
    return fail(ErrorKind::InvalidArgument, std::move(message));
}

/// Ends the process with `why`: the broken invariant is our bug, the state is committed, a restart
/// is safe. Never for input.
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace batchd

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the text of the condition is what helps in the
// log.
#define BATCHD_CHECK(condition, why) \
    ((condition) ? void(0) : ::batchd::check_failed(#condition, why, __FILE__, __LINE__))

// Leaves the enclosing function with the error of `expression`, a Result without a value.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define BATCHD_TRY(expression)                                            \
    do {                                                                  \
        if (auto batchd_try_result = (expression); !batchd_try_result)    \
            return std::unexpected(std::move(batchd_try_result).error()); \
    } while (false)
