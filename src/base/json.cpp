#include "batchd/base/json.hpp"

namespace batchd::json {
namespace {

/// Deeper documents are refused: the parser and the decoders recurse or copy per level.
constexpr int kMaxDepth = 64;

bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kMaxDepth) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace

std::string Path::text() const {
    if (!parent) return {};
    std::string prefix = parent->text();
    if (name.empty()) return prefix + "[" + std::to_string(index) + "]";
    return prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
}

std::string camel_case(std::string_view snake) {
    std::string camel;
    bool upper = false;
    for (const char c : snake) {
        if (c == '_') {
            upper = !camel.empty();
        } else {
            camel.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
            upper = false;
        }
    }
    return camel;
}

std::string excerpt(const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
}

std::unexpected<Error> type_error(const Path& path, std::string_view expected, const Json& value) {
    std::string where = path.text();
    if (where.empty()) where = "the request body";
    return invalid_argument(where + " must be " + std::string(expected) + ", got " +
                            excerpt(value));
}

Result<Json> parse(std::string_view text) {
    if (too_deep(text)) {
        return invalid_argument("the JSON text is nested more than " + std::to_string(kMaxDepth) +
                                " levels deep");
    }
    try {
        return Json::parse(text);
    } catch (const Json::exception& e) {
        // "[json.exception.parse_error.101] parse error at line 1, column 5: …": keep what
        // follows.
        std::string_view what = e.what();
        if (const auto end = what.find("] "); end != std::string_view::npos)
            what.remove_prefix(end + 2);
        return invalid_argument("the text is not valid JSON: " + std::string(what));
    }
}

Result<> Members::decode(const Json& value, void* object, const Path& path) const {
    if (!value.is_object()) return type_error(path, "an object", value);
    for (const Member& member : members_) {
        const auto found = value.find(member.name);
        if (found == value.end() || found->is_null()) continue;
        const Path here{.parent = &path, .name = member.name};
        BATCHD_TRY(member.decode(*found, member.in(object), here));
    }
    return {};
}

Json Members::encode(const void* object) const {
    Json out = Json::object();
    for (const Member& member : members_) {
        Json value;
        // It is only looked at; a const twin of `in` would be one function more per member.
        if (member.encode(member.in(const_cast<void*>(object)), value)) {
            out.emplace(member.name, std::move(value));
        }
    }
    return out;
}

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace batchd::json
