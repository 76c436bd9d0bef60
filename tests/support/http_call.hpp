// One HTTP request to a server on a socket, for fixtures: blocks until the answer is there.
#pragma once

#include "batchd/net/http_client.hpp"

#include <string>

namespace batchd::testing {

Result<net::HttpResponse> http_call(const std::string& url, net::HttpRequest request);

}  // namespace batchd::testing
