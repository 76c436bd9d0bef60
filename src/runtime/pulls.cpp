#include "runtime/pulls.hpp"

#include "batchd/docker/image_reference.hpp"

namespace batchd::runtime {

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

boost::asio::awaitable<Result<>> Pulls::wait(std::shared_ptr<Pull> pull) {
    while (!pull->result) co_await pull->done.wait();
    co_return *pull->result;
}

boost::asio::awaitable<void> Pulls::run(std::string image, std::shared_ptr<Pull> pull,
                                        std::shared_ptr<void> /*owner*/) {
    log::info("pulling image {}", image);
    auto result = co_await client_.pull(*pull->stream, docker::with_tag(image), login_for(image));
    pull->result = std::move(result);
    if (const auto found = running_.find(image); found != running_.end() && found->second == pull) {
        running_.erase(found);
    }
    pull->done.notify_all();
}

std::string Pulls::login_for(const std::string& image) const {
    const std::string registry = docker::registry_of(image);
    const auto found = context_.options.registries.find(registry);
    if (found == context_.options.registries.end()) return {};
    return docker::registry_auth({found->second.username, found->second.password}, registry);
}

}  // namespace batchd::runtime
