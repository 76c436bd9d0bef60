#include "model/container_rules.hpp"

#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxImageCharacters = 255;
constexpr std::int32_t kUnlimited = -1;

constexpr std::array<std::string_view, 15> kUlimits = {
    "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",
};

constexpr std::array<std::string_view, 8> kLogDrivers = {
    "awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "splunk", "syslog",
};

Result<> validate_image(const std::optional<std::string>& image) {
    if (!is_given(image)) return invalid_argument("containerProperties.image is required");
    if (image->size() > kMaxImageCharacters) {
        return invalid_argument(
            fmt::format("containerProperties.image {} must have at most {} characters",
                        quote(*image), kMaxImageCharacters));
    }
    return {};
}

/// [a-z0-9_][a-z0-9_-]{0,30}
bool is_user_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 31 && name.front() != '-' &&
           std::ranges::all_of(name, is_allowed);
}

Result<> validate_user(const std::optional<std::string>& user) {
    if (!user) return {};
    const std::string_view text = *user;
    const auto colon = text.find(':');
    const bool group_is_good =
        colon == std::string_view::npos || is_user_name(text.substr(colon + 1));
    if (is_user_name(text.substr(0, colon)) && group_is_good) return {};
    return invalid_argument(
        fmt::format("User {} does not match regex "
                    "^([a-z0-9_][a-z0-9_-]{{0,30}})(:([a-z0-9_][a-z0-9_-]{{0,30}}))?$",
                    quote(text)));
}

Result<> validate_ulimit(const std::string& field, const Ulimit& ulimit) {
    if (!contains(kUlimits, ulimit.name)) {
        return invalid_argument(
            fmt::format("{}.name {} must be one of {}", field, quote(ulimit.name), join(kUlimits)));
    }
    if (!ulimit.soft_limit) return invalid_argument(field + ".softLimit is required");
    if (!ulimit.hard_limit) return invalid_argument(field + ".hardLimit is required");
    const std::int32_t soft = *ulimit.soft_limit;
    const std::int32_t hard = *ulimit.hard_limit;
    BATCHD_TRY(expect_at_least(field + ".softLimit", soft, kUnlimited));
    BATCHD_TRY(expect_at_least(field + ".hardLimit", hard, kUnlimited));
    if (hard == kUnlimited || (soft != kUnlimited && soft <= hard)) return {};
    return invalid_argument(
        fmt::format("{}.softLimit '{}' must not be above hardLimit '{}'", field, soft, hard));
}

Result<> validate_ulimits(const std::vector<Ulimit>& ulimits) {
    for (std::size_t i = 0; i < ulimits.size(); ++i) {
        BATCHD_TRY(validate_ulimit(element("ulimits", i), ulimits[i]));
    }
    return {};
}

/// Of an environment variable.
Result<> validate_variable_name(const std::string& field, const std::string& name) {
    if (name.starts_with("AWS_BATCH")) {
        return invalid_argument(fmt::format(
            "{}.name {} must not start with AWS_BATCH, which is reserved", field, quote(name)));
    }
    if (name.find('=') != std::string::npos) {
        return invalid_argument(fmt::format("{}.name {} must not contain '='", field, quote(name)));
    }
    return expect_no_nul(field + ".name", name);
}

Result<> validate_secrets(std::string_view list, const std::vector<Secret>& secrets,
                          const ContainerProperties& container) {
    if (!secrets.empty() && !is_given(container.execution_role_arn)) {
        return invalid_argument(
            "executionRoleArn cannot be empty when using secrets or secretOptions");
    }
    for (std::size_t i = 0; i < secrets.size(); ++i) {
        const std::string field = element(list, i);
        if (secrets[i].name.empty()) return invalid_argument(field + ".name is required");
        if (secrets[i].value_from.empty()) {
            return invalid_argument(field + ".valueFrom is required");
        }
    }
    return {};
}

Result<> validate_logging(const ContainerProperties& container) {
    if (!container.log_configuration) return {};
    const LogConfiguration& logging = *container.log_configuration;
    if (!contains(kLogDrivers, logging.log_driver)) {
        return invalid_argument(fmt::format("logConfiguration.logDriver {} must be one of {}",
                                            quote(logging.log_driver), join(kLogDrivers)));
    }
    return validate_secrets("logConfiguration.secretOptions", logging.secret_options, container);
}

Result<> validate_privileged(const ContainerProperties& container, const ContainerPolicy& policy) {
    if (!container.privileged.value_or(false) || policy.allow_privileged) return {};
    return invalid_argument(
        "privileged 'true' is refused by the operator: containers.allow_privileged is false");
}

}  // namespace

Platform platform_of(const std::vector<std::string>& capabilities) {
    return std::ranges::find(capabilities, "FARGATE") == capabilities.end() ? Platform::Ec2
                                                                            : Platform::Fargate;
}

Result<> validate_environment(std::vector<KeyValue>& environment) {
    for (std::size_t i = 0; i < environment.size(); ++i) {
        const std::string& name = environment[i].name;
        if (name.empty()) return invalid_argument("Environment variable name is required.");
        BATCHD_TRY(validate_variable_name(element("environment", i), name));
        BATCHD_TRY(expect_no_nul(element("environment", i) + ".value", environment[i].value));
    }
    std::erase_if(environment, [](const KeyValue& entry) { return entry.value.empty(); });
    return {};
}

Result<> validate_container(ContainerProperties& container, Platform platform,
                            const ContainerPolicy& policy) {
    BATCHD_TRY(validate_image(container.image));
    BATCHD_TRY(validate_platform(container, platform));
    BATCHD_TRY(validate_environment(container.environment));
    BATCHD_TRY(validate_user(container.user));
    BATCHD_TRY(validate_ulimits(container.ulimits));
    BATCHD_TRY(validate_secrets("secrets", container.secrets, container));
    for (std::size_t i = 0; i < container.secrets.size(); ++i) {
        BATCHD_TRY(validate_variable_name(element("secrets", i), container.secrets[i].name));
    }
    BATCHD_TRY(validate_logging(container));
    const auto& credentials = container.repository_credentials;
    if (credentials && credentials->credentials_parameter.empty()) {
        return invalid_argument("repositoryCredentials.credentialsParameter is required");
    }
    BATCHD_TRY(validate_privileged(container, policy));
    BATCHD_TRY(validate_storage(container, policy));
    if (container.linux_parameters) {
        BATCHD_TRY(validate_linux_parameters(*container.linux_parameters, policy));
    }
    return {};
}

}  // namespace batchd::model
