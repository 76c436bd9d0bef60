// The container that holds the namespaces which the containers of one attempt share.
#pragma once

#include "batchd/docker/create_body.hpp"
#include "batchd/net/retry_delay.hpp"
#include "runtime/host.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace batchd::runtime {

/// Calls on the strand. Nobody watches how it ends: who kills it leaves its task as it is, only
/// that no further container can join.
class Sandbox final : public ContainerWatcher, public std::enable_shared_from_this<Sandbox> {
  public:
    Sandbox(Context& context, std::shared_ptr<Host> host,
            std::shared_ptr<const ports::StartAttempt> start);

    /// It may exist from before: it is not taken for nobody's.
    void adopt();
    /// Makes and starts it, if it does not run yet; `on_done` is called when result() is set.
    void prepare(std::function<void()> on_done);
    bool is_preparing() const { return is_preparing_; }
    /// The container's id, or the Engine's error.
    const std::optional<Result<std::string>>& result() const { return result_; }
    /// Starts it again if the Engine may have ended since result() was set, and its containers with
    /// it. Only when result() has an id.
    docker::Async<> revive();

    /// Ends preparing, and removes what was made.
    boost::asio::awaitable<void> remove();
    void shutdown() { changed_.notify_all(); }

    void on_event(const docker::Event& /*event*/) override {}
    void on_missing() override {}
    bool believes_running() const override { return false; }

  private:
    boost::asio::awaitable<void> prepare_until_done(std::function<void()> on_done);
    boost::asio::awaitable<Result<std::string>> make();
    boost::asio::awaitable<Result<std::string>> create();
    docker::Async<> start(std::string id);
    bool is_over() const { return is_given_up_ || host_->is_closed(); }

    Context& context_;
    std::shared_ptr<Host> host_;
    const std::shared_ptr<const ports::StartAttempt> start_;
    const std::string name_;
    net::RetryDelay delay_{Milliseconds{100}, Milliseconds{2000}};
    Signal changed_;
    std::size_t connection_ = 0;  ///< to the Engine, when the container was last known to run
    bool is_preparing_ = false;
    bool is_given_up_ = false;
    std::optional<Result<std::string>> result_;
};

}  // namespace batchd::runtime
