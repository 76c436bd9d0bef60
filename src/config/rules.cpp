#include "config/rules.hpp"

#include "batchd/base/duration.hpp"
#include "batchd/config/config.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <sstream>
#include <string>

namespace batchd::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
bool each(std::string_view text, Predicate accepts) {
    return !text.empty() && std::ranges::all_of(text, accepts);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

bool is_host_name(std::string_view text) {
    return each(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '-'; });
}

bool is_absolute_path(std::string_view text) {
    if (!text.starts_with('/')) return false;
    const std::filesystem::path path(text);
    return std::ranges::find(path, "..") == path.end();
}

bool is_docker_host(std::string_view text) {
    constexpr std::string_view kUnix = "unix://";
    constexpr std::string_view kTcp = "tcp://";
    if (text.starts_with(kUnix)) return is_absolute_path(text.substr(kUnix.size()));
    if (!text.starts_with(kTcp)) return false;
    const std::string_view authority = text.substr(kTcp.size());
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || !parse_port(authority.substr(colon + 1))) return false;
    return is_host_name(authority.substr(0, colon)) || parse_listen(authority);
}

bool is_network_mode(std::string_view text) {
    return each(text,
                [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; }) &&
           is_alphanumeric(text.front());
}

/// No comma, which separates ids for the NVIDIA runtime, and none of its words, such as `all`.
bool is_gpu(std::string_view text) {
    const bool is_uuid = text.starts_with("GPU-") || text.starts_with("MIG-");
    return each(text, [&](char c) {
        return is_digit(c) || c == ':' || (is_uuid && (is_alphanumeric(c) || c == '-' || c == '/'));
    });
}

bool is_region(std::string_view text) {
    return each(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

/// As far as typing errors go; the client says what it cannot use.
bool is_url(std::string_view text) {
    const auto rest = text.find("://");
    return (text.starts_with("http://") || text.starts_with("https://")) &&
           each(text.substr(rest + 3), [](char c) { return c > ' ' && c != '?' && c != '#'; });
}

bool is_service_url(std::string_view text) {
    constexpr auto kServices = std::to_array<std::string_view>(
        {"ec2", "ecs", "ecr", "ssm", "sts", "pricing", "cloudwatch_logs", "secrets_manager"});
    const auto equals = text.find('=');
    return equals != std::string_view::npos && is_url(text.substr(equals + 1)) &&
           std::ranges::find(kServices, text.substr(0, equals)) != kServices.end();
}

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    ListenAddress listen{.address = std::string(host), .port = port.value_or(0)};
    in_addr v4{};
    in6_addr v6{};
    if (!port) return std::nullopt;
    if (bracketed) {
        if (inet_pton(AF_INET6, listen.address.c_str(), &v6) != 1) return std::nullopt;
        listen.loopback = IN6_IS_ADDR_LOOPBACK(&v6) != 0;
    } else {
        if (inet_pton(AF_INET, listen.address.c_str(), &v4) != 1) return std::nullopt;
        listen.loopback = (ntohl(v4.s_addr) >> 24) == 127;
    }
    return listen;
}

std::optional<Seconds> parse_age(std::string_view text) {
    return text == "0" ? Seconds{0} : parse_duration(text);
}

std::optional<QueueRetention> parse_queue_retention(std::string_view text) {
    constexpr std::string_view kSucceeded = "succeeded=";
    constexpr std::string_view kFailed = "failed=";
    std::istringstream words{std::string(text)};
    QueueRetention retention;
    words >> retention.queue;
    for (std::string word; words >> word;) {
        const bool is_succeeded = word.starts_with(kSucceeded);
        if (!is_succeeded && !word.starts_with(kFailed)) return std::nullopt;
        auto& age = is_succeeded ? retention.succeeded : retention.failed;
        age = parse_age(word.substr(is_succeeded ? kSucceeded.size() : kFailed.size()));
        if (!age) return std::nullopt;
    }
    if (!retention.succeeded && !retention.failed) return std::nullopt;
    return retention;
}

constinit const TextRule kListenRule{
    [](std::string_view text) { return parse_listen(text).has_value(); },
    "an IP address and a port such as 127.0.0.1:8080 or [::1]:8080"};
constinit const TextRule kHostNameRule{is_host_name, "a host name without a port"};
constinit const TextRule kNotEmptyRule{[](std::string_view text) { return !text.empty(); },
                                       "a text that is not empty"};
constinit const TextRule kRegionRule{is_region, "a region name such as us-east-1"};
constinit const TextRule kRegionOrEmptyRule{
    [](std::string_view text) { return text.empty() || is_region(text); },
    "a region name such as us-east-1, or empty"};
constinit const TextRule kAnyTextRule{[](std::string_view) { return true; }, "a name, or empty"};
constinit const TextRule kUrlOrEmptyRule{
    [](std::string_view text) { return text.empty() || is_url(text); },
    "a URL such as https://vpce.example.com, or empty"};
constinit const TextRule kServiceUrlRule{
    is_service_url,
    "a service (ec2, ecs, ecr, ssm, sts, pricing, cloudwatch_logs, secrets_manager), = and a URL"};
constinit const TextRule kAccountRule{
    [](std::string_view text) { return text.size() == 12 && each(text, is_digit); },
    "12 digits, as a string"};
constinit const TextRule kLogLevelRule{[](std::string_view text) {
                                           return text == "debug" || text == "info" ||
                                                  text == "warn" || text == "error";
                                       },
                                       "debug, info, warn or error"};
constinit const TextRule kLogFormatRule{
    [](std::string_view text) { return text == "text" || text == "json"; }, "text or json"};
constinit const TextRule kDockerHostRule{is_docker_host,
                                         "unix:///path/of/the/socket or tcp://host:port"};
constinit const TextRule kFolderOrEmptyRule{[](std::string_view) { return true; },
                                            "the path of a folder, or empty"};
constinit const TextRule kFileOrEmptyRule{[](std::string_view) { return true; },
                                          "the path of a file, or empty"};
constinit const TextRule kVariablePrefixRule{
    [](std::string_view text) {
        return std::ranges::all_of(
            text, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; });
    },
    "of A to Z, 0 to 9 and _, or empty"};
constinit const TextRule kNetworkModeRule{is_network_mode,
                                          "bridge, none, host or the name of a network"};
constinit const TextRule kRuntimeRule{
    [](std::string_view text) { return text.empty() || is_network_mode(text); },
    "a name such as crun, or empty"};
constinit const TextRule kGpuRule{is_gpu, "a GPU's UUID (GPU-... or MIG-...) or index"};
constinit const TextRule kAbsolutePathRule{is_absolute_path, "an absolute path without .."};
constinit const TextRule kOrderRule{
    [](std::string_view text) { return text == "backfill" || text == "strict"; },
    "backfill or strict"};
constinit const TextRule kProviderRule{
    [](std::string_view text) { return text == "auto" || text == "local" || text == "aws"; },
    "auto, local or aws"};
constinit const TextRule kClusterOrEmptyRule{
    [](std::string_view text) {
        return text.size() <= 255 && std::ranges::all_of(text, [](char c) {
                   return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          c == '-' || c == '_';
               });
    },
    "up to 255 letters, digits, hyphens and underscores, or empty"};
constinit const TextRule kProfileRule{
    [](std::string_view text) { return text == "batchd" || text == "aws"; }, "batchd or aws"};
constinit const TextRule kAgeRule{[](std::string_view text) { return parse_age(text).has_value(); },
                                  "a number with s, m, h, d or w such as 90d, or 0 for ever"};
constinit const TextRule kQueueRetentionRule{
    [](std::string_view text) { return parse_queue_retention(text).has_value(); },
    "a queue's name, then succeeded=AGE, failed=AGE or both, such as ci succeeded=7d failed=30d"};

}  // namespace batchd::config
