#include "batchd/model/names.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxKeyCharacters = 128;
constexpr std::size_t kMaxValueCharacters = 256;

/// AWS means Unicode's letters and digits; what is not ASCII counts as one.
bool is_tag_character(char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view(" _.:/=+-@").find(c) != std::string_view::npos;
}

bool is_tag_text(std::string_view text) { return std::ranges::all_of(text, is_tag_character); }

Result<> validate_tag(const std::string& key, const std::string& value) {
    if (key.empty() || characters(key) > kMaxKeyCharacters) {
        return invalid_argument(
            fmt::format("tag key {} must have 1 to {} characters", quote(key), kMaxKeyCharacters));
    }
    if (characters(value) > kMaxValueCharacters) {
        return invalid_argument(fmt::format("value {} of tag {} must have at most {} characters",
                                            quote(value), quote(key), kMaxValueCharacters));
    }
    if (!is_tag_text(key) || !is_tag_text(value)) {
        return invalid_argument(
            "Tags can only contain letters, numbers, spaces, and the following special "
            "characters: _ . : / = + - @");
    }
    if (to_lower(key).starts_with("aws:")) {
        return invalid_argument(
            fmt::format("tag key {} must not begin with 'aws:', which is reserved", quote(key)));
    }
    return {};
}

}  // namespace

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Result<> validate_tags(const std::map<std::string, std::string>& tags) {
    if (tags.size() > kMaxTags) {
        return invalid_argument(
            fmt::format("tags must have at most {} entries, got {}", kMaxTags, tags.size()));
    }
    for (const auto& [key, value] : tags) BATCHD_TRY(validate_tag(key, value));
    return {};
}

}  // namespace batchd::model
