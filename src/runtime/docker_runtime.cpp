#include "batchd/runtime/docker_runtime.hpp"

#include "runtime/attempt_task.hpp"
#include "runtime/host.hpp"
#include "runtime/outcome.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unordered_map>
#include <unordered_set>

namespace batchd::runtime {

namespace asio = boost::asio;

/// Lives on the strand; coroutines refer to it, so it lives until the last one ended.
class DockerRuntime::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, DockerOptions options, DockerPorts used_ports)
        : strand_(asio::make_strand(io)),
          shared_context_(std::make_shared<Context>(strand_, io.get_executor(), std::move(options),
                                                    std::move(used_ports))),
          context_(*shared_context_) {
        for (const auto& host : context_.options.hosts) {
            hosts_.emplace(host.name, std::make_shared<Host>(shared_context_, host));
        }
    }

    void run() {
        for (const auto& [name, host] : hosts_) host->run();
    }

    /// Does `work` on the strand, later.
    template <class Work>
    void post(Work work) {
        asio::post(strand_, [self = shared_from_this(), work = std::move(work)]() mutable {
            if (!self->context_.stopping) work(*self);
        });
    }

    void start(ports::StartAttempt attempt) {
        if (tasks_.contains(attempt.id)) return;
        if (const auto task = make_task(std::move(attempt))) task->launch();
    }

    void stop(const model::AttemptId& id, Seconds grace) {
        if (const auto found = tasks_.find(id); found != tasks_.end()) found->second->stop(grace);
    }

    void forget(const model::AttemptId& id) {
        // A copy: the last thing that a task does is to leave the map.
        const auto found = tasks_.find(id);
        if (found == tasks_.end()) return;
        const auto task = found->second;
        task->forget();
    }

    void adopt(std::vector<Adopt> attempts) {
        std::unordered_set<model::AttemptId> wanted;
        for (auto& entry : attempts) {
            wanted.insert(entry.attempt.id);
            adopt_one(std::move(entry));
        }
        std::vector<std::shared_ptr<AttemptTask>> unwanted;
        for (const auto& [id, task] : tasks_) {
            if (!wanted.contains(id)) unwanted.push_back(task);
        }
        for (const auto& task : unwanted) task->abandon();
        for (const auto& [name, host] : hosts_) host->remove_orphans();
    }

    asio::awaitable<void> shutdown() {
        const auto self = shared_from_this();
        context_.stopping = true;
        for (const auto& [id, task] : tasks_) task->shutdown();
        for (const auto& [name, host] : hosts_) host->shutdown();
        const auto deadline = asio::steady_timer::clock_type::now() + Seconds{2};
        while (context_.coroutines > 0) {
            const auto left = deadline - asio::steady_timer::clock_type::now();
            if (left <= left.zero()) break;
            co_await context_.idle.wait_for(std::chrono::ceil<Milliseconds>(left));
        }
    }

    const asio::strand<asio::io_context::executor_type>& strand() const { return strand_; }
    const DockerCounters& counters() const { return context_.counters; }

  private:
    std::shared_ptr<AttemptTask> make_task(ports::StartAttempt attempt) {
        const auto id = attempt.id;
        const auto host = hosts_.find(attempt.host);
        if (host == hosts_.end()) {
            auto outcome = disappeared(attempt.host, context_.clock.now());
            outcome.reason = "Host " + attempt.host + " is not registered";
            context_.events.attempt_ended(id, std::move(outcome));
            return nullptr;
        }
        auto task = std::make_shared<AttemptTask>(context_, host->second, std::move(attempt),
                                                  [this, id] { tasks_.erase(id); });
        tasks_.emplace(id, task);
        return task;
    }

    void adopt_one(Adopt entry) {
        const auto found = tasks_.find(entry.attempt.id);
        if (found != tasks_.end()) {
            found->second->tell_again();
            if (entry.stop_with_grace) found->second->stop(*entry.stop_with_grace);
            return;
        }
        if (const auto task = make_task(std::move(entry.attempt))) {
            task->adopt(entry.was_running, entry.stop_with_grace);
        }
    }

    asio::strand<asio::io_context::executor_type> strand_;
    std::shared_ptr<Context> shared_context_;
    Context& context_;
    std::unordered_map<std::string, std::shared_ptr<Host>> hosts_;
    std::unordered_map<model::AttemptId, std::shared_ptr<AttemptTask>> tasks_;
};

DockerRuntime::DockerRuntime(asio::io_context& io, DockerOptions options, DockerPorts used_ports)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(used_ports))) {
    impl_->post([](Impl& impl) { impl.run(); });
}

DockerRuntime::~DockerRuntime() = default;

void DockerRuntime::start(ports::StartAttempt attempt) {
    impl_->post(
        [attempt = std::move(attempt)](Impl& impl) mutable { impl.start(std::move(attempt)); });
}

void DockerRuntime::stop(model::AttemptId id, Seconds grace) {
    impl_->post([id, grace](Impl& impl) { impl.stop(id, grace); });
}

void DockerRuntime::forget(model::AttemptId id) {
    impl_->post([id](Impl& impl) { impl.forget(id); });
}

void DockerRuntime::adopt(std::vector<Adopt> attempts) {
    impl_->post(
        [attempts = std::move(attempts)](Impl& impl) mutable { impl.adopt(std::move(attempts)); });
}

asio::awaitable<void> DockerRuntime::shutdown() {
    const auto impl = impl_;
    co_await asio::co_spawn(impl->strand(), impl->shutdown(), asio::use_awaitable);
}

const DockerCounters& DockerRuntime::counters() const { return impl_->counters(); }

}  // namespace batchd::runtime
