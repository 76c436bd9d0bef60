// A TCP connection whose reads and writes have deadlines.
//
// Beast's tcp_stream closes the socket when time is up, so that no 408 can be sent any more; this
// one only cancels the operation. Its timer is cheap: it is set again only when a deadline lies
// before the one it already waits for, not at every operation.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <expected>
#include <memory>
#include <string>

namespace batchd::http {

enum class ReadFailure { Gone, TimedOut, Interrupted };

/// All functions but interrupt run on the socket's strand. One operation at a time.
class TimedSocket : public std::enable_shared_from_this<TimedSocket> {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Buffers = std::array<boost::asio::const_buffer, 3>;

    explicit TimedSocket(boost::asio::ip::tcp::socket socket);

    boost::asio::awaitable<std::expected<std::size_t, ReadFailure>> read_some(
        boost::asio::mutable_buffer buffer, TimePoint deadline);
    /// Like read_some, but ends with Interrupted when somebody calls interrupt meanwhile.
    boost::asio::awaitable<std::expected<std::size_t, ReadFailure>> read_some_idle(
        boost::asio::mutable_buffer buffer, TimePoint deadline);
    /// Sends all, in one system call if the kernel has room. False if the client is gone or too
    /// slow.
    boost::asio::awaitable<bool> write(Buffers buffers, TimePoint deadline);

    /// Any thread. Ends a read_some_idle that waits.
    void interrupt();
    /// The client closed its end, or the connection broke. Asks the kernel; does not block.
    bool peer_gone() const;
    void shutdown_send();
    auto executor() { return socket_.get_executor(); }
    /// The peer's address without the port; empty if it is gone already.
    std::string remote_address() const;

  private:
    void begin(TimePoint deadline);
    void end() { deadline_ = TimePoint::max(); }
    void wait_until(TimePoint when);
    void on_timer();

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    TimePoint deadline_ = TimePoint::max();  // of the operation that runs
    TimePoint armed_ = TimePoint::max();     // when timer_ fires, at the latest
    bool timed_out_ = false;
    bool idle_ = false;
};

}  // namespace batchd::http
