// JSON that is composed from stored JSON: texts are copied, not parsed into trees and written
// again. Cheap to include. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace batchd::json {

/// Appends one object, member by member, to a text. Names are written as they are.
class ObjectText {
  public:
    /// `out` must outlive the object text.
    explicit ObjectText(std::string& out) : out_(out) { out_ += '{'; }

    /// `value` is JSON already.
    ObjectText& raw(std::string_view member, std::string_view value);
    /// Invalid UTF-8 becomes U+FFFD.
    ObjectText& string(std::string_view member, std::string_view value);
    ObjectText& number(std::string_view member, std::int64_t value);
    ObjectText& boolean(std::string_view member, bool value);
    /// Members that were written elsewhere: `"a":1,"b":2`, or nothing.
    ObjectText& members(std::string_view text);
    /// The name; the caller appends the value to the text.
    ObjectText& name(std::string_view member);
    void close() { out_ += '}'; }

  private:
    std::string& out_;
    bool is_first_ = true;
};

/// Appends `text` as a JSON string, quotes included.
void append_string(std::string& out, std::string_view text);

/// Calls `on_member(name, value)` for each member of the object that `text` is, in order; both are
/// parts of `text`, the value as JSON. For texts that json::dump wrote: anything else ends the walk
/// early.
void for_each_member(std::string_view text,
                     const std::function<void(std::string_view, std::string_view)>& on_member);

/// What stands between the braces of an object that json::dump wrote.
std::string_view inside(std::string_view object);

}  // namespace batchd::json
