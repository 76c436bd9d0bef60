// Requests and responses as plain values: what the layers above see of HTTP.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::http {

/// Header names compare without regard to case (RFC 9110, 5.1).
class Headers {
  public:
    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    /// The first field of that name; nullopt if there is none.
    std::optional<std::string_view> find(std::string_view name) const;
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
    std::string method;  ///< upper case, as sent
    std::string path;    ///< raw, still percent-encoded, without the query; starts with '/'
    /// Decoded ('+' is a space), in order; keys may repeat; a key without '=' has an empty value.
    std::vector<std::pair<std::string, std::string>> query;
    Headers headers;
    std::string body;
    std::string remote_address;  ///< the peer's address without the port

    /// The first value of a query key; nullopt if it is absent.
    std::optional<std::string_view> query_value(std::string_view key) const;
};

/// Percent-decodes once; '+' stays. nullopt if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

/// Decodes "a=1&b=two+words&c", the query of a target (without '?') or a body of
/// application/x-www-form-urlencoded; empty pairs are skipped. nullopt if a percent-escape is
/// malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);

/// Writes a streamed body. Belongs to the connection; valid only inside the producer.
class BodyWriter {
  public:
    virtual ~BodyWriter() = default;
    /// Sends one chunk at once; completes when the kernel has taken it. False when the client is
    /// gone or the server stops: the producer returns then.
    virtual boost::asio::awaitable<bool> write(std::string chunk) = 0;
    /// True once the client is gone (its end of the connection closed) or the server stops. Asks
    /// the kernel, so it notices without a write; a producer that has nothing to write for a while
    /// asks every second or so, on the executor that it was started on.
    virtual bool closed() const = 0;
};

struct Response {
    int status = 200;
    Headers headers;  ///< without Content-Length, Transfer-Encoding, Connection and Date: the
                      ///< server adds them
    std::string body;
    /// Set for a streamed answer (chunked transfer coding; to HTTP/1.0 clients the body ends with
    /// the connection); `body` is ignored then. Not called for HEAD. False, or an exception, cuts
    /// the body off, so that the client sees that it is incomplete.
    std::function<boost::asio::awaitable<bool>(BodyWriter&)> stream;
};

/// Answers one request. Called on a thread of the server's io_context; may suspend. Exceptions that
/// leave it become a 500 and a log line.
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;

/// Builds the answer where no handler does: malformed HTTP (400), headers too large (431), body too
/// large (413), time-out (408), a foreign Host or Origin (403), too many connections or shutting
/// down (503), a handler that threw (500). `message` says what and which rule. Any thread that runs
/// the server's io_context; does not throw.
using ErrorResponder = std::function<Response(int status, std::string message)>;

}  // namespace batchd::http
