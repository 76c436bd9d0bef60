// Coroutines of a runtime: counted, so that the end can wait for them.
#pragma once

#include "runtime/signal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace batchd::runtime {

/// Calls on the executor.
class Coroutines {
  public:
    explicit Coroutines(boost::asio::any_io_executor executor)
        : executor_(executor), idle_(std::move(executor)) {}

    /// Runs `work` on the executor; `keep_alive`, which holds this object, lives as long.
    void spawn(boost::asio::awaitable<void> work, std::shared_ptr<void> keep_alive);

    /// Until none runs, but no longer than `limit`.
    boost::asio::awaitable<void> ended(Milliseconds limit);

  private:
    boost::asio::any_io_executor executor_;
    std::size_t count_ = 0;
    Signal idle_;
};

}  // namespace batchd::runtime
