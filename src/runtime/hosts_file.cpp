#include "runtime/hosts_file.hpp"

#include "batchd/docker/create_body.hpp"
#include "batchd/docker/pause_image.hpp"
#include "runtime/engine_errors.hpp"

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr Seconds kNextTry{30};

}  // namespace

HostsFile::HostsFile(Context& context, docker::Client& client)
    : client_(client),
      instance_(context.options.instance),
      volume_(docker::hosts_volume(instance_)),
      made_(context.strand) {}

asio::awaitable<std::string> HostsFile::path(std::string_view file, std::string host) {
    while (is_being_made_) co_await made_.wait();
    if (path_.empty() && asio::steady_timer::clock_type::now() >= not_before_) {
        co_await make_once(std::move(host));
    }
    if (path_.empty()) co_return path_;
    co_return path_ + "/" + std::string(file);
}

asio::awaitable<void> HostsFile::make_once(std::string host) {
    is_being_made_ = true;
    auto made = co_await make(host);
    is_being_made_ = false;
    made_.notify_all();
    if (made) {
        path_ = *std::move(made);
    } else if (!is_transport(made.error())) {
        not_before_ = asio::steady_timer::clock_type::now() + kNextTry;
        log::warn(
            "host {}: the Engine makes the network of each container, and there are no warm slots: "
            "volume {}: {}",
            host, volume_, made.error().message);
    }
}

/// By a container that never starts. One from before a crash has done its work, too.
docker::Async<std::string> HostsFile::make(const std::string& host) {
    const std::string body = docker::hosts_body(host, instance_);
    auto created = co_await client_.create(volume_, body);
    if (!created && is_missing_image(created.error())) {
        auto imported = co_await client_.import_image(docker::kPauseImage, docker::pause_image());
        if (!imported) co_return std::unexpected(std::move(imported).error());
        created = co_await client_.create(volume_, body);
    }
    if (!created && created.error().kind != ErrorKind::Conflict) co_return created;
    auto removed = co_await client_.remove(volume_);
    if (!removed && removed.error().kind != ErrorKind::NotFound) {
        co_return std::unexpected(std::move(removed).error());
    }
    co_return co_await client_.volume_path(volume_);
}

}  // namespace batchd::runtime
