#include "batchd/net/endpoint.hpp"

#include <charconv>

namespace batchd::net {
namespace {

bool is_port(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number > 0 &&
           number <= 65535;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
    const auto bad = [&] {
        return invalid_argument("'" + std::string(url) +
                                "' is not an address: expected unix:///path or tcp://host:port");
    };
    if (url.starts_with("unix://")) {
        const std::string_view path = url.substr(7);
        if (!path.starts_with('/')) return bad();
        return Endpoint{.kind = Endpoint::Kind::Unix, .path = std::string(path), .host{}, .port{}};
    }
    if (!url.starts_with("tcp://")) return bad();
    std::string_view authority = url.substr(6);
    if (authority.ends_with('/')) authority.remove_suffix(1);
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || !is_port(authority.substr(colon + 1))) return bad();
    std::string_view host = authority.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.contains(':')) {
        return bad();
    }
    if (host.empty() || host.contains('/')) return bad();
    return Endpoint{.kind = Endpoint::Kind::Tcp,
                    .path{},
                    .host = std::string(host),
                    .port = std::string(authority.substr(colon + 1))};
}

}  // namespace batchd::net
