// What AWS answers instead of what was asked for, and what that calls for. Any thread.
#pragma once

#include "batchd/base/result.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace batchd::aws {

/// What a caller does about an error.
enum class ErrorClass {
    Capacity,       ///< AWS has none of this type here now: try another, come back in minutes
    Quota,          ///< the account may have no more of it: come back much later
    Throttling,     ///< too fast, or AWS is in trouble: try again later with the same ClientToken
    Configuration,  ///< a parameter or a permission is wrong: somebody has to change something
    Credentials,    ///< there are none, or AWS does not take them
    Unreachable,    ///< no answer, or none that is AWS's: whether it was done is not known
    Other,          ///< what the code says
};

std::string_view to_string(ErrorClass error_class);

struct ApiError {
    std::string code;     ///< AWS's, such as "InsufficientInstanceCapacity"; ours if it sent none
    std::string message;  ///< without keys, tokens or secrets
    int status = 0;       ///< of HTTP; 0 without an answer
    ErrorClass error_class = ErrorClass::Other;

    std::string text() const;  ///< "code: message"
};

template <class T = void>
using Outcome = std::expected<T, ApiError>;

/// By AWS's code; by the HTTP status if the code is in no list.
ErrorClass classify(std::string_view code, int status);

/// For callers that see no AWS: Throttled, Unavailable, Capacity, InvalidArgument, NotFound.
Error to_error(const ApiError& error);

}  // namespace batchd::aws
