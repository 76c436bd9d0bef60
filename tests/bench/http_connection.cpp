#include "http_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> io_error(std::string_view what, error_code ec) {
    return fail(ErrorKind::Unavailable, fmt::format("{}: {}", what, ec.message()));
}

}  // namespace

Endpoint loopback(std::uint16_t port) {
    return asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port);
}

Endpoint unix_socket(const std::string& path) {
    return asio::local::stream_protocol::endpoint(path);
}

std::string http_request(std::string_view method, std::string_view target, std::string_view body) {
    std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, target);
    if (!body.empty()) {
        bytes +=
            fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    }
    return bytes.append("\r\n").append(body);
}

HttpConnection::HttpConnection(const asio::any_io_executor& executor, Endpoint endpoint)
    : endpoint_(std::move(endpoint)), socket_(executor) {}

asio::awaitable<Result<>> HttpConnection::open() {
    auto [ec] = co_await socket_.async_connect(endpoint_, kAwait);
    if (ec) co_return io_error("cannot connect", ec);
    if (endpoint_.protocol().family() == AF_INET) {
        socket_.set_option(asio::ip::tcp::no_delay(true), ec);
    }
    co_return Result<>{};
}

asio::awaitable<Result<Answer>> HttpConnection::call(std::string_view request) {
    auto [write_error, sent] =
        co_await asio::async_write(socket_, asio::buffer(request.data(), request.size()), kAwait);
    if (write_error) co_return io_error("cannot send", write_error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    auto [read_error, got] = co_await http::async_read(socket_, buffer_, parser, kAwait);
    if (read_error) co_return io_error("no answer", read_error);
    auto message = parser.release();
    co_return Answer{.status = message.result_int(), .body = std::move(message.body())};
}

asio::awaitable<Result<std::string>> HttpConnection::expect(std::string_view request) {
    auto answer = co_await call(request);
    if (!answer) co_return std::unexpected(std::move(answer).error());
    if (answer->status < 400) co_return std::move(answer->body);
    co_return fail(ErrorKind::Internal,
                   fmt::format("{} was answered {}: {}", request.substr(0, request.find('\r')),
                               answer->status, answer->body.substr(0, 300)));
}

}  // namespace batchd::bench
