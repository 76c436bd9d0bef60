#include "batchd/http/message.hpp"

#include "http/text.hpp"

#include <algorithm>

namespace batchd::http {
namespace {

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
    const auto field = std::ranges::find_if(fields_, [name](const auto& candidate) {
        return equal_ignoring_case(candidate.first, name);
    });
    if (field == fields_.end()) return std::nullopt;
    return field->second;
}

std::optional<std::string_view> Request::query_value(std::string_view key) const {
    const auto pair = std::ranges::find(query, key, &std::pair<std::string, std::string>::first);
    if (pair == query.end()) return std::nullopt;
    return pair->second;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const auto high = hex_digit(text[i + 1]);
        const auto low = hex_digit(text[i + 2]);
        if (!high || !low) return std::nullopt;
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
    }
    return decoded;
}

}  // namespace batchd::http
