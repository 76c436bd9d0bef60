// One client: reads requests, has them answered, one after the other.
#pragma once

#include "http/refusal.hpp"
#include "http/request_parser.hpp"
#include "http/response_head.hpp"
#include "http/server_state.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace batchd::http {

/// Lives in the frame of its coroutine, on the strand of its socket.
class Connection {
  public:
    Connection(std::shared_ptr<ServerState> server, boost::asio::ip::tcp::socket socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Serves until one of the two ends closes.
    static boost::asio::awaitable<void> serve(std::unique_ptr<Connection> self);
    /// Answers 503 without reading a request.
    static boost::asio::awaitable<void> turn_away(std::unique_ptr<Connection> self);

    auto executor() { return socket_->executor(); }
    /// How many connections the server had when this one was made, itself included.
    std::size_t ordinal() const { return ordinal_; }

  private:
    template <class T>
    using awaitable = boost::asio::awaitable<T>;
    using TimePoint = TimedSocket::TimePoint;

    using Received = std::expected<void, Refusal>;

    awaitable<bool> serve_request();
    awaitable<bool> request_begins();
    awaitable<Received> receive();
    awaitable<Received> advance(TimePoint deadline);
    awaitable<Received> invite_body();
    awaitable<bool> answer();
    awaitable<Response> handle(Request request);
    awaitable<bool> send(Response response, Framing framing);
    awaitable<bool> send_stream(Response response, Framing framing);
    awaitable<void> refuse(Refusal refusal);
    awaitable<void> linger();
    TimePoint write_deadline() const;

    std::shared_ptr<ServerState> server_;
    std::shared_ptr<TimedSocket> socket_;
    std::size_t ordinal_;
    std::string remote_address_;
    boost::beast::flat_buffer buffer_;     // what is received and not parsed yet
    std::optional<RequestParser> parser_;  // of the request that is being served
    std::string head_;                     // of its answer
};

}  // namespace batchd::http
