// Where an HTTP server listens: a unix socket or a TCP port. Any thread.
#pragma once

#include "batchd/base/result.hpp"

#include <string>
#include <string_view>

namespace batchd::net {

/// Mutual TLS.
struct Tls {
    std::string directory;    ///< with ca.pem, cert.pem and key.pem; empty: no TLS
    std::string server_name;  ///< for which the server's certificate is; empty: the host of the url

    friend bool operator==(const Tls&, const Tls&) = default;
};

struct Endpoint {
    enum class Kind { Unix, Tcp };
    Kind kind = Kind::Unix;
    std::string path;  ///< of the unix socket
    std::string host;  ///< name or address, an IPv6 address without its brackets
    std::string port;
};

/// `unix:///path`, or `tcp://host:port` with an IPv6 host in brackets. InvalidArgument names the
/// text and the forms.
Result<Endpoint> parse_endpoint(std::string_view url);

}  // namespace batchd::net
