// JSON to described structs and back. A struct is described once, with BOOST_DESCRIBE_STRUCT; its
// members are snake_case and become camelCase on the wire (`job_name` is "jobName").
//
// Decoding: absent and null members keep their default; unknown members are ignored (a newer client
// may send them), but told to who asks; a wrong type is InvalidArgument and names path, rule and
// value. Encoding: an empty optional is omitted, an empty list or map is written, as AWS does in
// its answers.
//
// Expensive to include: only in files that decode or encode. Any thread.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace batchd::json {

using Json = nlohmann::json;

/// Where in the document we are; lives on the stack of the decoder.
struct Path {
    const Path* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;                        ///< of an array element, when `name` is empty
    std::vector<std::string>* unknown = nullptr;  ///< of the root: takes paths of unknown members

    std::string text() const;
};

/// "jobName" for "job_name".
std::string camel_case(std::string_view snake);

/// The value as JSON text, cut to a length that fits an error message.
std::string excerpt(const Json& value);

[[nodiscard]] std::unexpected<Error> type_error(const Path& path, std::string_view expected,
                                                const Json& value);

template <class T>
concept Described = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;

/// An enum with `std::string_view to_string(E)` and `std::optional<E> from_string(std::string_view,
/// E*)`.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
    { to_string(value) } -> std::convertible_to<std::string_view>;
};

/// One member of a described struct.
struct Member {
    std::string name;  ///< on the wire
    void* (*in)(void* object);
    Result<> (*decode)(const Json& value, void* member, const Path& path);
    /// False: an empty optional, which is left out.
    bool (*write)(const void* member, std::string& out);
};

/// The members of a described struct. The loops over them are no templates: forty structs are
/// decoded and written in most files of the API, which took half of its build.
class Members {
  public:
    explicit Members(std::vector<Member> members) : members_(std::move(members)) {}

    Result<> decode(const Json& value, void* object, const Path& path) const;
    void write(const void* object, std::string& out) const;
    const std::vector<Member>& all() const { return members_; }

  private:
    void note_unknown(const Json& value, const Path& path) const;

    std::vector<Member> members_;
};

template <Described T>
const Members& members_of();

template <class T>
Result<> decode(const Json& value, T& out, const Path& path);

inline Result<> decode_value(const Json& value, std::string& out, const Path& path) {
    if (!value.is_string()) return type_error(path, "a string", value);
    out = value.get_ref<const std::string&>();
    return {};
}

inline Result<> decode_value(const Json& value, bool& out, const Path& path) {
    if (!value.is_boolean()) return type_error(path, "true or false", value);
    out = value.get<bool>();
    return {};
}

template <std::signed_integral T>
Result<> decode_value(const Json& value, T& out, const Path& path) {
    constexpr auto kMin = std::numeric_limits<T>::min();
    constexpr auto kMax = std::numeric_limits<T>::max();
    if (!value.is_number_integer()) return type_error(path, "an integer", value);
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(kMax)) {
            return type_error(path, "an integer of at most " + std::to_string(kMax), value);
        }
        out = static_cast<T>(number);
        return {};
    }
    const auto number = value.get<std::int64_t>();
    if (number < kMin)
        return type_error(path, "an integer of at least " + std::to_string(kMin), value);
    out = static_cast<T>(number);
    return {};
}

inline Result<> decode_value(const Json& value, double& out, const Path& path) {
    if (!value.is_number()) return type_error(path, "a number", value);
    out = value.get<double>();
    return {};
}

template <class T>
Result<> decode_value(const Json& value, std::optional<T>& out, const Path& path) {
    return decode(value, out.emplace(), path);
}

template <class T>
Result<> decode_value(const Json& value, std::vector<T>& out, const Path& path) {
    if (!value.is_array()) return type_error(path, "a list", value);
    out.clear();
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        const Path here{.parent = &path, .name = {}, .index = i};
        if (value[i].is_null()) return type_error(here, "a value", value[i]);
        BATCHD_TRY(decode(value[i], out.emplace_back(), here));
    }
    return {};
}

template <class T>
Result<> decode_value(const Json& value, std::map<std::string, T>& out, const Path& path) {
    if (!value.is_object()) return type_error(path, "an object", value);
    out.clear();
    for (auto item = value.begin(); item != value.end(); ++item) {
        const Path here{.parent = &path, .name = item.key()};
        if (item->is_null()) return type_error(here, "a value", *item);
        BATCHD_TRY(decode(*item, out[item.key()], here));
    }
    return {};
}

template <NamedEnum T>
Result<> decode_value(const Json& value, T& out, const Path& path) {
    if (!value.is_string()) return type_error(path, "a string", value);
    const auto parsed = from_string(value.get_ref<const std::string&>(), static_cast<T*>(nullptr));
    if (!parsed) return type_error(path, "one of its known values", value);
    out = *parsed;
    return {};
}

template <Described T>
Result<> decode_value(const Json& value, T& out, const Path& path) {
    return members_of<T>().decode(value, &out, path);
}

template <class T>
Result<> decode(const Json& value, T& out, const Path& path) {
    return decode_value(value, out, path);
}

/// Parses and decodes. Text that is not JSON is InvalidArgument and says at which byte.
Result<Json> parse(std::string_view text);

template <class T>
Result<T> decode(const Json& value) {
    T out{};
    BATCHD_TRY(decode(value, out, Path{}));
    return out;
}

/// Likewise; `unknown` gets the paths of members that are ignored, such as "timeout.colour", at
/// most kMostUnknown of them.
inline constexpr std::size_t kMostUnknown = 20;
template <class T>
Result<T> decode(const Json& value, std::vector<std::string>& unknown) {
    T out{};
    BATCHD_TRY(decode(value, out, Path{.name = {}, .unknown = &unknown}));
    return out;
}

template <class T>
Result<T> parse_as(std::string_view text) {
    auto value = parse(text);
    if (!value) return std::unexpected(std::move(value).error());
    return decode<T>(*value);
}

/// Appends the value as JSON text; invalid UTF-8 (it can come from a container's output) becomes
/// U+FFFD. Without a document in between: the specification of each job is written once.
void write(std::string_view value, std::string& out);
void write(const char* value, std::string& out) = delete;  // it would be a bool
void write(bool value, std::string& out);
void write(std::int64_t value, std::string& out);
void write(double value, std::string& out);
inline void write(const std::string& value, std::string& out) {
    write(std::string_view(value), out);
}
template <std::signed_integral T>
void write(T value, std::string& out) {
    write(static_cast<std::int64_t>(value), out);
}
template <NamedEnum T>
void write(T value, std::string& out) {
    write(std::string_view(to_string(value)), out);
}
template <class T>
void write(const std::vector<T>& list, std::string& out);
template <class T>
void write(const std::map<std::string, T>& map, std::string& out);

template <Described T>
void write(const T& value, std::string& out) {
    members_of<T>().write(&value, out);
}

template <class T>
void write(const std::vector<T>& list, std::string& out) {
    out += '[';
    for (const auto& item : list) {
        if (&item != &list.front()) out += ',';
        write(item, out);
    }
    out += ']';
}

template <class T>
void write(const std::map<std::string, T>& map, std::string& out) {
    out += '{';
    for (auto entry = map.begin(); entry != map.end(); ++entry) {
        if (entry != map.begin()) out += ',';
        write(entry->first, out);
        out += ':';
        write(entry->second, out);
    }
    out += '}';
}

template <class T>
Result<> decode_member(const Json& value, void* member, const Path& path) {
    return decode(value, *static_cast<T*>(member), path);
}

template <class T>
bool write_member(const void* member, std::string& out) {
    const T& value = *static_cast<const T*>(member);
    if constexpr (requires { value.has_value(); }) {
        if (!value) return false;
        write(*value, out);
    } else {
        write(value, out);
    }
    return true;
}

template <class T, class Descriptor>
Member describe_member() {
    using Type = std::remove_reference_t<decltype(std::declval<T&>().*Descriptor::pointer)>;
    return {.name = camel_case(Descriptor::name),
            .in = [](void* object) -> void* {
                return &(static_cast<T*>(object)->*Descriptor::pointer);
            },
            .decode = decode_member<Type>,
            .write = write_member<Type>};
}

template <Described T>
const Members& members_of() {
    using Descriptors = boost::describe::describe_members<T, boost::describe::mod_any_access |
                                                                 boost::describe::mod_inherited>;
    static const Members members = []<class... D>(boost::mp11::mp_list<D...>) {
        return Members({describe_member<T, D>()...});
    }(boost::mp11::mp_rename<Descriptors, boost::mp11::mp_list>{});
    return members;
}

template <class T>
std::string to_text(const T& value) {
    std::string text;
    write(value, text);
    return text;
}

/// The value as a document, for those who add to it.
template <class T>
Json encode(const T& value) {
    return Json::parse(to_text(value));
}

/// JSON text; invalid UTF-8 becomes U+FFFD.
std::string dump(const Json& value);

}  // namespace batchd::json
