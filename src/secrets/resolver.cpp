#include "batchd/secrets/resolver.hpp"

#include "batchd/base/command.hpp"
#include "batchd/base/json.hpp"
#include "secrets/file.hpp"
#include "secrets/reference.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace batchd::secrets {
namespace {

/// Errors of the parser are not passed on: they may quote the value.
Result<std::string> member_of(const std::string& value, const std::string& key) {
    const auto object = json::parse(value);
    if (!object || !object->is_object()) {
        return fail(ErrorKind::NotFound, "json-key '" + key + "': the value is no JSON object");
    }
    const auto member = object->find(key);
    if (member == object->end()) {
        return fail(ErrorKind::NotFound, "the value has no json-key '" + key + "'");
    }
    return member->is_string() ? member->get<std::string>() : json::dump(*member);
}

/// What an environment variable can hold and the Engine's JSON can carry.
Result<> expect_text(const std::string& value) {
    const auto carried = json::parse(json::dump(value));
    if (carried && *carried == value && !value.contains('\0')) return {};
    return fail(ErrorKind::NotFound, "the value is not UTF-8 text without NUL");
}

}  // namespace

Resolver::Resolver(Sources sources) : sources_(std::move(sources)) {}

void Resolver::stop() { stop_.set(); }

Result<std::string> Resolver::resolve(const std::string& value_from) {
    const auto reference = parse_reference(value_from);
    if (!reference) return std::unexpected(reference.error());
    auto value = look_up(reference->names);
    if (!value && value.error().kind == ErrorKind::NotFound) {
        value = ask_aws(reference->aws, std::move(value).error());
    }
    if (value && !reference->json_key.empty()) value = member_of(*value, reference->json_key);
    if (value) {
        if (const auto text = expect_text(*value); !text) value = std::unexpected(text.error());
    }
    if (!value) {
        value.error().message =
            fmt::format("'{}': {}", reference->names.front(), value.error().message);
    }
    return value;
}

Result<std::string> Resolver::look_up(const std::vector<std::string>& names) const {
    std::vector<std::string> asked;
    if (!sources_.file.empty()) {
        auto found = find_in_file(sources_.file, names);
        if (!found) return std::unexpected(std::move(found).error());
        if (*found) return **std::move(found);
        asked.emplace_back("secrets.file");
    }
    if (!sources_.environment_prefix.empty()) {
        for (const auto& name : names) {
            if (const char* found = std::getenv(variable(name).c_str())) return found;
        }
        asked.push_back(variable(names.front()));
    }
    if (!sources_.command.empty()) return ask_command(names);
    if (asked.empty()) return fail(ErrorKind::NotFound, "no source of secrets is configured");
    return fail(ErrorKind::NotFound, fmt::format("not in {}", fmt::join(asked, ", ")));
}

Result<std::string> Resolver::ask_aws(const ports::AwsSecretId& secret, Error others) const {
    if (sources_.aws == nullptr) return std::unexpected(std::move(others));
    auto value = sources_.aws->value(secret);
    if (!value && value.error().kind == ErrorKind::NotFound) {
        value.error().message = fmt::format("{}; {}", others.message, value.error().message);
    }
    return value;
}

/// Says why the first name failed.
Result<std::string> Resolver::ask_command(const std::vector<std::string>& names) const {
    Result<std::string> first = fail(ErrorKind::NotFound, "");
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto command = sources_.command;
        command.push_back(names[i]);
        auto value = run_command(command, sources_.command_limit, stop_);
        if (!value && value.error().kind != ErrorKind::Cancelled) {
            value.error().message = "secrets.command " + value.error().message;
        }
        if (value || value.error().kind != ErrorKind::NotFound) return value;
        if (i == 0) first = std::move(value);
    }
    return first;
}

std::string Resolver::variable(const std::string& name) const {
    std::string text = sources_.environment_prefix;
    for (const char c : name) {
        const bool is_lower = c >= 'a' && c <= 'z';
        const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        text += is_lower ? static_cast<char>(c - 'a' + 'A') : is_kept ? c : '_';
    }
    return text;
}

}  // namespace batchd::secrets
