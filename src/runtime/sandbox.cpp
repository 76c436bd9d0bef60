#include "runtime/sandbox.hpp"

#include "batchd/docker/pause_image.hpp"
#include "runtime/engine_errors.hpp"

namespace batchd::runtime {

namespace asio = boost::asio;

Sandbox::Sandbox(Context& context, std::shared_ptr<Host> host,
                 std::shared_ptr<const ports::StartAttempt> start)
    : context_(context),
      host_(std::move(host)),
      start_(std::move(start)),
      name_(docker::container_name(start_->id)),
      changed_(context.strand) {}

void Sandbox::adopt() { host_->watch(name_, weak_from_this()); }

void Sandbox::prepare(std::function<void()> on_done) {
    if (is_preparing_ || result_ || is_over()) return;
    is_preparing_ = true;
    host_->watch(name_, weak_from_this());
    context_.spawn(prepare_until_done(std::move(on_done)));
}

asio::awaitable<void> Sandbox::prepare_until_done(std::function<void()> on_done) {
    const auto self = shared_from_this();
    while (!is_over() && !result_) {
        co_await host_->wait_up();
        if (is_over()) break;
        auto made = co_await make();
        const bool is_to_repeat =
            !made && (is_transport(made.error()) || made.error().kind == ErrorKind::Throttled ||
                      co_await host_->is_leaving());
        if (is_over()) break;
        if (is_to_repeat) {
            co_await changed_.wait_for(delay_.next());
        } else {
            result_ = std::move(made);
        }
    }
    is_preparing_ = false;
    changed_.notify_all();
    if (!is_over()) on_done();
}

/// The id of the container, running; one from before a crash or a broken connection is taken.
asio::awaitable<Result<std::string>> Sandbox::make() {
    auto slot = co_await host_->starts().take();
    auto id = co_await create();
    if (!id && is_missing_image(id.error())) {
        auto imported =
            co_await host_->client().import_image(docker::kPauseImage, docker::pause_image());
        if (!imported) co_return std::unexpected(std::move(imported).error());
        id = co_await create();
    }
    if (!id && id.error().kind == ErrorKind::Conflict) {
        auto found = co_await host_->client().inspect(name_);
        if (!found) co_return std::unexpected(std::move(found).error());
        id = std::move(found->id);
    }
    if (!id) co_return id;
    auto started = co_await start(*id);
    if (!started) co_return std::unexpected(std::move(started).error());
    co_return id;
}

docker::Async<> Sandbox::start(std::string id) {
    const std::size_t connection = host_->connections();
    auto started = co_await host_->client().start(std::move(id));
    if (started) connection_ = connection;
    co_return started;
}

docker::Async<> Sandbox::revive() {
    const auto self = shared_from_this();
    if (connection_ == host_->connections()) co_return Result<>{};
    co_return co_await start(**result_);
}

asio::awaitable<Result<std::string>> Sandbox::create() {
    co_return co_await host_->client().create(
        name_, docker::sandbox_body(*start_, {.network_mode = context_.options.network_mode,
                                              .instance = context_.options.instance,
                                              .log_drivers{}}));
}

asio::awaitable<void> Sandbox::remove() {
    const auto self = shared_from_this();
    is_given_up_ = true;
    changed_.notify_all();
    while (is_preparing_ && !host_->is_closed()) co_await changed_.wait();
    while (!host_->is_closed()) {
        co_await host_->wait_up();
        if (host_->is_closed()) co_return;
        auto removed = co_await host_->client().remove(name_);
        if (removed || removed.error().kind == ErrorKind::NotFound) break;
        if (host_->is_closed()) co_return;
        log::warn("container {}: cannot be removed yet: {}", name_, removed.error().message);
        co_await changed_.wait_for(delay_.next());
    }
    host_->unwatch(name_);
}

}  // namespace batchd::runtime
