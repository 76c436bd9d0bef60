#include "runtime/pulls.hpp"

#include "batchd/docker/image_reference.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace batchd::runtime {

namespace asio = boost::asio;

std::shared_ptr<Pulls::Pull> Pulls::join(const std::string& image, std::shared_ptr<void> owner) {
    auto& pull = running_[image];
    if (!pull) {
        pull = std::make_shared<Pull>(context_, client_);
        ++context_.counters.pulls;
        context_.spawn(run(image, pull, std::move(owner)));
    }
    ++pull->waiters;
    return pull;
}

void Pulls::leave(Pull& pull) {
    if (--pull.waiters > 0 || pull.result) return;
    pull.stream->close();
    // Who comes now needs a new pull.
    std::erase_if(running_, [&](const auto& entry) { return entry.second.get() == &pull; });
}

asio::awaitable<Result<>> Pulls::wait(std::shared_ptr<Pull> pull) {
    while (!pull->result) co_await pull->done.wait();
    co_return *pull->result;
}

asio::awaitable<void> Pulls::run(std::string image, std::shared_ptr<Pull> pull,
                                 std::shared_ptr<void> /*owner*/) {
    log::info("pulling image {}", image);
    auto result = co_await fetch(image, pull);
    pull->result = std::move(result);
    if (const auto found = running_.find(image); found != running_.end() && found->second == pull) {
        running_.erase(found);
    }
    pull->done.notify_all();
}

asio::awaitable<Result<>> Pulls::fetch(std::string image, std::shared_ptr<Pull> pull) {
    auto auth = co_await auth_for(docker::registry_of(image));
    if (!auth && auth.error().kind == ErrorKind::Cancelled) {
        // The daemon stops, which fails no attempt: it waits as for its host.
        co_return fail(ErrorKind::Unavailable, std::move(auth.error().message));
    }
    if (!auth && auth.error().kind != ErrorKind::NotFound) {
        co_return fail(ErrorKind::Internal, std::move(auth.error().message));
    }
    auto pulled = co_await client_.pull(*pull->stream, docker::with_tag(image), auth.value_or(""));
    if (!pulled && !auth) {
        pulled.error().message =
            fmt::format("without a login ({}): {}", auth.error().message, pulled.error().message);
    }
    co_return pulled;
}

/// Empty for a registry of which nobody knows a login. NotFound if the login that there may be
/// cannot be asked for.
asio::awaitable<Result<std::string>> Pulls::auth_for(std::string registry) {
    const auto& configured = context_.options.registries;
    if (const auto found = configured.find(registry); found != configured.end()) {
        co_return docker::registry_auth(found->second, registry);
    }
    if (!context_.registry_logins.knows(registry)) co_return std::string();
    // It may take long, and the strand serves everybody.
    co_await asio::post(asio::bind_executor(context_.secret_threads, asio::use_awaitable));
    auto login = context_.registry_logins.login(registry);
    co_await asio::post(asio::bind_executor(context_.strand, asio::use_awaitable));
    if (!login) co_return std::unexpected(std::move(login).error());
    co_return docker::registry_auth(*login, registry);
}

}  // namespace batchd::runtime
