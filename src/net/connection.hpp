// One connection to an HTTP server, whatever it runs over.
#pragma once

#include "batchd/net/endpoint.hpp"
#include "batchd/net/http_client.hpp"

namespace batchd::net {

class Connection {
  public:
    virtual ~Connection() = default;

    /// Sends and reads the head of the answer. `request` must outlive the call.
    virtual boost::asio::awaitable<Result<HttpResponse>> send(const HttpRequest& request) = 0;

    /// The next bytes of the body, empty at its end; valid until the next call.
    virtual boost::asio::awaitable<Result<std::string_view>> read() = 0;

    /// Sends bytes after a request whose answer was 101: from then on the connection is none of
    /// HTTP, and what read() gives is what comes. One at a time, beside a read().
    virtual boost::asio::awaitable<Result<>> write(std::string_view bytes) = 0;

    /// Whether the next read() has to wait for the network.
    virtual bool is_dry() const = 0;

    /// How long the next read() may take; nullopt: as long as it likes.
    virtual void limit_read(std::optional<Milliseconds> limit) = 0;

    /// Whether the last answer was read to its end and the server keeps the connection.
    virtual bool is_reusable() const = 0;

    /// Whether a byte of the last request's answer has come.
    virtual bool has_answer() const = 0;

    virtual void close() = 0;
};

boost::asio::awaitable<Result<std::shared_ptr<Connection>>> connect(
    boost::asio::any_io_executor executor, Endpoint endpoint, Tls tls, Milliseconds timeout);

}  // namespace batchd::net
