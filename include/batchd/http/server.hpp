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
#include <vector>

namespace batchd::http {

struct ServerOptions {
    std::size_t max_header_bytes = std::size_t{16} * 1024;  ///< request line and headers
    std::size_t max_body_bytes = std::size_t{1024} * 1024;
    std::size_t max_connections = 4096;  ///< one more is accepted and answered 503
    /// A keep-alive connection without a request closes silently after this.
    std::chrono::milliseconds idle_timeout = std::chrono::seconds{75};
    /// From the first byte of a request to its last; then 408.
    std::chrono::milliseconds request_timeout = std::chrono::seconds{20};
    /// A client that does not read its answer (each chunk of a streamed one) is cut off after this.
    std::chrono::milliseconds write_timeout = std::chrono::seconds{30};
    /// Host names, without port, that requests may name besides IP addresses and "localhost". A web
    /// page that had its own name resolve to our address (DNS rebinding) is refused by this.
    std::vector<std::string> allowed_hosts = {};
};

struct ServerState;

class Server {
  public:
    /// `io` must outlive the server. Handlers run on the threads that run `io`.
    Server(boost::asio::io_context& io, ServerOptions options, Handler handler,
           ErrorResponder on_error);
    ~Server();  ///< interrupts
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and starts to accept; may be called for several addresses. `address` is an IP address,
    /// `port` 0 picks a free one. Returns the port. InvalidArgument for a bad address, Unavailable
    /// if the address cannot be bound.
    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Any thread. No new connections; idle connections close; a request whose last byte arrives
    /// later gets 503; streams see closed(). Requests in flight go on, their answers close the
    /// connection.
    void interrupt();

    /// Completes with true when no request is in flight any more, or with false after `limit`. Call
    /// after interrupt; the server must outlive it.
    boost::asio::awaitable<bool> drained(std::chrono::milliseconds limit);

  private:
    boost::asio::io_context& io_;
    std::shared_ptr<ServerState>
        state_;  // shared with the connections, which may outlive the server
};

}  // namespace batchd::http
