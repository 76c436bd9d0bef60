// The client's side of mutual TLS.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace batchd::net {

/// Trusts only `directory`/ca.pem and shows cert.pem with key.pem. InvalidArgument names the file
/// that cannot be used.
Result<boost::asio::ssl::context> client_tls(const std::string& directory);

}  // namespace batchd::net
