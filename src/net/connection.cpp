#include "net/connection.hpp"

#include "net/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>

namespace batchd::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// Unix sockets and TCP in one: the code for them is the same and is compiled once.
using PlainStream = beast::basic_stream<asio::generic::stream_protocol>;
using TlsStream = asio::ssl::stream<PlainStream>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kPieceSize = 16 * 1024;
constexpr std::uint32_t kHeaderLimit = 64 * 1024;

std::unexpected<Error> io_error(const std::string& what, error_code ec) {
    if (ec == beast::error::timeout) return fail(ErrorKind::Cancelled, what + ": timed out");
    if (ec == asio::error::operation_aborted) return fail(ErrorKind::Cancelled, what + ": closed");
    if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
        ec == asio::error::eof) {
        return fail(ErrorKind::Unavailable, what + ": the server closed the connection");
    }
    return fail(ErrorKind::Unavailable, what + ": " + ec.message());
}

template <class Stream>
class StreamConnection final : public Connection {
  public:
    /// `context` is what a TlsStream refers to.
    StreamConnection(Stream stream, std::shared_ptr<asio::ssl::context> context,
                     std::string host_header)
        : context_(std::move(context)),
          stream_(std::move(stream)),
          host_header_(std::move(host_header)) {}

    asio::awaitable<Result<HttpResponse>> send(const HttpRequest& request) override {
        http::request<http::string_body> message(http::string_to_verb(request.method),
                                                 request.target, 11, request.body);
        message.set(http::field::host, host_header_);
        message.set(http::field::user_agent, "batchd/" BATCHD_VERSION);
        for (const auto& [name, value] : request.headers) message.set(name, value);
        if (!request.body.empty()) message.set(http::field::content_type, request.content_type);
        message.prepare_payload();

        has_answer_ = false;
        parser_.emplace();
        parser_->header_limit(kHeaderLimit);
        parser_->body_limit(boost::none);
        beast::get_lowest_layer(stream_).expires_after(request.timeout);
        auto [write_error, written] = co_await http::async_write(stream_, message, kAwait);
        if (write_error) co_return io_error("the request could not be sent", write_error);
        auto [read_error, got] =
            co_await http::async_read_header(stream_, buffer_, *parser_, kAwait);
        has_answer_ = got > 0;
        if (read_error) co_return io_error("no answer", read_error);
        is_upgraded_ = parser_->get().result() == http::status::switching_protocols;
        co_return head();
    }

    asio::awaitable<Result<>> write(std::string_view bytes) override {
        if (!is_upgraded_) co_return fail(ErrorKind::Internal, "the server speaks HTTP only");
        auto [ec, size] =
            co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), kAwait);
        if (ec) co_return io_error("the connection broke", ec);
        co_return Result<>{};
    }

    asio::awaitable<Result<std::string_view>> read() override {
        if (is_upgraded_) co_return co_await read_upgraded();
        auto& body = parser_->get().body();
        body.data = piece_.data();
        body.size = piece_.size();
        body.more = true;
        for (;;) {
            const error_code ec = parse_buffered();
            const std::size_t got = piece_.size() - body.size;
            if (got > 0 || (!ec && parser_->is_done())) {
                co_return std::string_view(piece_.data(), got);
            }
            if (ec) co_return io_error("the answer is broken", ec);
            auto [read_error, size] =
                co_await stream_.async_read_some(buffer_.prepare(kReadSize), kAwait);
            buffer_.commit(size);
            if (!read_error) continue;
            error_code end = read_error;
            if (read_error == asio::error::eof) {
                end = {};
                parser_->put_eof(end);  // the end of an answer that ends with its connection
            }
            if (end) co_return io_error("the answer broke off", end);
        }
    }

    bool is_dry() const override { return is_dry_; }
    void limit_read(std::optional<Milliseconds> limit) override {
        auto& lowest = beast::get_lowest_layer(stream_);
        if (limit) {
            lowest.expires_after(*limit);
        } else {
            lowest.expires_never();
        }
    }
    bool is_reusable() const override {
        return parser_ && !is_upgraded_ && parser_->is_done() && parser_->keep_alive() &&
               buffer_.size() == 0;
    }
    bool has_answer() const override { return has_answer_; }
    void close() override { beast::get_lowest_layer(stream_).close(); }

  private:
    HttpResponse head() const {
        HttpResponse response;
        response.status = static_cast<int>(parser_->get().result_int());
        for (const auto& field : parser_->get()) {
            response.headers.emplace_back(std::string(field.name_string()),
                                          std::string(field.value()));
        }
        return response;
    }

    asio::awaitable<Result<std::string_view>> read_upgraded() {
        if (buffer_.size() == 0) {
            auto [ec, got] = co_await stream_.async_read_some(buffer_.prepare(kReadSize), kAwait);
            buffer_.commit(got);
            if (ec == asio::error::eof) co_return std::string_view{};
            if (ec) co_return io_error("the connection broke", ec);
        }
        const std::size_t size = std::min(buffer_.size(), piece_.size());
        std::memcpy(piece_.data(), buffer_.data().data(), size);
        buffer_.consume(size);
        is_dry_ = buffer_.size() == 0;
        co_return std::string_view(piece_.data(), size);
    }

    /// Moves bytes of the body from the buffer to the piece, without touching the network.
    error_code parse_buffered() {
        auto& body = parser_->get().body();
        is_dry_ = false;
        while (buffer_.size() > 0 && body.size > 0 && !parser_->is_done()) {
            error_code ec;
            buffer_.consume(parser_->put(buffer_.data(), ec));
            if (ec == http::error::need_buffer) return {};
            if (ec == http::error::need_more) break;
            if (ec) return ec;
        }
        is_dry_ = body.size > 0;
        return {};
    }

    std::shared_ptr<asio::ssl::context> context_;
    Stream stream_;
    std::string host_header_;
    beast::flat_buffer buffer_;
    std::optional<http::response_parser<http::buffer_body>> parser_;
    std::array<char, kPieceSize> piece_{};
    bool has_answer_ = false;
    bool is_upgraded_ = false;
    bool is_dry_ = true;  ///< what is left in the buffer is no piece of a body yet
};

asio::awaitable<Result<std::vector<asio::generic::stream_protocol::endpoint>>> resolve(
    asio::any_io_executor executor, Endpoint endpoint) {
    std::vector<asio::generic::stream_protocol::endpoint> addresses;
    if (endpoint.kind == Endpoint::Kind::Unix) {
        if (endpoint.path.size() >= sizeof(sockaddr_un::sun_path)) {
            co_return invalid_argument("the path of unix socket " + endpoint.path +
                                       " is too long: at most 107 bytes");
        }
        addresses.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
        co_return addresses;
    }
    asio::ip::tcp::resolver resolver(executor);
    auto [ec, results] = co_await resolver.async_resolve(endpoint.host, endpoint.port, kAwait);
    if (ec) {
        co_return fail(ErrorKind::Unavailable,
                       "cannot resolve " + endpoint.host + ": " + ec.message());
    }
    for (const auto& entry : results) addresses.emplace_back(entry.endpoint());
    co_return addresses;
}

std::string name_of(const Endpoint& endpoint) {
    return endpoint.kind == Endpoint::Kind::Unix ? endpoint.path
                                                 : endpoint.host + ":" + endpoint.port;
}

/// A peer that is gone without a word, or behind a firewall that forgot the connection, is noticed
/// within a minute: who reads an upgraded connection or a stream waits without a limit.
void watch_peer(PlainStream& stream) {
    constexpr int kIdleSeconds = 30;
    constexpr int kBetweenSeconds = 10;
    constexpr int kTries = 3;
    constexpr int kUnansweredMs = 60'000;
    const int socket = stream.socket().native_handle();
    const auto set = [socket](int level, int name, int value) {
        (void)::setsockopt(socket, level, name, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, kBetweenSeconds);
    set(IPPROTO_TCP, TCP_KEEPCNT, kTries);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUnansweredMs);
}

asio::awaitable<Result<>> connect_any(PlainStream& stream, Endpoint endpoint,
                                      Milliseconds timeout) {
    auto addresses = co_await resolve(stream.get_executor(), endpoint);
    if (!addresses) co_return std::unexpected(std::move(addresses).error());
    error_code last = asio::error::host_not_found;
    for (const auto& address : *addresses) {
        stream.expires_after(timeout);
        auto [ec] = co_await stream.async_connect(address, kAwait);
        if (!ec) {
            if (endpoint.kind == Endpoint::Kind::Tcp) {
                stream.socket().set_option(asio::ip::tcp::no_delay(true), ec);
                watch_peer(stream);
            }
            co_return Result<>{};
        }
        last = ec;
        if (ec == asio::error::operation_aborted) break;
    }
    co_return io_error("cannot connect to " + name_of(endpoint), last);
}

asio::awaitable<Result<std::shared_ptr<Connection>>> secure(PlainStream plain, Endpoint endpoint,
                                                            Tls tls) {
    auto loaded = client_tls(tls.directory);
    if (!loaded) co_return std::unexpected(std::move(loaded).error());
    auto context = std::make_shared<asio::ssl::context>(std::move(*loaded));
    TlsStream stream(std::move(plain), *context);
    const std::string& name = tls.server_name.empty() ? endpoint.host : tls.server_name;
    SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
    stream.set_verify_callback(asio::ssl::host_name_verification(name));
    auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAwait);
    if (ec) co_return io_error("TLS with " + name_of(endpoint) + " failed", ec);
    co_return std::make_shared<StreamConnection<TlsStream>>(std::move(stream), std::move(context),
                                                            endpoint.host);
}

}  // namespace

asio::awaitable<Result<std::shared_ptr<Connection>>> connect(asio::any_io_executor executor,
                                                             Endpoint endpoint, Tls tls,
                                                             Milliseconds timeout) {
    PlainStream stream(executor);
    auto connected = co_await connect_any(stream, endpoint, timeout);
    if (!connected) co_return std::unexpected(std::move(connected).error());
    if (endpoint.kind == Endpoint::Kind::Tcp && !tls.directory.empty()) {
        co_return co_await secure(std::move(stream), endpoint, std::move(tls));
    }
    // The Engine wants a Host header and accepts any.
    const std::string host = endpoint.host.empty() ? "localhost" : endpoint.host;
    co_return std::make_shared<StreamConnection<PlainStream>>(std::move(stream), nullptr, host);
}

}  // namespace batchd::net
