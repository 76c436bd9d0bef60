#include "batchd/model/names.hpp"

#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace batchd::model {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name_character(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }

std::string arn(const Scope& scope, std::string_view service, std::string_view resource) {
    return fmt::format("arn:aws:{}:{}:{}:{}", service, scope.region, scope.account, resource);
}

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

/// 1 to 2^31-1; nullopt for any other text.
std::optional<std::int32_t> parse_revision(std::string_view text) {
    std::int32_t revision = 0;
    if (text.starts_with('0')) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (error != std::errc{} || end != text.data() + text.size() || revision < 1) {
        return std::nullopt;
    }
    return revision;
}

}  // namespace

std::string batch_arn(const Scope& scope, std::string_view type, std::string_view name) {
    return arn(scope, "batch", fmt::format("{}/{}", type, name));
}

std::string job_arn(const Scope& scope, const JobId& id) {
    return batch_arn(scope, "job", to_string(id));
}

std::string task_arn(const Scope& scope, std::string_view cluster, std::string_view task_id) {
    return arn(scope, "ecs", fmt::format("task/{}/{}", cluster, task_id));
}

std::string container_instance_arn(const Scope& scope, std::string_view cluster,
                                   std::string_view host) {
    const std::uint64_t high = fnv1a(host, 0xcbf29ce484222325U);
    const std::uint64_t low = fnv1a(host, high);
    return arn(scope, "ecs",
               fmt::format("container-instance/{}/{:016x}{:016x}", cluster, high, low));
}

std::string ecs_cluster(std::string_view environment, std::string_view uuid) {
    return fmt::format("AWSBatch-{}-{}", environment, uuid);
}

std::optional<Arn> parse_arn(const Scope& scope, std::string_view text) {
    const std::string prefix = arn(scope, "batch", "");
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
        return std::nullopt;
    }
    return Arn{.type = std::string(text.substr(0, slash)),
               .name = std::string(text.substr(slash + 1))};
}

std::string name_of(const Scope& scope, std::string_view type, std::string_view name_or_arn) {
    auto parsed = parse_arn(scope, name_or_arn);
    if (parsed && parsed->type == type) return std::move(parsed->name);
    return std::string(name_or_arn);
}

Result<DefinitionReference> parse_definition_reference(const Scope& scope, std::string_view text) {
    std::string name = name_of(scope, "job-definition", text);
    if (name.starts_with("arn:")) {
        return fail(ErrorKind::NotFound, fmt::format("JobDefinition {} not found.", text));
    }
    DefinitionReference reference;
    const auto colon = name.find(':');
    if (colon != std::string::npos) {
        reference.revision = parse_revision(std::string_view(name).substr(colon + 1));
    }
    reference.name = name.substr(0, colon);
    if (!is_resource_name(reference.name) || (colon != std::string::npos && !reference.revision)) {
        return invalid_argument(
            fmt::format("Provided name {} is not supported pattern[a-zA-Z_0-9-]{{1,128}}", text));
    }
    return reference;
}

bool is_resource_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, is_name_character);
}

bool is_job_name(std::string_view name) {
    return is_resource_name(name) && is_alphanumeric(name.front());
}

bool is_share_identifier(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, is_name_character);
}

}  // namespace batchd::model
