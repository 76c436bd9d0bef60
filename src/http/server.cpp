#include "batchd/http/server.hpp"

#include "batchd/base/log.hpp"
#include "http/connection.hpp"
#include "http/server_state.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace batchd::http {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;
using asio::ip::tcp;

using Acceptor = std::shared_ptr<tcp::acceptor>;

/// The completion handler of our coroutines: the last net under them.
void log_failure(std::exception_ptr failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(std::move(failure));
    } catch (const std::exception& e) {
        log::error("an HTTP connection failed: {}", e.what());
    }
}

void start(const std::shared_ptr<ServerState>& state, tcp::socket socket) {
    const std::size_t limit = state->options.max_connections;
    auto connection = std::make_unique<Connection>(state, std::move(socket));
    const std::size_t ordinal = connection->ordinal();
    if (ordinal > 2 * limit)
        return;  // being polite to more than that would cost too many descriptors
    auto executor = connection->executor();
    if (ordinal > limit) {
        asio::co_spawn(executor, Connection::turn_away(std::move(connection)), log_failure);
    } else {
        asio::co_spawn(executor, Connection::serve(std::move(connection)), log_failure);
    }
}

/// Out of descriptors or memory: wait until some are free, instead of failing in a tight loop.
asio::awaitable<void> pause_accepting(std::string reason) {
    log::warn("cannot accept HTTP connections: {}", reason);
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    co_await timer.async_wait(as_tuple(use_awaitable));
}

asio::awaitable<void> accept_connections(asio::io_context* io, std::shared_ptr<ServerState> state,
                                         Acceptor acceptor) {
    while (acceptor->is_open()) {
        auto [ec, socket] =
            co_await acceptor->async_accept(asio::make_strand(*io), as_tuple(use_awaitable));
        if (!ec) {
            start(state, std::move(socket));
        } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
            co_await pause_accepting(ec.message());
        }
    }
}

boost::system::error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    try {
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen();
        return {};
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
}

}  // namespace

Server::Server(asio::io_context& io, ServerOptions options, Handler handler,
               ErrorResponder on_error)
    : io_(io), state_(std::make_shared<ServerState>()) {
    state_->options = std::move(options);
    state_->handler = std::move(handler);
    state_->on_error = std::move(on_error);
}

Server::~Server() { interrupt(); }

Result<std::uint16_t> Server::listen(const std::string& address, std::uint16_t port) {
    boost::system::error_code ec;
    const auto ip = asio::ip::make_address(address, ec);
    if (ec) return invalid_argument(fmt::format("'{}' is not an IP address", address));
    auto acceptor = std::make_shared<tcp::acceptor>(asio::make_strand(io_));
    if (const auto failure = open(*acceptor, {ip, port})) {
        return fail(ErrorKind::Unavailable, fmt::format("cannot listen on {} port {}: {}", address,
                                                        port, failure.message()));
    }
    const auto bound = acceptor->local_endpoint(ec).port();
    const std::lock_guard lock(state_->acceptors_mutex);
    if (state_->stopping) return fail(ErrorKind::Cancelled, "the server is shutting down");
    state_->acceptors.push_back(acceptor);
    asio::co_spawn(acceptor->get_executor(), accept_connections(&io_, state_, acceptor),
                   log_failure);
    return bound;
}

void Server::interrupt() {
    const std::lock_guard lock(state_->acceptors_mutex);
    state_->stopping = true;
    for (const auto& acceptor : state_->acceptors) {
        asio::post(acceptor->get_executor(), [acceptor] {
            boost::system::error_code ignored;
            acceptor->close(ignored);
        });
    }
    state_->acceptors.clear();
    state_->sockets.interrupt_all();
}

asio::awaitable<bool> Server::drained(std::chrono::milliseconds limit) {
    // Asked every few milliseconds, once in the life of the process: cheaper to understand than a
    // notification from every connection.
    constexpr std::chrono::milliseconds kStep{5};
    const auto deadline = std::chrono::steady_clock::now() + limit;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (state_->in_flight > 0) {
        if (std::chrono::steady_clock::now() >= deadline) co_return false;
        timer.expires_after(kStep);
        co_await timer.async_wait(as_tuple(use_awaitable));
    }
    co_return true;
}

}  // namespace batchd::http
