#include "batchd/aws/ecr_logins.hpp"

#include "batchd/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::aws {
namespace {

constexpr Milliseconds kRenewAhead = std::chrono::hours{1};

Error error_of(const EcrRegistry& registry, const ApiError& error) {
    if (error.code == "Cancelled") return {ErrorKind::Cancelled, "the daemon stops", {}};
    if (error.code == "NoCredentials") {
        return {ErrorKind::NotFound, "AWS is not asked: " + error.message, {}};
    }
    return {ErrorKind::Unavailable,
            fmt::format("ECR gives no login for {}: {}", registry.region, error.text()),
            {}};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool may_be_in_region(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; }

/// Whether `text` stood at the front of `rest`; it does not any more.
bool take(std::string_view& rest, std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
}

}  // namespace

std::optional<EcrRegistry> parse_ecr_host(std::string_view host) {
    constexpr std::size_t kAccountDigits = 12;
    const std::string_view account = host.substr(0, kAccountDigits);
    if (account.size() < kAccountDigits || !std::ranges::all_of(account, is_digit)) return {};
    host.remove_prefix(kAccountDigits);
    EcrRegistry registry{.region{}, .is_fips = take(host, ".dkr.ecr-fips.")};
    if (!registry.is_fips && !take(host, ".dkr.ecr.")) return {};
    registry.region = host.substr(0, host.find('.'));
    if (registry.region.empty() || !std::ranges::all_of(registry.region, may_be_in_region)) {
        return {};
    }
    host.remove_prefix(registry.region.size());
    const bool is_china = registry.region.starts_with("cn-");
    if (host != (is_china ? ".amazonaws.com.cn" : ".amazonaws.com")) return {};
    return registry;
}

bool EcrLogins::knows(const std::string& registry) const {
    return parse_ecr_host(registry).has_value();
}

Result<ports::RegistryLogin> EcrLogins::login(const std::string& registry) {
    const auto where = parse_ecr_host(registry);
    if (!where) return invalid_argument("'" + registry + "' is no private registry of ECR");
    if (auto login = kept(*where, kRenewAhead)) return *std::move(login);
    // Not under the mutex: whoever asks for another region need not wait.
    const auto answer =
        get_authorization_token(client_, where->region, where->is_fips ? kEcrFips : kEcr);
    if (answer) {
        const std::scoped_lock lock(mutex_);
        kept_[*where] = *answer;
        return ports::RegistryLogin{.username = answer->username, .password = answer->password};
    }
    Error error = error_of(*where, answer.error());
    auto old = kept(*where, Milliseconds{0});
    if (!old) return std::unexpected(std::move(error));
    log::warn("the login that there is serves on: {}", error.message);
    return *std::move(old);
}

std::optional<ports::RegistryLogin> EcrLogins::kept(const EcrRegistry& registry,
                                                    Milliseconds ahead) const {
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.find(registry);
    if (found == kept_.end()) return std::nullopt;
    const RegistryLogin& login = found->second;
    if (!login.expires || *login.expires <= client_.clock().now() + ahead) return std::nullopt;
    return ports::RegistryLogin{.username = login.username, .password = login.password};
}

}  // namespace batchd::aws
