// A bare HTTP/1.1 client connection for load: over TCP or a unix socket, kept alive, requests made
// of ready bytes. One thread.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::bench {

using Endpoint = boost::asio::generic::stream_protocol::endpoint;

Endpoint loopback(std::uint16_t port);
Endpoint unix_socket(const std::string& path);

/// The bytes of a request; Content-Length and Content-Type stand in it if there is a body.
std::string http_request(std::string_view method, std::string_view target,
                         std::string_view body = {});

struct Answer {
    unsigned status = 0;
    std::string body;
};

class HttpConnection {
  public:
    HttpConnection(const boost::asio::any_io_executor& executor, Endpoint endpoint);

    boost::asio::awaitable<Result<>> open();
    /// Sends the bytes and reads the whole answer. Any status is an answer.
    boost::asio::awaitable<Result<Answer>> call(std::string_view request);
    /// As call(); an answer with a status of 400 and more is an error.
    boost::asio::awaitable<Result<std::string>> expect(std::string_view request);

  private:
    Endpoint endpoint_;
    boost::asio::generic::stream_protocol::socket socket_;
    boost::beast::flat_buffer buffer_;
};

}  // namespace batchd::bench
