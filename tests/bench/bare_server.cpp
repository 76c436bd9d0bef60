#include "bare_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <exception>
#include <thread>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

http::response<http::string_body> answer(const http::request<http::string_body>& request) {
    const auto body = nlohmann::json::parse(request.body(), nullptr, false);
    http::response<http::string_body> response(
        body.is_object() ? http::status::ok : http::status::bad_request, request.version());
    response.set(http::field::content_type, "application/json");
    response.body() = nlohmann::json{{"jobId", "01977f4e-0000-7000-8000-000000000000"},
                                     {"jobName", body.value("jobName", "")}}
                          .dump();
    response.prepare_payload();
    return response;
}

asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    for (;;) {
        http::request<http::string_body> request;
        auto [read_error, got] = co_await http::async_read(socket, buffer, request, kAwait);
        if (read_error) co_return;
        const auto response = answer(request);
        auto [write_error, sent] = co_await http::async_write(socket, response, kAwait);
        if (write_error) co_return;
    }
}

asio::awaitable<void> accept(tcp::acceptor acceptor) {
    for (;;) {
        auto [ec, socket] = co_await acceptor.async_accept(kAwait);
        if (ec) co_return;
        socket.set_option(tcp::no_delay(true), ec);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)),
                       [](const std::exception_ptr&) {});
    }
}

}  // namespace

int serve_bare() {
    asio::io_context io;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    fmt::print("bare server listening on http://127.0.0.1:{}\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(io, accept(std::move(acceptor)), [](const std::exception_ptr&) {});
    const std::jthread second([&] { io.run(); });
    io.run();
    return 0;
}

}  // namespace batchd::bench
