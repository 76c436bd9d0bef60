#include "batchd/base/json.hpp"

#include "batchd/base/json_list.hpp"
#include "batchd/base/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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

namespace {

/// `callback`: nlohmann's, which is told what is parsed and says what is kept; or null.
Result<Json> parse(std::string_view text, const Json::parser_callback_t& callback) {
    if (too_deep(text)) {
        return invalid_argument("the JSON text is nested more than " + std::to_string(kMaxDepth) +
                                " levels deep");
    }
    try {
        return Json::parse(text, callback);
    } catch (const Json::exception& e) {
        // "[json.exception.parse_error.101] parse error at line 1, column 5: …": keep what
        // follows.
        std::string_view what = e.what();
        if (const auto end = what.find("] "); end != std::string_view::npos)
            what.remove_prefix(end + 2);
        return invalid_argument("the text is not valid JSON: " + std::string(what));
    }
}

}  // namespace

Result<Json> parse(std::string_view text) { return parse(text, nullptr); }

Result<Json> parse_each(std::string_view text, std::string_view member,
                        const std::function<void(Json& element)>& visit) {
    using Event = Json::parse_event_t;
    constexpr int kMembers = 1;
    constexpr int kElements = 2;
    bool is_member = false;
    bool is_list = false;
    int members = 0;
    auto rest = parse(text, [&](int depth, Event event, Json& value) {
        if (event == Event::key && depth == kMembers) {
            is_member = value == member;
            if (is_member) ++members;
        }
        if (event == Event::array_start && depth == kMembers) is_list = is_member;
        if (event == Event::array_end && depth == kMembers) is_list = false;
        const bool is_whole =
            event == Event::object_end || event == Event::array_end || event == Event::value;
        if (!is_list || depth != kElements || !is_whole) return true;
        visit(value);
        return false;
    });
    if (!rest || members < 2) return rest;
    return invalid_argument("the member '" + std::string(member) + "' is given more than once");
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

void Members::write(const void* object, std::string& out) const {
    out += '{';
    const std::size_t begin = out.size();
    for (const Member& member : members_) {
        const std::size_t before = out.size();
        if (before > begin) out += ',';
        out += '"';
        out += member.name;
        out += "\":";
        // It is only looked at; a const twin of `in` would be one function more per member.
        if (!member.write(member.in(const_cast<void*>(object)), out)) out.resize(before);
    }
    out += '}';
}

void write(std::string_view value, std::string& out) { append_string(out, value); }

void write(bool value, std::string& out) { out += value ? "true" : "false"; }

void write(std::int64_t value, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{}", value);
}

void write(double value, std::string& out) { out += dump(value); }

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace batchd::json
