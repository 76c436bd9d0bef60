#include "runtime/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

/// Leaves the list also when its coroutine is destroyed while it waits, as at the daemon's end.
class Waiter {
  public:
    Waiter(std::deque<asio::steady_timer*>& list, asio::steady_timer& timer)
        : list_(list), timer_(timer) {
        list_.push_back(&timer_);
    }
    ~Waiter() { std::erase(list_, &timer_); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

  private:
    std::deque<asio::steady_timer*>& list_;
    asio::steady_timer& timer_;
};

}  // namespace

asio::awaitable<void> Signal::wait() { co_await wait_on(asio::steady_timer::time_point::max()); }

asio::awaitable<void> Signal::wait_for(Milliseconds limit) {
    co_await wait_on(asio::steady_timer::clock_type::now() + limit);
}

asio::awaitable<void> Signal::wait_on(asio::steady_timer::time_point deadline) {
    asio::steady_timer timer(executor_, deadline);
    const Waiter waiter(waiters_, timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Signal::notify_all() {
    for (auto* timer : std::exchange(waiters_, {})) timer->cancel();
}

void Signal::notify_one() {
    if (waiters_.empty()) return;
    auto* timer = waiters_.front();
    waiters_.pop_front();
    timer->cancel();
}

asio::awaitable<Slots::Slot> Slots::take() {
    while (free_ == 0) co_await released_.wait();
    --free_;
    co_return Slot(*this);
}

void Slots::Slot::release() {
    if (!slots_) return;
    ++slots_->free_;
    slots_->released_.notify_one();
    slots_ = nullptr;
}

}  // namespace batchd::runtime
