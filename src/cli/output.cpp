#include "cli/output.hpp"

#include "batchd/base/json.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace batchd::cli {
namespace {

using json::Json;

constexpr std::size_t kIndent = 2;

bool is_leaf(const Json& value) { return !value.is_structured() || value.empty(); }

std::string leaf(const Json& value) {
    return value.is_string() ? value.get<std::string>() : json::dump(value);
}

void append(std::string& text, const Json& value, std::size_t depth);

void append_member(std::string& text, std::string_view name, const Json& value, std::size_t depth) {
    text += std::string(depth * kIndent, ' ');
    text += name;
    if (is_leaf(value)) {
        text += ": " + leaf(value) + '\n';
    } else {
        text += ":\n";
        append(text, value, depth + 1);
    }
}

void append(std::string& text, const Json& value, std::size_t depth) {
    const std::string indent(depth * kIndent, ' ');
    if (value.is_object()) {
        for (auto member = value.begin(); member != value.end(); ++member) {
            append_member(text, member.key(), *member, depth);
        }
        return;
    }
    for (const Json& entry : value) {
        if (is_leaf(entry)) {
            text += indent + "- " + leaf(entry) + '\n';
            continue;
        }
        std::string block;
        append(block, entry, depth + 1);
        block[indent.size()] = '-';  // in the place of its first line's indentation
        text += block;
    }
}

}  // namespace

bool print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return std::fflush(stdout) == 0 && written;
}

bool print_json(const nlohmann::json& document) { return print(json::dump(document) + '\n'); }

void note(std::string_view text) { fmt::print(stderr, "batchd: {}\n", text); }

int report(const Failure& failure) {
    note(failure.message);
    if (!failure.hint.empty()) note("hint: " + failure.hint);
    return failure.exit_code;
}

std::string to_text(const nlohmann::json& document) {
    std::string text;
    if (is_leaf(document)) return leaf(document) + '\n';
    append(text, document, 0);
    return text;
}

std::string summary_of(const nlohmann::json& job) {
    std::string text = job.value("status", "");
    const Json container = job.value("container", Json::object());
    if (container.contains("exitCode")) {
        text += fmt::format(", exit code {}", leaf(container["exitCode"]));
    }
    const std::string why = job.value("statusReason", "");
    const std::string reason = container.value("reason", "");
    if (!why.empty()) text += ": " + why;
    if (!reason.empty()) text += " (" + reason + ")";
    return text;
}

}  // namespace batchd::cli
