// Wakes a coroutine from any thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace batchd::api {

class Signal : public std::enable_shared_from_this<Signal> {
  public:
    /// `executor` is that of the coroutine that waits.
    explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    /// Any thread. Not lost if nobody waits yet; several before a wait count as one.
    void notify();

    /// True if it was notified, false after `limit`.
    boost::asio::awaitable<bool> wait(std::chrono::milliseconds limit);

  private:
    boost::asio::steady_timer timer_;
    bool is_set_ = false;
};

}  // namespace batchd::api
