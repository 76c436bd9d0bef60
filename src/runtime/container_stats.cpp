// Looks at what a running container uses. Nothing waits for it, and nothing depends on it: an
// Engine that answers late or with an error costs a look.
#include "runtime/container_run.hpp"

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kFirstLook{250};

}  // namespace

asio::awaitable<void> ContainerRun::observe() {
    const auto self = shared_from_this();
    net::RetryDelay interval{kFirstLook, context_.options.stats_every};
    while (!is_over() && !exit_) {
        co_await wake_.wait_for(interval.next());
        if (is_over() || exit_) break;
        co_await look_at_use();
    }
}

asio::awaitable<void> ContainerRun::look_at_use() {
    co_await host_->wait_up();
    const auto slot = co_await host_->looks().take();
    if (is_over() || exit_) co_return;
    const auto stats = co_await host_->client().stats(container_id_);
    if (!stats) {
        log::debug("attempt {}: what it uses is not known: {}", to_string(start_->id),
                   stats.error().message);
        co_return;
    }
    if (!use_) use_.emplace();
    use_->peak_memory_bytes = std::max(use_->peak_memory_bytes, stats->memory_bytes);
    use_->cpu_milliseconds = std::max(use_->cpu_milliseconds, stats->cpu_ns / 1'000'000);
}

}  // namespace batchd::runtime
