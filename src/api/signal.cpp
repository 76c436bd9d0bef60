#include "api/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace batchd::api {

namespace asio = boost::asio;

void Signal::notify() {
    asio::post(timer_.get_executor(), [self = shared_from_this()] {
        self->is_set_ = true;
        self->timer_.cancel();
    });
}

asio::awaitable<bool> Signal::wait(std::chrono::milliseconds limit) {
    if (!is_set_) {
        timer_.expires_after(limit);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    const bool was_set = is_set_;
    is_set_ = false;
    co_return was_set;
}

}  // namespace batchd::api
