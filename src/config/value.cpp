#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace batchd::config {
namespace {

std::string excerpt(const toml::node& node) {
    std::ostringstream out;
    node.visit([&](const auto& value) { out << value; });
    std::string text = out.str();
    std::ranges::replace(text, '\n', ' ');
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    // toml++ writes a string outside a document with single quotes.
    if (const auto* string = node.as_string()) text = fmt::format("\"{}\"", string->get());
    return text;
}

std::unexpected<Error> wrong_type(std::string_view what, const toml::node& got) {
    return invalid_argument(expected(what, got));
}

Result<> check_text(const TextRule& rule, const std::string& text) {
    if (rule.accepts(text)) return {};
    return invalid_argument(fmt::format("must be {}, got \"{}\"", rule.words, text));
}

/// One overload for each type of member.
struct Assign {
    const Key& key;
    Config& config;
    const toml::node& node;

    Result<> operator()(Member<bool> member) const {
        const auto* value = node.as_boolean();
        if (value == nullptr) return wrong_type("true or false", node);
        member(config) = value->get();
        return {};
    }
    Result<> operator()(Member<std::int64_t> member) const {
        return number([&](std::int64_t value) { member(config) = value; });
    }
    Result<> operator()(Member<Seconds> member) const {
        return number([&](std::int64_t value) { member(config) = Seconds{value}; });
    }
    Result<> operator()(Member<MiB> member) const {
        return number([&](std::int64_t value) { member(config) = MiB{value}; });
    }
    Result<> operator()(Member<std::string> member) const {
        return text([&](const std::string& value) { member(config) = value; });
    }
    Result<> operator()(Member<SchedulerOrder> member) const {
        return text([&](const std::string& value) { member(config) = order_from_string(value); });
    }
    Result<> operator()(Member<ComputeProvider> member) const {
        return text(
            [&](const std::string& value) { member(config) = provider_from_string(value); });
    }
    Result<> operator()(Member<std::vector<std::string>> member) const {
        const auto* array = node.as_array();
        if (array == nullptr) return wrong_type("a list of strings", node);
        std::vector<std::string> list;
        std::string wrong;
        for (const toml::node& item : *array) {
            const auto* value = item.as_string();
            if (value == nullptr) return wrong_type("a list of strings", node);
            const auto checked = check_text(std::get<TextRule>(key.rule), value->get());
            if (!checked) wrong += (wrong.empty() ? "" : "; ") + checked.error().message;
            list.push_back(value->get());
        }
        if (!wrong.empty()) return invalid_argument(std::move(wrong));
        member(config) = std::move(list);
        return {};
    }

  private:
    template <class Set>
    Result<> number(Set set) const {
        const auto* value = node.as_integer();
        if (value == nullptr) return wrong_type("an integer", node);
        const Range range = std::get<Range>(key.rule);
        if (value->get() < range.min || value->get() > range.max) {
            return invalid_argument(
                fmt::format("must be {} to {}, got {}", range.min, range.max, value->get()));
        }
        set(value->get());
        return {};
    }
    template <class Set>
    Result<> text(Set set) const {
        const auto* value = node.as_string();
        if (value == nullptr) return wrong_type("a string", node);
        BATCHD_TRY(check_text(std::get<TextRule>(key.rule), value->get()));
        set(value->get());
        return {};
    }
};

bool holds_text(const Key& key) {
    return std::holds_alternative<Member<std::string>>(key.member) ||
           std::holds_alternative<Member<SchedulerOrder>>(key.member) ||
           std::holds_alternative<Member<ComputeProvider>>(key.member);
}

}  // namespace

toml::table parse_text(const Key& key, const std::string& text) {
    try {
        toml::table parsed = toml::parse(fmt::format("{} = {}", kTextValue, text));
        const toml::node* value = parsed.get(kTextValue);
        // More than one entry: a line break in the text began another one.
        if (parsed.size() == 1 && (!holds_text(key) || value->is_string())) return parsed;
    } catch (const toml::parse_error&) {  // the bare text then
    }
    toml::table bare;
    bare.insert(kTextValue, text);
    return bare;
}

std::string expected(std::string_view what, const toml::node& got) {
    return fmt::format("expected {}, got {}", what, excerpt(got));
}

Result<> assign(const Key& key, Config& config, const toml::node& value) {
    return std::visit(Assign{key, config, value}, key.member);
}

}  // namespace batchd::config
