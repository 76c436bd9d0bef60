#include "batchd/base/json.hpp"

#include <algorithm>

namespace batchd::json {
namespace {

/// Deeper documents are refused: the parser and the decoders recurse or copy per level.
constexpr int kMaxDepth = 64;

/// Of an unknown member, as it is told.
constexpr std::size_t kLongestName = 60;

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
    std::size_t known = 0;
    for (const Member& member : members_) {
        const auto found = value.find(member.name);
        if (found == value.end()) continue;
        ++known;
        if (found->is_null()) continue;
        const Path here{.parent = &path, .name = member.name};
        BATCHD_TRY(member.decode(*found, member.in(object), here));
    }
    if (known < value.size()) note_unknown(value, path);
    return {};
}

/// For the list of the path's root, if it has one.
void Members::note_unknown(const Json& value, const Path& path) const {
    const Path* root = &path;
    while (root->parent) root = root->parent;
    if (!root->unknown) return;
    const std::string place = path.text();
    for (auto entry = value.begin(); entry != value.end(); ++entry) {
        const bool is_known =
            std::ranges::find(members_, entry.key(), &Member::name) != members_.end();
        if (is_known || entry->is_null()) continue;
        if (root->unknown->size() == kMostUnknown) return;
        root->unknown->push_back((place.empty() ? "" : place + ".") +
                                 entry.key().substr(0, kLongestName));
    }
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
