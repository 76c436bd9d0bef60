// How coroutines on one strand wait for each other.
#pragma once

#include "batchd/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace batchd::runtime {

/// A condition variable for coroutines. All calls on the executor. Waits may end without a notice:
/// check the condition again.
class Signal {
  public:
    explicit Signal(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    boost::asio::awaitable<void> wait();
    boost::asio::awaitable<void> wait_for(Milliseconds limit);

    void notify_all();
    void notify_one();  ///< the one that waits longest

  private:
    boost::asio::awaitable<void> wait_on(boost::asio::steady_timer::time_point deadline);

    boost::asio::any_io_executor executor_;
    std::deque<boost::asio::steady_timer*> waiters_;
};

/// A counted limit; waiters are served in their order.
class Slots {
  public:
    Slots(boost::asio::any_io_executor executor, std::size_t count)
        : released_(std::move(executor)), free_(count) {}

    /// Held until it is destroyed or released.
    class Slot {
      public:
        Slot() = default;
        explicit Slot(Slots& slots) : slots_(&slots) {}
        Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
        Slot& operator=(Slot&& other) noexcept {
            release();
            slots_ = std::exchange(other.slots_, nullptr);
            return *this;
        }
        ~Slot() { release(); }
        void release();

      private:
        Slots* slots_ = nullptr;
    };

    boost::asio::awaitable<Slot> take();

  private:
    Signal released_;
    std::size_t free_;
};

}  // namespace batchd::runtime
