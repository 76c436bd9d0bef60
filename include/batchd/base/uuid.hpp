// UUIDs, and where new ones come from.
#pragma once

#include "batchd/base/time.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace batchd {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Lower-case text with hyphens, 36 characters.
std::string to_string(const Uuid& id);
/// Exactly the form of to_string; anything else is nullopt.
std::optional<Uuid> parse_uuid(std::string_view text);

/// A UUID version 7 (RFC 9562): milliseconds first, so that ids grow in time and an index over them
/// is filled at its end; the rest is random. Any thread.
Uuid make_uuid(Timestamp now);

}  // namespace batchd

template <>
struct std::hash<batchd::Uuid> {
    std::size_t operator()(const batchd::Uuid& id) const noexcept {
        std::uint64_t random_half = 0;  // the second half of a version 7 UUID is random
        std::memcpy(&random_half, id.bytes.data() + 8, 8);
        return random_half;
    }
};
