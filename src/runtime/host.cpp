#include "runtime/host.hpp"

#include "batchd/docker/create_body.hpp"
#include "batchd/net/retry_delay.hpp"
#include "runtime/engine_errors.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

/// So few that an Engine which is slow to tell what containers use is not asked for more than it
/// can bear.
constexpr std::size_t kLooksAtOnce = 4;

}  // namespace

Host::Host(std::shared_ptr<Context> context, DockerHost options)
    : owned_context_(std::move(context)),
      context_(*owned_context_),
      options_(std::move(options)),
      client_(context_.strand, options_.url, options_.tls),
      starts_(context_.strand, context_.options.concurrent_starts),
      looks_(context_.strand, kLooksAtOnce),
      pulls_(context_, client_),
      hosts_file_(context_, client_),
      warm_slots_(context_.strand),
      changed_(context_.strand),
      reconcile_now_(context_.strand) {}

void Host::run() { context_.spawn(connect_loop()); }

bool Host::has_engine_of(const DockerHost& options) const {
    return options.url == options_.url && options.tls == options_.tls;
}

void Host::update(DockerHost options) {
    options_ = std::move(options);
    if (is_up_) tell_capacity();
}

void Host::close() {
    is_closed_ = true;
    warm_slots_.close();
    client_.close();
    changed_.notify_all();
    reconcile_now_.notify_all();
}

asio::awaitable<void> Host::wait_up() {
    while (!is_up_ && !is_closed()) co_await changed_.wait();
}

void Host::watch(const std::string& container, std::weak_ptr<ContainerWatcher> watcher) {
    watchers_[container] = std::move(watcher);
}

void Host::unwatch(const std::string& container) { watchers_.erase(container); }

void Host::remove_orphans() {
    orphans_go_ = true;
    told_leaving_ = false;  // whoever adopts may not have heard it
    reconcile_now_.notify_all();
}

std::string Host::label() const {
    return std::string(docker::kInstanceLabel) + "=" + context_.options.instance;
}

asio::awaitable<void> Host::connect_loop() {
    const auto self = shared_from_this();
    net::RetryDelay delay{Milliseconds{100}, Milliseconds{2000}};
    while (!is_closed()) {
        const std::size_t before = connections_;
        const Error why = co_await serve();
        if (is_closed()) break;
        // Closed by ourselves when the Engine said that it leaves: the reason is known.
        if (is_up_ || why.kind != ErrorKind::Cancelled) went_down(why);
        if (connections_ != before) delay.reset();
        co_await changed_.wait_for(delay.next());
    }
}

asio::awaitable<Error> Host::serve() {
    client_.drop_idle();
    if (auto agreed = co_await client_.negotiate(); !agreed) co_return agreed.error();
    auto info = co_await client_.info();
    if (!info) co_return info.error();
    info_ = std::move(*info);
    // Before the host counts as up, so that no container of it can end unseen.
    events_ = client_.stream();
    if (auto opened = co_await client_.open_events(*events_, label(), last_event_ns_); !opened) {
        co_return opened.error();
    }
    went_up();
    context_.spawn(reconcile_loop(connections_));
    docker::EventReader reader(*events_);
    for (;;) {
        auto event = co_await reader.next();
        if (!event) co_return event.error();
        deliver(*event);
    }
}

void Host::went_up() {
    ++connections_;
    is_up_ = true;
    went_up_at_ = context_.clock.now();
    down_reason_.clear();
    choose_runtime();
    log::info("host {}: Docker {} answers", name(), info_.server_version);
    tell_capacity();
    changed_.notify_all();
}

void Host::choose_runtime() {
    runtime_ = context_.options.runtime;
    if (runtime_.empty() || std::ranges::find(info_.runtimes, runtime_) != info_.runtimes.end())
        return;
    log::warn("host {}: its Engine has no runtime {}: its default is used", name(), runtime_);
    runtime_.clear();
}

bool Host::is_to_blame(const Error& error) {
    if (is_missing_file(error, hosts_file_.volume())) {
        hosts_file_.forget();
        return true;
    }
    if (!is_runtime_refusal(error) || context_.options.runtime.empty()) return false;
    refuse_runtime(error);
    return true;
}

/// From now on the default is asked for, until the next connection.
void Host::refuse_runtime(const Error& why) {
    if (runtime_.empty()) return;
    log::warn("host {}: runtime {} cannot be used, the Engine's default is: {}", name(), runtime_,
              why.message);
    runtime_.clear();
}

void Host::tell_capacity() {
    const model::Resources capacity{
        .vcpu = options_.vcpu.value_or(vcpus(info_.cpus)),
        .memory = options_.memory.value_or(MiB{info_.memory_bytes / (1024 * 1024)})};
    if (!is_parting_) context_.events.host_up(name(), capacity, gpus());
}

bool Host::was_away_at(Timestamp time) const {
    constexpr Seconds kSlack{1};  // for clocks that differ, and for the time until we notice
    return went_down_at_ && time >= *went_down_at_ - kSlack &&
           (!is_up_ || time <= went_up_at_ + kSlack);
}

asio::awaitable<bool> Host::is_leaving() {
    const auto self = shared_from_this();
    if (!is_up_) co_return true;
    const std::size_t connection = connections_;
    if (co_await client_.is_accepting()) co_return false;
    if (is_closed() || connections_ != connection || !is_up_) co_return true;
    went_down(Error{
        .kind = ErrorKind::Unavailable, .message = "the Docker Engine shuts down", .context = {}});
    events_->close();  // serve() ends and connects again
    co_return true;
}

bool Host::went_down_after(Timestamp time) const { return went_down_at_ && *went_down_at_ >= time; }

void Host::went_down(const Error& why) {
    if (is_up_) went_down_at_ = context_.clock.now();
    is_up_ = false;
    client_.drop_idle();
    reconcile_now_.notify_all();
    if (why.message == down_reason_) return;
    down_reason_ = why.message;
    log::warn("host {} is down: {}", name(), why.message);
    if (!is_parting_) context_.events.host_down(name(), why.message);
}

void Host::deliver(const docker::Event& event) {
    last_event_ns_ = std::max(last_event_ns_, event.time_ns);
    if (take_notice(event.name)) return;
    const auto found = watchers_.find(event.name);
    if (found == watchers_.end()) return;
    if (const auto watcher = found->second.lock()) watcher->on_event(event);
}

asio::awaitable<void> Host::reconcile_loop(std::size_t connection) {
    const auto self = shared_from_this();
    while (!is_closed() && is_up_ && connections_ == connection) {
        if (auto listed = co_await reconcile(); !listed) {
            if (is_closed() || connections_ != connection) break;
            log::warn("host {}: cannot list its containers: {}", name(), listed.error().message);
            events_->close();  // serve() ends and connects again
            break;
        }
        co_await reconcile_now_.wait_for(context_.options.reconcile_every);
    }
}

asio::awaitable<Result<>> Host::reconcile() {
    // Only those can be missing that ran before the list was made.
    std::vector<std::string> expected;
    for (const auto& [container, watcher] : watchers_) {
        const auto live = watcher.lock();
        if (live && live->believes_running()) expected.push_back(container);
    }
    auto listed = co_await client_.list(label());
    if (!listed) co_return std::unexpected(std::move(listed).error());
    std::unordered_set<std::string> alive;
    for (auto& container : *listed) {
        if (take_notice(container.name)) continue;
        if (container.state == "running" || container.state == "paused") {
            alive.insert(container.name);
        }
        if (orphans_go_ && cares_for(container.host) && !watchers_.contains(container.name)) {
            context_.spawn(remove_orphan(std::move(container)));
        }
    }
    if (orphans_go_) context_.spawn(remove_orphan_volumes());
    for (const auto& container : expected) {
        const auto found = watchers_.find(container);
        if (found == watchers_.end() || alive.contains(container)) continue;
        if (const auto watcher = found->second.lock()) watcher->on_missing();
    }
    co_return Result<>{};
}

bool Host::take_notice(std::string_view container) {
    if (!container.starts_with(docker::kLeavingNotice)) return false;
    const auto number = container.substr(docker::kLeavingNotice.size());
    std::int64_t seconds = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), seconds);
    const bool is_time = error == std::errc{} && end == number.data() + number.size();
    if (is_parting_ || std::exchange(told_leaving_, true)) return true;
    log::warn("host {} is told that it will be taken away", name());
    context_.events.host_leaving(
        name(), is_time ? std::optional(Timestamp{Seconds{seconds}}) : std::nullopt);
    return true;
}

/// Two hosts may be names of one Engine: each cares for what is its own, and any for that of a
/// host that is no more. (To refuse the second name would need an identity that can be trusted:
/// addresses have aliases, and an Engine's id is copied with the image of its machine.)
bool Host::cares_for(const std::string& host) const {
    return host == name() || !context_.host_names.contains(host);
}

asio::awaitable<void> Host::remove_orphan(docker::ContainerSummary container) {
    const auto self = shared_from_this();
    log::warn("host {}: removing container {}, which belongs to no attempt", name(),
              container.name);
    // What fails is tried again after the next listing.
    (void)co_await client_.remove(container.id);
}

/// Left by orphans, by a daemon that was killed before it came to them, and where an Engine refused
/// their removal.
asio::awaitable<void> Host::remove_orphan_volumes() {
    const auto self = shared_from_this();
    const auto unused = co_await client_.unused_volumes(label());
    if (!unused) co_return;
    std::unordered_set<std::string> known;
    for (const auto& [container, watcher] : watchers_) {
        known.emplace(docker::task_prefix(container));
    }
    for (const auto& volume : *unused) {
        if (!cares_for(volume.host)) continue;
        const bool is_used = context_.options.lean_networks || hosts_file_.is_used();
        if (is_used && volume.name == hosts_file_.volume()) continue;
        if (known.contains(std::string(docker::task_prefix(volume.name)))) continue;
        log::warn("host {}: removing volume {}, which belongs to no attempt", name(), volume.name);
        (void)co_await client_.remove_volume(volume.name);
    }
}

}  // namespace batchd::runtime
