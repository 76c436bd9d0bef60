#include "aws/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace batchd::aws {
namespace {

std::string upper(std::string_view text) {
    std::string raised(text);
    std::ranges::transform(raised, raised.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return raised;
}

std::string_view dns_suffix(std::string_view region) {
    if (region.starts_with("cn-")) return "amazonaws.com.cn";
    if (region.starts_with("us-iso-")) return "c2s.ic.gov";
    if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
    return "amazonaws.com";
}

bool are_ignored(const Outside& outside, const Section& profile) {
    const std::string ignore = outside.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                                   .value_or(value_of(profile, "ignore_configured_endpoint_urls"));
    return upper(ignore) == "TRUE";
}

std::string from_environment(const Service& service, const Outside& outside) {
    const auto of_service = outside.variable("AWS_ENDPOINT_URL_" + upper(service.id));
    if (of_service && !of_service->empty()) return *of_service;
    return outside.variable("AWS_ENDPOINT_URL").value_or("");
}

std::string from_profile(const Service& service, const Profiles& profiles, const Section& profile) {
    const auto services = profiles.services.find(value_of(profile, "services"));
    if (services != profiles.services.end()) {
        std::string url = value_of(services->second, fmt::format("{}.endpoint_url", service.id));
        if (!url.empty()) return url;
    }
    return value_of(profile, "endpoint_url");
}

}  // namespace

Result<Endpoint> parse_endpoint_url(const std::string& url) {
    const auto bad = [&] {
        return invalid_argument(
            fmt::format("'{}' is no endpoint: expected http://host:port or https://host", url));
    };
    const bool is_https = url.starts_with("https://");
    if (!is_https && !url.starts_with("http://")) return bad();
    const auto host_at = url.find("//") + 2;
    const auto path_at = std::min(url.find('/', host_at), url.size());
    std::string host = url.substr(host_at, path_at - host_at);
    std::string path = url.substr(path_at);
    // A user and password would get into the header Host.
    if (host.empty() || host.find_first_of("@?# \t\r\n") != std::string::npos) return bad();
    if (path.find_first_of("?# \t\r\n") != std::string::npos) return bad();
    if (!path.ends_with('/')) path += '/';
    std::string origin = url.substr(0, path_at);
    const std::string own_port = is_https ? ":443" : ":80";
    if (host.ends_with(own_port)) host.resize(host.size() - own_port.size());
    return Endpoint{.origin = std::move(origin), .host = std::move(host), .path = std::move(path)};
}

std::string endpoint_url(const Service& service, const std::string& region,
                         const Settings& settings, const Outside& outside,
                         const Profiles& profiles) {
    const auto set = settings.endpoint_urls.find(std::string(service.id));
    if (set != settings.endpoint_urls.end()) return set->second;
    if (!settings.endpoint_url.empty()) return settings.endpoint_url;
    const Section profile = profiles.merged(profile_name(settings, outside));
    if (!are_ignored(outside, profile)) {
        std::string url = from_environment(service, outside);
        if (url.empty()) url = from_profile(service, profiles, profile);
        if (!url.empty()) return url;
    }
    return fmt::format("https://{}.{}.{}", service.host_prefix, region, dns_suffix(region));
}

}  // namespace batchd::aws
