// An HTTP/1.1 client of one server, over a unix socket, TCP, or TCP with mutual TLS. Idle
// connections are kept and used again.
//
// Everything here runs on one executor (a strand, if several threads run the io_context), and must
// be called there. Errors: Unavailable (no connection, or it broke), Cancelled (the time-out
// passed, or somebody closed), InvalidArgument (address or certificate files are wrong). An answer
// with any HTTP status is a value.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"
#include "batchd/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::net {

struct HttpRequest {
    std::string method;
    std::string target;  ///< path and query, encoded
    std::string body{};
    std::string content_type = "application/json";  ///< sent if there is a body
    std::vector<std::pair<std::string, std::string>> headers{};
    /// For the head of the answer; fetch: for the whole answer.
    Milliseconds timeout{30'000};
    /// May be sent again when a kept connection turns out to be dead.
    bool repeatable = true;
    /// Asks for a connection of its own: whether the server takes new ones.
    bool on_new_connection = false;
};

struct HttpResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    /// Empty if there is none of that name; letters' case does not matter.
    std::string_view header(std::string_view name) const;
};

class ConnectionPool;
class Connection;

/// One request whose answer is read piece by piece.
class HttpStream {
  public:
    explicit HttpStream(std::shared_ptr<ConnectionPool> pool);
    /// Keeps the connection for others if the answer was read to its end.
    ~HttpStream();
    HttpStream(const HttpStream&) = delete;
    HttpStream& operator=(const HttpStream&) = delete;

    /// Once. Returns when the head of the answer is there, without a body.
    boost::asio::awaitable<Result<HttpResponse>> open(HttpRequest request);

    /// The next bytes of the body, empty at its end. Valid until the next call. Without a limit
    /// only close() ends the wait for bytes that do not come.
    boost::asio::awaitable<Result<std::string_view>> read(
        std::optional<Milliseconds> limit = std::nullopt);

    /// Only after an answer of status 101, which ends HTTP on the connection: sends bytes, while
    /// read() gives what comes. One at a time, beside a read().
    boost::asio::awaitable<Result<>> write(std::string bytes);

    /// Whether the next read() has to wait for the network.
    bool is_dry() const;

    /// Pending and later calls fail with Cancelled.
    void close();

  private:
    friend class HttpClient;
    boost::asio::awaitable<Result<>> read_all(std::string& body);

    std::shared_ptr<ConnectionPool> pool_;
    std::shared_ptr<Connection> connection_;
    bool closed_ = false;
};

class HttpClient {
  public:
    /// `url` as for parse_endpoint; it and the files of `tls` are looked at when a connection is
    /// made.
    HttpClient(boost::asio::any_io_executor executor, std::string url, Tls tls);
    ~HttpClient();

    /// Sends and reads the whole answer, at most 64 MiB.
    boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest request);

    std::unique_ptr<HttpStream> stream();

    /// The server went away: kept connections are of no use any more.
    void drop_idle();

    /// Ends all calls and streams; later ones fail with Cancelled.
    void close();

  private:
    std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace batchd::net
