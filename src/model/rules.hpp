// The checks that many rules share. `field` is the member's path as the client wrote it; each error
// names field, value and rule.
#pragma once

#include "batchd/base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

using Names = std::initializer_list<std::string_view>;

/// The value in quotes, cut to a length that fits a message.
std::string quote(std::string_view value);
/// "volumes[2]"
std::string element(std::string_view list, std::size_t index);
std::string join(std::span<const std::string_view> names);

/// ASCII only: for AWS's enumerated values.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
bool is_digits(std::string_view text);
bool contains(std::span<const std::string_view> names, std::string_view name);

/// Makes `value` upper case and demands that it is one of `allowed`.
Result<> expect_enumerated(std::string_view field, std::string& value, Names allowed);
/// As above; an absent value is fine.
Result<> expect_enumerated(std::string_view field, std::optional<std::string>& value,
                           Names allowed);
Result<> expect_between(std::string_view field, std::int64_t value, std::int64_t low,
                        std::int64_t high);
Result<> expect_at_least(std::string_view field, std::int64_t value, std::int64_t low);
Result<> expect_absolute(std::string_view field, std::string_view path);
/// What a system call takes ends at a NUL.
Result<> expect_no_nul(std::string_view field, std::string_view text);
Result<> expect_resource_name(std::string_view field, std::string_view value);
/// AWS: 0 to 9999; an absent one is fine.
Result<> expect_scheduling_priority(const std::optional<std::int32_t>& priority);
/// ENABLED or DISABLED; an empty state becomes ENABLED, AWS's default.
Result<> expect_state(std::string& state);

/// Lists may be sent empty where none is meant, texts too.
template <class T>
bool is_given(const std::optional<T>& value) {
    if constexpr (requires { value->empty(); }) {
        return value && !value->empty();
    } else {
        return value.has_value();
    }
}

}  // namespace batchd::model
