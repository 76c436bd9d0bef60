#include "runtime/coroutines.hpp"

#include "batchd/base/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace batchd::runtime {

void Coroutines::spawn(boost::asio::awaitable<void> work, std::shared_ptr<void> keep_alive) {
    ++count_;
    boost::asio::co_spawn(executor_, std::move(work),
                          [this, held = std::move(keep_alive)](const std::exception_ptr& failure) {
                              if (failure) {
                                  try {
                                      std::rethrow_exception(failure);
                                  } catch (const std::exception& e) {
                                      log::error("runtime: a coroutine ended with an exception: {}",
                                                 e.what());
                                  }
                              }
                              if (--count_ == 0) idle_.notify_all();
                          });
}

boost::asio::awaitable<void> Coroutines::ended(Milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (count_ > 0) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) break;
        co_await idle_.wait_for(std::chrono::ceil<Milliseconds>(left));
    }
}

}  // namespace batchd::runtime
