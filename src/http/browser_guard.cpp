#include "http/browser_guard.hpp"

#include "http/text.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace batchd::http {
namespace {

/// "[::1]:8080" gives "::1", "example.com:8080" gives "example.com".
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

bool is_ours(std::string_view name, const std::vector<std::string>& allowed_hosts) {
    if (equal_ignoring_case(name, "localhost")) return true;
    if (std::ranges::any_of(allowed_hosts,
                            [name](const auto& host) { return equal_ignoring_case(host, name); })) {
        return true;
    }
    boost::system::error_code ec;
    boost::asio::ip::make_address(name, ec);
    return !ec;
}

/// Somebody follows a link from another site: the page opens on its own, the other site cannot read
/// it.
bool is_followed_link(const Request& request) {
    return request.method == "GET" && request.headers.find("Sec-Fetch-Mode") == "navigate" &&
           request.headers.find("Sec-Fetch-Dest") == "document";
}

}  // namespace

std::optional<Refusal> refuse_foreign_site(const Request& request,
                                           const std::vector<std::string>& allowed_hosts) {
    const auto host = request.headers.find("Host");
    if (host && !is_ours(without_port(*host), allowed_hosts)) {
        return Refusal{403,
                       fmt::format("Host '{}' is neither an IP address nor 'localhost' nor listed "
                                   "in the configuration key http.allowed_hosts",
                                   *host)};
    }
    if (const auto origin = request.headers.find("Origin")) {
        const std::size_t scheme_end = origin->find("://");
        const bool same = host && scheme_end != std::string_view::npos &&
                          equal_ignoring_case(origin->substr(scheme_end + 3), *host);
        if (!same) {
            return Refusal{403,
                           fmt::format("Origin '{}' differs from Host '{}': web pages of other "
                                       "sites may not use this API",
                                       *origin, host.value_or(""))};
        }
    }
    if (request.headers.find("Sec-Fetch-Site") == "cross-site" && !is_followed_link(request)) {
        return Refusal{403,
                       "Sec-Fetch-Site is 'cross-site': web pages of other sites may not use this "
                       "API"};
    }
    return std::nullopt;
}

}  // namespace batchd::http
