#include "batchd/api/api.hpp"
#include "batchd/api/event_source.hpp"
#include "batchd/aws/client.hpp"
#include "batchd/aws/ecr_logins.hpp"
#include "batchd/aws/secret_reader.hpp"
#include "batchd/aws/transport.hpp"
#include "batchd/base/log.hpp"
#include "batchd/compute/ec2_provider.hpp"
#include "batchd/compute/local_provider.hpp"
#include "batchd/daemon/daemon.hpp"
#include "batchd/http/server.hpp"
#include "batchd/logs/log_remover.hpp"
#include "batchd/runtime/docker_runtime.hpp"
#include "batchd/runtime/fargate_runtime.hpp"
#include "batchd/runtime/router.hpp"
#include "batchd/secrets/resolver.hpp"
#include "batchd/store/sqlite_store.hpp"
#include "daemon/configured_hosts.hpp"
#include "daemon/configured_webhooks.hpp"
#include "daemon/data_folder.hpp"
#include "daemon/provider.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <malloc.h>
#include <sys/resource.h>
#include <thread>

namespace batchd::daemon {
namespace {

namespace asio = boost::asio;

constexpr const char* kLocalHost = "local";
constexpr std::chrono::milliseconds kDrainLimit{2500};
constexpr std::chrono::seconds kReturnMemoryEvery{20};
constexpr std::size_t kMemoryToReturn = std::size_t{32} << 20;
constexpr std::chrono::milliseconds kLookForStart{10};
constexpr const char* kLiveness = "/healthz";
/// They wait for AWS most of their time.
constexpr std::size_t kAwsThreads = 8;
/// For those who read events that are not in memory: many of them, or slow ones, hold up only each
/// other.
constexpr std::size_t kEventThreads = 1;
constexpr std::size_t kEventReaders = kEventThreads + 2;  // one for the feed, one for webhooks

core::Policy policy_of(const config::Config& config, bool uses_aws) {
    return {.strict_order = config.scheduler.order == config::SchedulerOrder::Strict,
            .reserve_after = config.scheduler.reserve_after,
            .limits = config.limits,
            .boot_timeout = config.compute.boot_timeout,
            .idle_delay = config.compute.idle,
            .on_aws = uses_aws,
            .infrastructure_retries =
                static_cast<std::int32_t>(config.scheduler.infrastructure_retries)};
}

runtime::DockerHost local_host(const config::Config& config) {
    runtime::DockerHost host{.name = kLocalHost,
                             .url = config.docker.host,
                             .tls = {.directory = config.docker.cert_dir, .server_name = {}},
                             .gpus = config.docker.gpus};
    if (config.docker.vcpus > 0) host.vcpu = vcpus(config.docker.vcpus);
    if (config.docker.memory > MiB{0}) host.memory = config.docker.memory;
    return host;
}

runtime::DockerOptions docker_options(const config::Config& config, const std::string& instance,
                                      bool has_local_host) {
    runtime::DockerOptions options;
    if (has_local_host) options.hosts.push_back(local_host(config));
    options.instance = instance;
    options.network_mode = config.docker.network_mode;
    options.lean_networks = config.docker.lean_networks;
    options.runtime = config.docker.runtime;
    options.concurrent_starts = static_cast<std::size_t>(config.docker.max_concurrent_starts);
    options.stats_every = config.docker.stats;
    for (const auto& registry : config.registries) {
        options.registries[registry.server] = {.username = registry.username,
                                               .password = registry.password};
    }
    return options;
}

runtime::FargateOptions fargate_options(const config::Config& config, const std::string& instance) {
    runtime::FargateOptions options;
    options.instance = instance;
    options.cluster = config.compute.ecs_cluster;
    return options;
}

/// A revision that can still be submitted is kept.
Seconds age_of_definitions(const config::Config& config) {
    const auto age = config::parse_age(config.retention.inactive_definitions);
    BATCHD_CHECK(age, "the configuration was checked");
    return *age > Seconds{0} ? std::max(*age, config.definitions.inactive_grace) : *age;
}

store::Retention retention_of(const config::Config& config) {
    const config::Retention& given = config.retention;
    store::Retention retention{.ages = {.succeeded = config::parse_age(given.succeeded),
                                        .failed = config::parse_age(given.failed)},
                               .queues = {},
                               .max_bytes = given.max_database_mib << 20,
                               .inactive_definitions = age_of_definitions(config)};
    for (const auto& text : given.queues) {
        const auto entry = config::parse_queue_retention(text);
        BATCHD_CHECK(entry, "the configuration was checked");
        retention.queues[entry->queue] = {.succeeded = entry->succeeded, .failed = entry->failed};
    }
    return retention;
}

compute::LocalOptions local_instances(const config::Config& config) {
    compute::LocalOptions options{.url = config.docker.host, .certificate_directory = {}};
    if (!config.docker.cert_dir.empty()) options.certificate_directory = config.docker.cert_dir;
    options.boot_time = config.compute.local_boot;
    return options;
}

model::Scope scope_of(const config::Config& config) {
    return {.region = config.daemon.region, .account = config.daemon.account};
}

events::Webhooks::Settings webhook_settings(const config::Events& config) {
    return {.timeout = config.webhook_timeout, .give_up = config.webhook_give_up};
}

secrets::Sources secret_sources(const config::Secrets& config, ports::AwsSecrets& aws) {
    return {.file = config.file,
            .environment_prefix = config.environment_prefix,
            .command = config.command,
            .aws = config.aws ? &aws : nullptr};
}

http::ServerOptions http_options(const config::Http& http) {
    http::ServerOptions options;
    options.max_header_bytes = static_cast<std::size_t>(http.max_header_bytes);
    options.max_body_bytes = static_cast<std::size_t>(http.max_body_bytes);
    options.max_connections = static_cast<std::size_t>(http.max_connections);
    options.idle_timeout = http.idle_timeout;
    options.request_timeout = http.request_timeout;
    options.allowed_hosts = http.allowed_hosts;
    return options;
}

/// As many connections as the system lets us have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Everything that lives as long as the daemon, in the order in which it is built; destroyed in
/// reverse.
class Daemon {
  public:
    Daemon(const config::Config& config, DataFolder& folder,
           std::unique_ptr<store::SqliteStore> store, std::unique_ptr<store::ReaderPool> readers,
           std::unique_ptr<store::ReaderPool> event_readers, std::unique_ptr<logs::LogStore> logs,
           const MakeRuntime& make_runtime)
        : config_(config),
          folder_(folder),
          store_(std::move(store)),
          readers_(std::move(readers)),
          event_readers_(std::move(event_readers)),
          logs_(std::move(logs)),
          log_remover_(*logs_),
          webhooks_(webhook_settings(config.events)),
          aws_outside_(clock_),
          aws_(aws_settings(config.aws), aws_outside_.outside()),
          uses_aws_(uses_aws(config, aws_outside_.outside())),
          aws_secrets_(aws_),
          ecr_logins_(aws_),
          secrets_(secret_sources(config.secrets, aws_secrets_)),
          reader_threads_(static_cast<std::size_t>(config.daemon.readers)),
          secret_threads_(static_cast<std::size_t>(config.docker.max_concurrent_starts)),
          aws_threads_(kAwsThreads),
          event_threads_(kEventThreads),
          machine_({.policy = policy_of(config, uses_aws_),
                    .catalogue = model::InstanceCatalogue::embedded(),
                    .hosts = {kLocalHost}},
                   *store_, {&watch_, &metrics_, &feed_, &webhooks_}),
          engine_(machine_, clock_),
          events_(engine_, *event_readers_, scope_of(config), store_->instance_id()),
          given_runtime_(make_runtime ? make_runtime(engine_) : nullptr),
          runtime_(io_, docker_options(config, store_->instance_id(), !given_runtime_),
                   {.events = engine_,
                    .logs = *logs_,
                    .secrets = secrets_,
                    .registry_logins = ecr_logins_,
                    .secret_threads = secret_threads_.get_executor(),
                    .clock = clock_}),
          fargate_(io_, fargate_options(config, store_->instance_id()),
                   {.events = engine_,
                    .logs = *logs_,
                    .aws = aws_,
                    .aws_threads = aws_threads_.get_executor(),
                    .clock = clock_}),
          router_(runtime_, fargate_),
          api_({.engine = engine_,
                .readers = *readers_,
                .reader_threads = reader_threads_,
                .logs = *logs_,
                .watch = watch_,
                .feed = feed_,
                .events = events_,
                .feed_threads = event_threads_,
                .heartbeat = config.events.heartbeat,
                .webhooks = webhooks_,
                .metrics = metrics_,
                .clock = clock_,
                .scope = scope_of(config),
                .containers = {.allow_privileged = config.containers.allow_privileged,
                               .allowed_host_paths = config.containers.allowed_host_paths,
                               .allowed_devices = config.containers.allowed_devices},
                .limits = config.limits,
                .definitions = {.inactive_grace = config.definitions.inactive_grace,
                                .dedupe_revisions = config.definitions.dedupe_revisions},
                .allow_plain_tcp = config.docker.allow_plain_tcp,
                .has_fargate = uses_aws_}),
          server_(
              io_, http_options(config.http),
              [this](http::Request request) { return answer(std::move(request)); },
              api::Api::error) {
        log::info("data folder {}, instance {}, provider {}", folder.path().string(),
                  store_->instance_id(), uses_aws_ ? "aws" : "local");
    }

    Result<> run() {
        const Timestamp now = clock_.now();
        store_->retain(retention_of(config_), log_remover_, metrics_);
        auto capacity = make_capacity();
        if (!capacity) return std::unexpected(std::move(capacity).error());
        capacity_ = std::move(*capacity);
        asio::signal_set signals(io_, SIGTERM, SIGINT);
        const auto listen = config::parse_listen(config_.http.listen);
        BATCHD_CHECK(listen, "the configuration was checked");
        const auto port = server_.listen(listen->address, listen->port);
        if (!port) return std::unexpected(port.error());
        announce(*listen, *port);
        std::vector<std::jthread> threads;
        const StopAtEnd stop_threads{io_};
        for (std::int64_t i = 1; i < config_.http.threads; ++i) {
            threads.emplace_back([this] { io_.run(); });
        }
        BATCHD_TRY(machine_.start({.runtime = runtime(), .capacity = *capacity_}, now,
                                  batchd::to_string(make_uuid(now))));
        apply_hosts(engine_, config_.hosts, now);
        apply_webhooks(engine_, config_.webhooks, stored_webhooks());
        feed_.run(events_, machine_.state().next_event - 1);
        webhooks_.run(webhook_outside(), stored_webhooks());
        engine_.run();
        has_started_ = true;

        asio::co_spawn(io_, stop_on_signal(&signals), [this](const std::exception_ptr& failure) {
            if (failure) log::error("the shutdown failed");
            io_.stop();
        });
        asio::co_spawn(io_, return_memory(), [](const std::exception_ptr& failure) {
            if (failure) log::error("memory is no longer returned to the system");
        });
        io_.run();
        threads.clear();
        webhooks_.stop();  // before the engine, which stores how far they have come
        engine_.stop();
        feed_.stop();
        event_threads_.join();
        reader_threads_.join();
        secret_threads_.join();
        aws_threads_.join();
        log::info("stopped; containers go on");
        return {};
    }

  private:
    /// Whatever ends run().
    struct StopAtEnd {
        asio::io_context& io;
        ~StopAtEnd() { io.stop(); }
    };

    /// A million jobs take seconds to read. Who asks meanwhile waits, rather than being refused;
    /// only whether the process lives is answered at once.
    asio::awaitable<http::Response> answer(http::Request request) {
        if (!has_started_ && request.path != kLiveness) {
            asio::steady_timer timer(co_await asio::this_coro::executor);
            while (!has_started_) {
                timer.expires_after(kLookForStart);
                co_await timer.async_wait(asio::use_awaitable);
            }
        }
        co_return co_await api_.handle(std::move(request));
    }

    Result<std::unique_ptr<ports::CapacityProvider>> make_capacity() {
        auto catalogue = model::InstanceCatalogue::embedded();
        if (!uses_aws_) {
            return std::make_unique<compute::LocalProvider>(io_, local_instances(config_),
                                                            std::move(catalogue), engine_);
        }
        auto authority = compute::CertificateAuthority::open(folder_.path() / "tls");
        if (!authority) return std::unexpected(std::move(authority).error());
        compute::Ec2Options options{.daemon = store_->instance_id(),
                                    .uses_public_ip = config_.compute.public_addresses};
        return std::make_unique<compute::Ec2Provider>(
            io_, std::move(options), aws_, std::move(*authority), std::move(catalogue), engine_);
    }

    /// Without Fargate nothing is asked of AWS.
    ports::ContainerRuntime& runtime() {
        if (given_runtime_) return *given_runtime_;
        if (uses_aws_) return router_;
        return runtime_;
    }

    static void announce(const config::ListenAddress& listen, std::uint16_t port) {
        const bool is_v6 = listen.address.find(':') != std::string::npos;
        fmt::print("batchd listening on http://{}{}{}:{}\n", is_v6 ? "[" : "", listen.address,
                   is_v6 ? "]" : "", port);
        std::fflush(stdout);
    }

    /// Before the engine's thread begins.
    std::vector<model::WebhookRow> stored_webhooks() const {
        std::vector<model::WebhookRow> rows;
        for (const auto& [name, row] : machine_.state().webhooks) rows.push_back(row);
        return rows;
    }

    events::Webhooks::Outside webhook_outside() {
        return {.transport = webhook_transport_,
                .cut_off = [this] { webhook_transport_.stop(); },
                .feed = feed_,
                .source = events_,
                .clock = clock_,
                .note =
                    [this](const std::string& name, std::optional<model::WebhookProgress> progress,
                           std::vector<model::UndeliveredRow> undelivered) {
                        engine_.execute(core::NoteDelivery{.name = name,
                                                           .progress = std::move(progress),
                                                           .undelivered = std::move(undelivered)},
                                        {});
                    },
                .count = [this](std::string_view result) { metrics_.count_delivery(result); }};
    }

    /// What a burst of requests needed glibc keeps for the next one: a hundred megabytes after a
    /// million jobs. Where there is little, it is left to be used again.
    asio::awaitable<void> return_memory() {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        for (;;) {
            timer.expires_after(kReturnMemoryEvery);
            co_await timer.async_wait(asio::use_awaitable);
            asio::post(reader_threads_, [] {
                if (::mallinfo2().fordblks > kMemoryToReturn) ::malloc_trim(0);
            });
        }
    }

    asio::awaitable<void> stop_on_signal(asio::signal_set* signals) {
        const auto [ec, number] = co_await signals->async_wait(asio::as_tuple(asio::use_awaitable));
        if (ec) co_return;
        log::info("signal {}: stopping", number);
        server_.interrupt();
        watch_.close();
        feed_.close();
        if (!co_await server_.drained(kDrainLimit)) log::warn("some requests were cut off");
        secrets_.stop();
        aws_outside_.stop();
        co_await runtime_.shutdown();
        co_await fargate_.shutdown();
    }

    const config::Config& config_;
    const DataFolder& folder_;
    SystemClock clock_;
    std::unique_ptr<store::SqliteStore> store_;
    std::unique_ptr<store::ReaderPool> readers_;
    std::unique_ptr<store::ReaderPool> event_readers_;
    std::unique_ptr<logs::LogStore> logs_;
    logs::LogRemover log_remover_;
    events::Webhooks webhooks_;
    aws::CurlTransport webhook_transport_;
    aws::RealOutside aws_outside_;
    aws::Client aws_;
    bool uses_aws_;  ///< for MANAGED environments
    aws::SecretReader aws_secrets_;
    aws::EcrLogins ecr_logins_;
    secrets::Resolver secrets_;
    events::JobWatch watch_;  // before io_, whose coroutines hold subscriptions to the end
    events::Feed feed_;       // likewise
    metrics::Metrics metrics_;
    asio::io_context io_;
    asio::thread_pool reader_threads_;
    asio::thread_pool secret_threads_;
    asio::thread_pool aws_threads_;
    asio::thread_pool event_threads_;
    engine::Machine machine_;
    engine::Engine engine_;
    api::EventSource events_;
    std::unique_ptr<ports::ContainerRuntime> given_runtime_;  ///< in place of Docker; may be null
    runtime::DockerRuntime runtime_;
    runtime::FargateRuntime fargate_;
    runtime::Router router_;
    std::unique_ptr<ports::CapacityProvider> capacity_;
    std::atomic<bool> has_started_{false};
    api::Api api_;
    http::Server server_;
};

}  // namespace

Result<> serve(const config::Config& config, const MakeRuntime& make_runtime) {
    BATCHD_TRY(log::init(config.log.level, config.log.format));
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto folder = DataFolder::open(config.daemon.data_dir);
    if (!folder) return std::unexpected(std::move(folder).error());
    auto store = store::SqliteStore::open(
        folder->database(), {.events = config.events.keep, .age = config.events.keep_time});
    if (!store) return std::unexpected(std::move(store).error());
    auto readers = store::ReaderPool::open(folder->database(),
                                           static_cast<std::size_t>(config.daemon.readers));
    if (!readers) return std::unexpected(std::move(readers).error());
    auto event_readers = store::ReaderPool::open(folder->database(), kEventReaders);
    if (!event_readers) return std::unexpected(std::move(event_readers).error());
    auto logs = logs::LogStore::open(folder->path());
    if (!logs) return std::unexpected(std::move(logs).error());
    return Daemon(config, *folder, std::move(*store), std::move(*readers),
                  std::move(*event_readers), std::move(*logs), make_runtime)
        .run();
}

}  // namespace batchd::daemon
