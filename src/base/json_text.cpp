#include "batchd/base/json_text.hpp"

#include "batchd/base/json.hpp"

#include <algorithm>
#include <charconv>

namespace batchd::json {
namespace {

/// Printable ASCII needs no escape but for these two.
bool is_plain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           c != '"' && c != '\\';
}

/// The place behind the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
    }
    return std::min(at + 1, text.size());
}

/// The place behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = end_of_string(text, at);
            if (depth == 0) return at;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at;
        if (depth == 0 && (c == '}' || c == ']')) return at;
    }
    return at;
}

}  // namespace

ObjectText& ObjectText::name(std::string_view member) {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    out_ += '"';
    out_ += member;
    out_ += "\":";
    return *this;
}

ObjectText& ObjectText::raw(std::string_view member, std::string_view value) {
    name(member);
    out_ += value;
    return *this;
}

ObjectText& ObjectText::string(std::string_view member, std::string_view value) {
    name(member);
    append_string(out_, value);
    return *this;
}

ObjectText& ObjectText::number(std::string_view member, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    return raw(member, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

ObjectText& ObjectText::boolean(std::string_view member, bool value) {
    return raw(member, value ? "true" : "false");
}

ObjectText& ObjectText::members(std::string_view text) {
    if (text.empty()) return *this;
    if (!is_first_) out_ += ',';
    is_first_ = false;
    out_ += text;
    return *this;
}

void append_string(std::string& out, std::string_view text) {
    if (std::ranges::all_of(text, is_plain)) {
        out += '"';
        out += text;
        out += '"';
    } else {
        out += dump(Json(std::string(text)));
    }
}

void for_each_member(std::string_view text,
                     const std::function<void(std::string_view, std::string_view)>& on_member) {
    if (!text.starts_with('{')) return;
    std::size_t at = 1;
    while (at < text.size() && text[at] == '"') {
        const std::size_t name_end = end_of_string(text, at);
        const std::size_t value_end = end_of_value(text, name_end + 1);
        if (name_end >= text.size() || text[name_end] != ':' || value_end >= text.size()) return;
        on_member(text.substr(at + 1, name_end - at - 2),
                  text.substr(name_end + 1, value_end - name_end - 1));
        at = value_end + 1;  // behind the comma, or the closing brace
    }
}

std::string_view inside(std::string_view object) {
    if (object.size() < 2 || !object.starts_with('{') || !object.ends_with('}')) return {};
    return object.substr(1, object.size() - 2);
}

}  // namespace batchd::json
