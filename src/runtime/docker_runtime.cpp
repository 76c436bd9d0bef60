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

namespace {

/// How long a host that is disconnected is given to end what still runs there.
constexpr Seconds kPartingLimit{10};

DockerHost docker_host(model::Host&& host) {
    DockerHost options{.name = std::move(host.name),
                       .url = std::move(host.url),
                       .tls = {.directory = host.certificate_directory.value_or(""),
                               .server_name = host.tls_server_name.value_or("")},
                       .gpus = host.gpus.value_or(std::vector<std::string>{})};
    if (host.vcpus) options.vcpu = vcpus(*host.vcpus);
    if (host.memory_mi_b) options.memory = MiB{*host.memory_mi_b};
    return options;
}

}  // namespace

/// Lives on the strand; coroutines refer to it, so it lives until the last one ended.
class DockerRuntime::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, DockerOptions options, DockerPorts used_ports)
        : strand_(asio::make_strand(io)),
          shared_context_(std::make_shared<Context>(strand_, io.get_executor(), std::move(options),
                                                    std::move(used_ports))),
          context_(*shared_context_),
          task_gone_(strand_) {}

    void run() {
        for (const auto& host : context_.options.hosts) add_host(host);
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

    void connect(model::Host host) {
        DockerHost options = docker_host(std::move(host));
        const auto found = hosts_.find(options.name);
        if (found != hosts_.end()) {
            if (found->second->has_engine_of(options)) {
                found->second->update(std::move(options));
                return;
            }
            disconnect(std::string(options.name));
        }
        add_host(std::move(options));
    }

    void disconnect(const std::string& name) {
        const auto found = hosts_.extract(name);
        if (!found) return;
        context_.host_names.erase(name);
        found.mapped()->part();
        for (const auto& task : tasks_on(*found.mapped())) task->abandon();
        found.mapped()->warm_slots().discard_all();
        context_.spawn(part_from(found.mapped()));
    }

    void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) {
        adopt_hosts(std::move(hosts));
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
        orphans_go_ = true;
        for (const auto& [name, host] : hosts_) host->remove_orphans();
    }

    asio::awaitable<void> shutdown() {
        const auto self = shared_from_this();
        context_.stopping = true;
        for (const auto& [id, task] : tasks_) task->shutdown();
        for (const auto& [name, host] : hosts_) host->close();
        co_await context_.coroutines.ended(Seconds{2});
    }

    const asio::strand<asio::io_context::executor_type>& strand() const { return strand_; }
    const DockerCounters& counters() const { return context_.counters; }

  private:
    void add_host(DockerHost options) {
        const std::string name = options.name;
        const auto host = std::make_shared<Host>(shared_context_, std::move(options));
        hosts_.emplace(name, host);
        context_.host_names.insert(name);
        if (orphans_go_) host->remove_orphans();
        host->run();
    }

    void adopt_hosts(std::vector<model::Host> hosts) {
        std::unordered_set<std::string> wanted;
        for (const auto& local : context_.options.hosts) wanted.insert(local.name);
        for (const auto& host : hosts) wanted.insert(host.name);
        std::vector<std::string> unwanted;
        for (const auto& [name, host] : hosts_) {
            if (!wanted.contains(name)) unwanted.push_back(name);
        }
        for (const auto& name : unwanted) disconnect(name);
        for (auto& host : hosts) connect(std::move(host));
    }

    std::vector<std::shared_ptr<AttemptTask>> tasks_on(const Host& host) const {
        std::vector<std::shared_ptr<AttemptTask>> list;
        for (const auto& [id, task] : tasks_) {
            if (task->is_on(host)) list.push_back(task);
        }
        return list;
    }

    /// As long as the host answers, what it still has of ours is removed.
    asio::awaitable<void> part_from(std::shared_ptr<Host> host) {
        const auto self = shared_from_this();
        const auto deadline = asio::steady_timer::clock_type::now() + kPartingLimit;
        while (host->is_up() && !host->is_closed() && !tasks_on(*host).empty()) {
            const auto left = deadline - asio::steady_timer::clock_type::now();
            if (left <= left.zero()) break;
            co_await task_gone_.wait_for(std::chrono::ceil<Milliseconds>(left));
        }
        if (host->is_up()) co_await host->warm_slots().emptied(deadline);
        host->close();
        for (const auto& task : tasks_on(*host)) task->shutdown();
        std::erase_if(tasks_, [&](const auto& entry) { return entry.second->is_on(*host); });
        log::info("host {}: disconnected", host->name());
    }

    std::shared_ptr<AttemptTask> make_task(ports::StartAttempt attempt) {
        const auto id = attempt.id;
        const auto host = hosts_.find(attempt.host);
        if (host == hosts_.end()) {
            auto outcome = disappeared(attempt.host, context_.clock.now());
            outcome.reason = "Host " + attempt.host + " is not registered";
            context_.events.attempt_ended(id, std::move(outcome));
            return nullptr;
        }
        auto task =
            std::make_shared<AttemptTask>(context_, host->second, std::move(attempt), [this, id] {
                tasks_.erase(id);
                task_gone_.notify_all();
            });
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
    Signal task_gone_;
    bool orphans_go_ = false;  ///< adopt() was called
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

void DockerRuntime::connect(model::Host host) {
    impl_->post([host = std::move(host)](Impl& impl) mutable { impl.connect(std::move(host)); });
}

void DockerRuntime::disconnect(std::string name) {
    impl_->post([name = std::move(name)](Impl& impl) { impl.disconnect(name); });
}

void DockerRuntime::adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) {
    impl_->post([hosts = std::move(hosts), attempts = std::move(attempts)](Impl& impl) mutable {
        impl.adopt(std::move(hosts), std::move(attempts));
    });
}

asio::awaitable<void> DockerRuntime::shutdown() {
    const auto impl = impl_;
    co_await asio::co_spawn(impl->strand(), impl->shutdown(), asio::use_awaitable);
}

const DockerCounters& DockerRuntime::counters() const { return impl_->counters(); }

}  // namespace batchd::runtime
