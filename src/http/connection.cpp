#include "http/connection.hpp"

#include "batchd/base/log.hpp"
#include "http/browser_guard.hpp"
#include "http/chunk_writer.hpp"

#include <fmt/format.h>

namespace batchd::http {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::size_t kReadBytes = std::size_t{8} * 1024;

// How much of a refused request is read and thrown away, and for how long, so that the client gets
// to read the answer.
constexpr std::size_t kLingerBytes = std::size_t{8} * 1024 * 1024;
constexpr std::chrono::seconds kLingerTime{3};

/// Counts a request as in flight while it lives.
class InFlight {
  public:
    explicit InFlight(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
    ~InFlight() { --count_; }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

  private:
    std::atomic<std::size_t>& count_;
};

std::unexpected<Refusal> to_refusal(ReadFailure failure, std::chrono::milliseconds limit) {
    switch (failure) {
        case ReadFailure::Gone:
        case ReadFailure::Interrupted:
            break;
        case ReadFailure::TimedOut:
            return std::unexpected(Refusal{
                408, fmt::format("the request did not arrive within {} ms", limit.count())});
    }
    return std::unexpected(Refusal{});
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> server, asio::ip::tcp::socket socket)
    : server_(std::move(server)),
      socket_(std::make_shared<TimedSocket>(std::move(socket))),
      ordinal_(server_->sockets.add(socket_)),
      remote_address_(socket_->remote_address()) {}

Connection::~Connection() { server_->sockets.remove(socket_); }

asio::awaitable<void> Connection::serve(std::unique_ptr<Connection> self) {
    while (co_await self->serve_request()) {
    }
}

asio::awaitable<void> Connection::turn_away(std::unique_ptr<Connection> self) {
    co_await self->refuse({503, fmt::format("all {} connections are in use",
                                            self->server_->options.max_connections)});
}

/// False when the connection has served its purpose.
asio::awaitable<bool> Connection::serve_request() {
    if (!co_await request_begins()) co_return false;
    parser_.emplace(server_->options.max_header_bytes, server_->options.max_body_bytes);
    if (auto received = co_await receive(); !received) {
        co_await refuse(std::move(received).error());
        co_return false;
    }
    co_return co_await answer();
}

/// Waits for the first byte, unless a pipelined request is here already.
asio::awaitable<bool> Connection::request_begins() {
    if (buffer_.size() > 0) co_return true;
    if (server_->stopping) co_return false;
    const auto size = co_await socket_->read_some_idle(
        buffer_.prepare(kReadBytes), steady_clock::now() + server_->options.idle_timeout);
    if (!size) co_return false;
    buffer_.commit(*size);
    co_return true;
}

asio::awaitable<Connection::Received> Connection::receive() {
    const auto deadline = steady_clock::now() + server_->options.request_timeout;
    while (!parser_->is_header_done()) {
        if (auto step = co_await advance(deadline); !step) co_return step;
    }
    if (auto refusal = refuse_foreign_site(parser_->request(), server_->options.allowed_hosts)) {
        co_return std::unexpected(std::move(*refusal));
    }
    if (auto invited = co_await invite_body(); !invited) co_return invited;
    while (!parser_->is_done()) {
        if (auto step = co_await advance(deadline); !step) co_return step;
    }
    co_return Received{};
}

/// Parses what is here; if that led nowhere, waits for more.
asio::awaitable<Connection::Received> Connection::advance(TimePoint deadline) {
    if (buffer_.size() > 0) {
        const auto taken = parser_->feed(buffer_.cdata());
        if (!taken) co_return std::unexpected(taken.error());
        buffer_.consume(*taken);
        if (*taken > 0) co_return Received{};
    }
    const auto size = co_await socket_->read_some(buffer_.prepare(kReadBytes), deadline);
    if (!size) co_return to_refusal(size.error(), server_->options.request_timeout);
    buffer_.commit(*size);
    co_return Received{};
}

/// Answers "Expect: 100-continue", unless the body is on its way already.
asio::awaitable<Connection::Received> Connection::invite_body() {
    const bool waits = !parser_->is_done() && buffer_.size() == 0 && parser_->expects_continue();
    if (!waits) co_return Received{};
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await socket_->write({asio::buffer(kContinue)}, write_deadline())) {
        co_return std::unexpected(Refusal{});
    }
    co_return Received{};
}

/// Has the request answered. True if another one may follow.
asio::awaitable<bool> Connection::answer() {
    Framing framing{.http10 = parser_->is_http10(),
                    .keep_alive = parser_->keep_alive(),
                    .head_only = parser_->request().method == "HEAD"};
    bool sent = false;
    {
        // Counted before `stopping` is read: whoever stops us sees either the count or our 503.
        const InFlight in_flight(server_->in_flight);
        Response response;
        if (server_->stopping) {
            response = server_->on_error(503, "the server is shutting down");
        } else {
            response = co_await handle(std::move(parser_->request()));
        }
        const bool body_ends_by_closing = response.stream && framing.http10;
        framing.keep_alive = framing.keep_alive && !server_->stopping && !body_ends_by_closing;
        sent = co_await send(std::move(response), framing);
    }
    if (sent && framing.keep_alive) co_return true;
    if (sent) co_await linger();
    co_return false;
}

asio::awaitable<Response> Connection::handle(Request request) {
    request.remote_address = remote_address_;
    const std::string path = request.path;  // for the log; the handler takes the request away
    try {
        co_return co_await server_->handler(std::move(request));
    } catch (const std::exception& e) {
        log::error("the handler of {} threw: {}", path, e.what());
    }
    co_return server_->on_error(500, "internal error");
}

/// False if the client did not get everything.
asio::awaitable<bool> Connection::send(Response response, Framing framing) {
    write_head(head_, response, framing);
    const bool body = has_body(response, framing);
    if (response.stream && body) co_return co_await send_stream(std::move(response), framing);
    co_return co_await socket_->write(
        {asio::buffer(head_), asio::buffer(response.body.data(), body ? response.body.size() : 0)},
        write_deadline());
}

asio::awaitable<bool> Connection::send_stream(Response response, Framing framing) {
    if (!co_await socket_->write({asio::buffer(head_)}, write_deadline())) co_return false;
    ChunkWriter writer(server_, socket_, !framing.http10);
    try {
        if (!co_await response.stream(writer)) co_return false;
    } catch (const std::exception& e) {
        log::error("the producer of a streamed answer threw: {}", e.what());
        co_return false;
    }
    co_return co_await writer.finish();
}

/// Answers by the ErrorResponder. The connection ends with it: where the next request would begin
/// is not known.
asio::awaitable<void> Connection::refuse(Refusal refusal) {
    if (refusal.status == 0) co_return;
    Response response = server_->on_error(refusal.status, std::move(refusal.message));
    const bool head_only = parser_ && parser_->request().method == "HEAD";
    if (co_await send(std::move(response), {.head_only = head_only})) co_await linger();
}

/// Lets the client read the answer: closing while bytes of its request wait unread would reset the
/// connection, and the client's kernel would throw the answer away.
asio::awaitable<void> Connection::linger() {
    socket_->shutdown_send();
    const auto deadline = steady_clock::now() + kLingerTime;
    buffer_.clear();
    for (std::size_t drained = 0; drained < kLingerBytes;) {
        const auto size = co_await socket_->read_some(buffer_.prepare(kReadBytes), deadline);
        if (!size) co_return;
        drained += *size;
    }
}

Connection::TimePoint Connection::write_deadline() const {
    return steady_clock::now() + server_->options.write_timeout;
}

}  // namespace batchd::http
