#include "batchd/base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace batchd {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::InvalidArgument:
            return "InvalidArgument";
        case ErrorKind::NotFound:
            return "NotFound";
        case ErrorKind::Conflict:
            return "Conflict";
        case ErrorKind::Capacity:
            return "Capacity";
        case ErrorKind::Throttled:
            return "Throttled";
        case ErrorKind::Unavailable:
            return "Unavailable";
        case ErrorKind::Cancelled:
            return "Cancelled";
        case ErrorKind::Internal:
            return "Internal";
    }
    return "Internal";
}

bool is_retryable(ErrorKind kind) {
    return kind == ErrorKind::Throttled || kind == ErrorKind::Unavailable;
}

void check_failed(const char* condition, const char* why, const char* file, int line) {
    std::fprintf(stderr, "batchd: broken invariant: %s (%s) at %s:%d\n", why, condition, file,
                 line);
    std::abort();
}

}  // namespace batchd
