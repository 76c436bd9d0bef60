#include "batchd/model/host.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace batchd::model {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";
constexpr std::size_t kMostLabels = 50;
constexpr std::size_t kLongestLabel = 256;
constexpr std::int64_t kMostVcpus = 100'000;
constexpr std::int64_t kMostMemoryMiB = 1024LL * 1024 * 1024;

bool is_number(std::string_view text, unsigned most) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number <= most;
}

/// The host of "tcp://host:port"; empty if the text is none.
std::string_view tcp_host(std::string_view url) {
    if (!url.starts_with(kTcp)) return {};
    const std::string_view authority = url.substr(kTcp.size());
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos) return {};
    const std::string_view port = authority.substr(colon + 1);
    if (port == "0" || !is_number(port, 65535)) return {};
    std::string_view host = authority.substr(0, colon);
    const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    const bool is_plain = std::ranges::all_of(host, [&](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return is_letter || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               (is_bracketed && c == ':');
    });
    return is_plain ? host : std::string_view{};
}

/// Names that anybody may define are not trusted, but for localhost.
bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    std::size_t parts = 1;
    for (auto dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.')) {
        if (!is_number(host.substr(0, dot), 255) || (parts == 1 && host.substr(0, dot) != "127")) {
            return false;
        }
        host.remove_prefix(dot + 1);
        ++parts;
    }
    return parts == 4 && is_number(host, 255);
}

Result<> validate_url(const Host& host) {
    if (host.url.starts_with(kUnix)) {
        if (host.url.substr(kUnix.size()).starts_with('/')) return {};
    } else if (!tcp_host(host.url).empty()) {
        return {};
    }
    return invalid_argument(
        fmt::format("url {} must be unix:///path or tcp://host:port", quote(host.url)));
}

Result<> validate_tls(const Host& host, bool allow_plain_tcp) {
    const bool is_tcp = host.url.starts_with(kTcp);
    if (host.certificate_directory) {
        if (!is_tcp) {
            return invalid_argument(
                fmt::format("certificateDirectory {} must not be given with url {}: certificates "
                            "are for tcp://",
                            quote(*host.certificate_directory), quote(host.url)));
        }
        return expect_absolute("certificateDirectory", *host.certificate_directory);
    }
    if (host.tls_server_name) {
        return invalid_argument(
            fmt::format("tlsServerName {} must not be given without "
                        "certificateDirectory",
                        quote(*host.tls_server_name)));
    }
    if (!is_tcp || allow_plain_tcp || is_loopback(tcp_host(host.url))) return {};
    return invalid_argument(
        fmt::format("url {} must not be used without certificateDirectory: it is not loopback, and "
                    "whoever reaches a plain port owns the machine (docker.allow_plain_tcp = true "
                    "permits it)",
                    quote(host.url)));
}

/// No comma, which separates ids for the NVIDIA runtime, and none of its words, such as `all`.
bool is_gpu(std::string_view id) {
    const bool is_uuid = id.starts_with("GPU-") || id.starts_with("MIG-");
    return !id.empty() && std::ranges::all_of(id, [&](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return (c >= '0' && c <= '9') || c == ':' ||
               (is_uuid && (is_letter || c == '-' || c == '/'));
    });
}

Result<> validate_gpus(const std::vector<std::string>& gpus) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < gpus.size(); ++i) {
        if (!is_gpu(gpus[i])) {
            return invalid_argument(
                fmt::format("{} {} must be a GPU's UUID (GPU-... or MIG-...) or index",
                            element("gpus", i), quote(gpus[i])));
        }
        if (!seen.insert(gpus[i]).second) {
            return invalid_argument(
                fmt::format("{} {} is there twice", element("gpus", i), quote(gpus[i])));
        }
    }
    return {};
}

Result<> validate_labels(const StringMap& labels) {
    if (labels.size() > kMostLabels) {
        return invalid_argument(fmt::format("labels: {} are given, at most {} are allowed",
                                            labels.size(), kMostLabels));
    }
    for (const auto& [key, value] : labels) {
        if (key.empty() || key.size() > kLongestLabel || value.size() > kLongestLabel) {
            return invalid_argument(
                fmt::format("labels {}: keys must have 1 to {} bytes, values at most as many",
                            quote(key), kLongestLabel));
        }
    }
    return {};
}

}  // namespace

Result<> validate(Host& host, bool allow_plain_tcp) {
    BATCHD_TRY(expect_resource_name("name", host.name));
    BATCHD_TRY(validate_url(host));
    BATCHD_TRY(validate_tls(host, allow_plain_tcp));
    if (host.vcpus) BATCHD_TRY(expect_between("vcpus", *host.vcpus, 1, kMostVcpus));
    if (host.memory_mi_b) {
        BATCHD_TRY(expect_between("memoryMiB", *host.memory_mi_b, 1, kMostMemoryMiB));
    }
    if (host.gpus) BATCHD_TRY(validate_gpus(*host.gpus));
    BATCHD_TRY(validate_labels(host.labels));
    return expect_enumerated("state", host.state, {"ACTIVE", "DRAINING"});
}

}  // namespace batchd::model
