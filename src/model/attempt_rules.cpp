// What an attempt's end says of its cause.
#include "batchd/model/job.hpp"

#include <algorithm>
#include <array>

namespace batchd::model {
namespace {

/// An image that nobody has, or may have, is not there at the next try either.
bool is_no_such_image(const std::string& reason) {
    constexpr std::array<std::string_view, 7> kSigns{
        "not found",     "manifest unknown",  "denied",      "unauthorized",
        "No such image", "invalid reference", "AccessDenied"};
    return std::ranges::any_of(kSigns,
                               [&](std::string_view sign) { return reason.contains(sign); });
}

}  // namespace

bool is_infrastructure_failure(const Attempt& attempt) {
    if (attempt.exit_code) return false;
    if (attempt.status_reason.starts_with("Host EC2 ") ||
        attempt.status_reason.starts_with(kStartingTooLong)) {
        return true;
    }
    return attempt.reason.starts_with("CannotPullContainerError") &&
           !is_no_such_image(attempt.reason);
}

}  // namespace batchd::model
