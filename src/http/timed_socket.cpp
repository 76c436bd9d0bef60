#include "http/timed_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <poll.h>

namespace batchd::http {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;

}  // namespace

TimedSocket::TimedSocket(asio::ip::tcp::socket socket)
    : socket_(std::move(socket)), timer_(socket_.get_executor()) {
    boost::system::error_code ignored;  // without it answers are slower, not wrong
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<std::expected<std::size_t, ReadFailure>> TimedSocket::read_some(
    asio::mutable_buffer buffer, TimePoint deadline) {
    begin(deadline);
    const auto [ec, size] = co_await socket_.async_read_some(buffer, as_tuple(use_awaitable));
    end();
    if (!ec) co_return size;
    if (ec != asio::error::operation_aborted) co_return std::unexpected(ReadFailure::Gone);
    co_return std::unexpected(timed_out_ ? ReadFailure::TimedOut : ReadFailure::Interrupted);
}

asio::awaitable<std::expected<std::size_t, ReadFailure>> TimedSocket::read_some_idle(
    asio::mutable_buffer buffer, TimePoint deadline) {
    idle_ = true;
    auto result = co_await read_some(buffer, deadline);
    idle_ = false;
    co_return result;
}

asio::awaitable<bool> TimedSocket::write(Buffers buffers, TimePoint deadline) {
    begin(deadline);
    const auto [ec, size] = co_await asio::async_write(socket_, buffers, as_tuple(use_awaitable));
    end();
    co_return !ec;
}

void TimedSocket::interrupt() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        boost::system::error_code ignored;
        if (self->idle_) self->socket_.cancel(ignored);
    });
}

bool TimedSocket::peer_gone() const {
    // POLLRDHUP tells even when unread bytes stand before the end, which a peeking read would not.
    pollfd state{.fd = const_cast<asio::ip::tcp::socket&>(socket_).native_handle(),
                 .events = POLLRDHUP,
                 .revents = 0};
    return ::poll(&state, 1, 0) != 0;
}

void TimedSocket::shutdown_send() {
    boost::system::error_code ignored;  // the client may be gone
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

std::string TimedSocket::remote_address() const {
    boost::system::error_code ec;
    const auto endpoint = socket_.remote_endpoint(ec);
    return ec ? std::string() : endpoint.address().to_string();
}

void TimedSocket::begin(TimePoint deadline) {
    timed_out_ = false;
    deadline_ = deadline;
    if (deadline_ < armed_) wait_until(deadline_);
}

void TimedSocket::wait_until(TimePoint when) {
    armed_ = when;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
        if (ec) return;
        if (const auto self = weak.lock()) self->on_timer();
    });
}

void TimedSocket::on_timer() {
    armed_ = TimePoint::max();
    if (deadline_ == TimePoint::max()) return;
    if (std::chrono::steady_clock::now() < deadline_) {
        wait_until(deadline_);
        return;
    }
    timed_out_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

}  // namespace batchd::http
