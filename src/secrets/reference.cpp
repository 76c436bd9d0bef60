#include "secrets/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::secrets {
namespace {

constexpr std::size_t kMaxNameBytes = 512;
constexpr std::size_t kSuffixBytes = 7;  // "-AbCdEf"

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
    return is_alphanumeric(c) || std::string_view("/_+=.@-").contains(c);
}

/// Names go into commands and, there, often into paths.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kMaxNameBytes && !text.starts_with('-') &&
           std::ranges::all_of(text, is_name_character) && !text.contains("..");
}

bool has_suffix(std::string_view name) {
    if (name.size() <= kSuffixBytes) return false;
    const std::string_view suffix = name.substr(name.size() - kSuffixBytes);
    return suffix.front() == '-' && std::ranges::all_of(suffix.substr(1), is_alphanumeric);
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto colon = text.find(':');
        parts.push_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

Reference bare_name(std::string_view name) {
    return {.names = {std::string(name)}, .json_key{}, .aws = {.id = std::string(name)}};
}

Reference ssm_parameter(std::string_view arn, const std::vector<std::string_view>& parts) {
    const std::string path(parts[5].substr(std::string_view("parameter").size()));
    return {.names = {path, path.substr(1)},
            .json_key{},
            .aws = {.id = std::string(arn), .region = std::string(parts[3])}};
}

Reference secrets_manager_secret(const std::vector<std::string_view>& parts) {
    const std::string_view name = parts[6];
    Reference reference{
        .names = {std::string(name)},
        .json_key{},
        .aws = {.store = ports::AwsSecretId::Store::SecretsManager,
                .id = fmt::format("{}", fmt::join(parts.begin(), parts.begin() + 7, ":")),
                .region = std::string(parts[3])}};
    if (has_suffix(name)) {
        reference.names.emplace_back(name.substr(0, name.size() - kSuffixBytes));
    }
    if (parts.size() > 7) reference.json_key = parts[7];
    if (parts.size() > 8) reference.aws.version_stage = parts[8];
    if (parts.size() > 9) reference.aws.version_id = parts[9];
    return reference;
}

/// No names if it is no ARN that we know.
Reference parse_arn(std::string_view arn) {
    // arn:partition:service:region:account:resource, or six parts and more for a secret's.
    const auto parts = split(arn);
    if (parts.size() == 6 && parts[2] == "ssm" && parts[5].starts_with("parameter/")) {
        return ssm_parameter(arn, parts);
    }
    if (parts.size() >= 7 && parts.size() <= 10 && parts[2] == "secretsmanager" &&
        parts[5] == "secret") {
        return secrets_manager_secret(parts);
    }
    return {};
}

}  // namespace

Result<Reference> parse_reference(std::string_view value_from) {
    auto reference = value_from.starts_with("arn:") ? parse_arn(value_from) : bare_name(value_from);
    if (!reference.names.empty() && std::ranges::all_of(reference.names, is_name)) {
        return reference;
    }
    return invalid_argument(
        fmt::format("'{}' is neither a name nor the ARN of an SSM parameter or a Secrets Manager "
                    "secret",
                    value_from));
}

}  // namespace batchd::secrets
