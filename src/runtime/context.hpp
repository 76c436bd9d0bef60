// What all parts of the runtime share.
#pragma once

#include "batchd/base/log.hpp"
#include "batchd/runtime/docker_runtime.hpp"
#include "runtime/signal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>

namespace batchd::runtime {

struct Context {
    boost::asio::any_io_executor strand;   ///< everything runs here
    boost::asio::any_io_executor threads;  ///< except what blocks on the disk
    DockerOptions options;
    ports::RuntimeEvents& events;
    ports::LogSink& logs;
    const Clock& clock;
    DockerCounters counters{};
    bool stopping = false;  ///< coroutines end, nothing is reported any more
    std::size_t coroutines = 0;
    Signal idle;  ///< the last coroutine ended

    /// Runs `work` on the strand. It must keep alive what it uses.
    void spawn(boost::asio::awaitable<void> work);
};

}  // namespace batchd::runtime
