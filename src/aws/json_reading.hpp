// Reads what AWS may or may not have put into an answer. Pure.
#pragma once

#include "batchd/aws/error.hpp"
#include "batchd/base/json.hpp"
#include "batchd/base/time.hpp"

#include <optional>
#include <string>

namespace batchd::aws {

/// Null if it is missing.
inline const json::Json& member(const json::Json& object, const char* name) {
    static const json::Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(name);
    return found == object.end() ? null : *found;
}

/// Empty if it is missing, or no string.
inline std::string text(const json::Json& object, const char* name) {
    const auto& value = member(object, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

inline std::optional<std::int64_t> integer(const json::Json& object, const char* name) {
    const auto& value = member(object, name);
    if (!value.is_number_integer()) return std::nullopt;
    return value.get<std::int64_t>();
}

/// Epoch seconds with a fraction, as JSON 1.1 has them.
inline std::optional<Timestamp> epoch_seconds(const json::Json& object, const char* name) {
    const auto& value = member(object, name);
    if (!value.is_number()) return std::nullopt;
    return from_epoch_ms(static_cast<std::int64_t>(value.get<double>() * 1000.0 + 0.5));
}

/// An answer of AWS that lacks what it must have.
inline std::unexpected<ApiError> malformed(std::string_view operation, std::string_view lacks) {
    return std::unexpected(
        ApiError{.code = "MalformedAnswer",
                 .message = std::string(operation) + " answered without " + std::string(lacks),
                 .status = 200,
                 .error_class = ErrorClass::Unreachable});
}

}  // namespace batchd::aws
