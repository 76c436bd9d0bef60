// What all parts of the Fargate runtime share.
#pragma once

#include "batchd/base/log.hpp"
#include "batchd/runtime/fargate_runtime.hpp"
#include "runtime/coroutines.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace batchd::runtime {

using SteadyTime = std::chrono::steady_clock::time_point;

struct FargateContext {
    FargateContext(boost::asio::any_io_executor strand_executor, FargateOptions fargate_options,
                   FargatePorts used_ports)
        : strand(std::move(strand_executor)),
          aws_threads(std::move(used_ports.aws_threads)),
          options(std::move(fargate_options)),
          events(used_ports.events),
          logs(used_ports.logs),
          aws(used_ports.aws),
          clock(used_ports.clock),
          started_by("batchd/" + options.instance),
          coroutines(strand) {
        if (options.cluster.empty()) options.cluster = "batchd-" + options.instance;
    }

    boost::asio::any_io_executor strand;       ///< everything runs here
    boost::asio::any_io_executor aws_threads;  ///< except what waits for AWS or the disk
    FargateOptions options;
    ports::RuntimeEvents& events;
    ports::LogSink& logs;
    aws::Client& aws;
    const Clock& clock;
    const std::string started_by;
    bool stopping = false;  ///< coroutines end, nothing is reported any more
    /// For pauses and limits: the clock on the wall may be set.
    static SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

    std::weak_ptr<void> owner;  ///< holds this; lives as long as a coroutine
    Coroutines coroutines;

    /// Runs `work` on the strand.
    void spawn(boost::asio::awaitable<void> work) {
        coroutines.spawn(std::move(work), owner.lock());
    }

    /// What `work(aws)` returns, which may block; the strand goes on meanwhile. It must keep alive
    /// what it uses.
    template <class Work>
    boost::asio::awaitable<std::invoke_result_t<Work, aws::Client&>> ask(Work work) {
        namespace asio = boost::asio;
        co_await asio::post(asio::bind_executor(aws_threads, asio::use_awaitable));
        auto outcome = work(aws);
        co_await asio::post(asio::bind_executor(strand, asio::use_awaitable));
        co_return outcome;
    }
};

}  // namespace batchd::runtime
