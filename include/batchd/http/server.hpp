// The HTTP/1.1 server: listeners, limits, time-outs, keep-alive, streaming. Knows nothing of Batch.
//
// Life: construct, listen, (requests are served while the io_context runs), interrupt, drained.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace batchd::http {

struct ServerOptions {
    std::size_t max_header_bytes = 16 * 1024;
    std::size_t max_body_bytes = 1024 * 1024;
    std::size_t max_connections = 4096;        ///< one more is accepted and answered 503
    std::chrono::seconds idle_timeout{75};     ///< a keep-alive connection without a request
    std::chrono::seconds request_timeout{20};  ///< from the first byte of a request to its last
    std::chrono::seconds write_timeout{30};    ///< a client that does not read its answer
};

class Server {
  public:
    /// `io` must outlive the server. Handlers run on the threads that run `io`.
    Server(boost::asio::io_context& io, ServerOptions options, Handler handler,
           ErrorResponder on_error);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and starts to accept. `address` is an IP address, `port` 0 picks a free one. Returns
    /// the port. InvalidArgument for a bad address, Unavailable if the address cannot be bound.
    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Any thread. No new connections; idle connections close; a request that arrives on an open
    /// connection gets 503; streams see closed(). Requests in flight go on.
    void interrupt();

    /// Completes when no request is in flight any more, or with false after `limit`.
    boost::asio::awaitable<bool> drained(std::chrono::milliseconds limit);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace batchd::http
