#include "batchd/runtime/fargate_runtime.hpp"

#include "runtime/fargate/adoption.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <unordered_set>

namespace batchd::runtime {

namespace asio = boost::asio;

/// Lives on the strand, and until the last coroutine ended.
class FargateRuntime::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, FargateOptions options, FargatePorts used_ports)
        : context_(asio::make_strand(io), std::move(options), std::move(used_ports)),
          fleet_(context_) {}

    /// Does `work` on the strand, later.
    template <class Work>
    void post(Work work) {
        asio::post(context_.strand, [self = shared_from_this(), work = std::move(work)]() mutable {
            if (self->context_.stopping) return;
            self->run();
            work(*self);
        });
    }

    void start(ports::StartAttempt attempt) {
        if (!fleet_.find(attempt.id)) fleet_.add(std::move(attempt))->launch();
    }

    void stop(const model::AttemptId& id) {
        if (const auto attempt = fleet_.find(id)) attempt->stop();
    }

    void forget(const model::AttemptId& id) {
        if (const auto attempt = fleet_.find(id)) attempt->forget();
    }

    void adopt(std::vector<Adopt> list) {
        std::unordered_set<model::AttemptId> wanted;
        for (const auto& entry : list) wanted.insert(entry.attempt.id);
        for (const auto& attempt : fleet_.all()) {
            if (!wanted.contains(attempt->id())) attempt->abandon();
        }
        std::vector<Unplaced> unplaced;
        for (auto& entry : list) {
            auto attempt = fleet_.find(entry.attempt.id);
            if (attempt) {
                attempt->tell_again();
            } else {
                attempt = fleet_.add(std::move(entry.attempt));
                unplaced.push_back({.attempt = attempt, .was_running = entry.was_running});
            }
            if (entry.stop_with_grace) attempt->stop();
        }
        context_.spawn(adopt_tasks(&context_, &fleet_, std::move(unplaced)));
    }

    asio::awaitable<void> shutdown() {
        const auto self = shared_from_this();
        context_.stopping = true;
        fleet_.shutdown();
        co_await context_.coroutines.ended(Seconds{2});
    }

    const asio::any_io_executor& strand() const { return context_.strand; }

  private:
    void run() {
        if (!context_.owner.expired()) return;
        context_.owner = shared_from_this();
        fleet_.run();
    }

    FargateContext context_;
    Fleet fleet_;
};

FargateRuntime::FargateRuntime(asio::io_context& io, FargateOptions options,
                               FargatePorts used_ports)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(used_ports))) {}

FargateRuntime::~FargateRuntime() = default;

void FargateRuntime::start(ports::StartAttempt attempt) {
    impl_->post(
        [attempt = std::move(attempt)](Impl& impl) mutable { impl.start(std::move(attempt)); });
}

void FargateRuntime::stop(model::AttemptId id, Seconds) {
    impl_->post([id](Impl& impl) { impl.stop(id); });
}

void FargateRuntime::forget(model::AttemptId id) {
    impl_->post([id](Impl& impl) { impl.forget(id); });
}

void FargateRuntime::adopt(std::vector<model::Host>, std::vector<Adopt> attempts) {
    impl_->post(
        [attempts = std::move(attempts)](Impl& impl) mutable { impl.adopt(std::move(attempts)); });
}

asio::awaitable<void> FargateRuntime::shutdown() {
    const auto impl = impl_;
    co_await asio::co_spawn(impl->strand(), impl->shutdown(), asio::use_awaitable);
}

}  // namespace batchd::runtime
