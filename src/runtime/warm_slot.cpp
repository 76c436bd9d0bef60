#include "runtime/warm_slot.hpp"

#include <chrono>
#include <utility>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kIdleLimit{10'000};
/// How long the output of a container that ended may say nothing before it counts as complete.
constexpr Milliseconds kOutputAfterExit{5'000};
/// How long the agent of a container that was started may take to say that it is there.
constexpr Milliseconds kGreetingLimit{30'000};

Milliseconds left_until(asio::steady_timer::time_point deadline) {
    return std::chrono::ceil<Milliseconds>(deadline - asio::steady_timer::clock_type::now());
}

}  // namespace

WarmSlot::WarmSlot(Context& context, std::shared_ptr<Host> host, SlotKey key, std::string name)
    : context_(context),
      host_(std::move(host)),
      key_(key),
      name_(std::move(name)),
      timer_(context.strand),
      changed_(context.strand) {}

docker::Async<> WarmSlot::create(std::string body) {
    const auto self = shared_from_this();
    if (is_discarded_) co_return fail(ErrorKind::Cancelled, "the slot is not wanted any more");
    is_being_made_ = true;
    auto created = co_await create_container(std::move(body));
    step_made();
    co_return created;
}

docker::Async<> WarmSlot::start() {
    const auto self = shared_from_this();
    if (is_discarded_) co_return fail(ErrorKind::Cancelled, "the slot is not wanted any more");
    is_being_made_ = true;
    auto started = co_await attach_and_start();
    step_made();
    co_return started;
}

void WarmSlot::step_made() {
    is_being_made_ = false;
    if (is_discarded_ && !host_->is_closed()) context_.spawn(remove());
}

docker::Async<> WarmSlot::create_container(std::string body) {
    host_->watch(name_, weak_from_this());
    auto created = co_await host_->client().create(name_, std::move(body));
    if (!created) co_return std::unexpected(std::move(created).error());
    id_ = *std::move(created);
    co_return Result<>{};
}

/// Attached before it is started, so that nothing is lost.
docker::Async<> WarmSlot::attach_and_start() {
    // The name may be another image's by now.
    auto made = co_await host_->client().inspect(id_);
    if (!made) co_return std::unexpected(std::move(made).error());
    auto config = co_await host_->client().image_config(std::move(made->image_id));
    if (!config) co_return std::unexpected(std::move(config).error());
    image_ = *std::move(config);
    stream_ = host_->client().stream();
    auto attached = co_await host_->client().attach(*stream_, id_);
    if (!attached) co_return std::unexpected(std::move(attached).error());
    if (!*attached) {
        is_unfit_ = true;
        host_->warm_slots().refuse();
        co_return fail(ErrorKind::Unavailable, "no stream leads into a container");
    }
    auto started = co_await host_->client().start(id_);
    if (!started || is_discarded_) co_return started;
    is_running_ = true;
    context_.spawn(read());
    co_return co_await greeted();
}

docker::Async<> WarmSlot::greeted() {
    const auto deadline = asio::steady_timer::clock_type::now() + kGreetingLimit;
    while (!reader_.is_ready() && !is_discarded_ && !host_->is_closed()) {
        const auto left = left_until(deadline);
        if (left <= left.zero()) break;
        co_await changed_.wait_for(left);
    }
    if (reader_.is_ready()) co_return Result<>{};
    is_unfit_ = true;
    co_return fail(ErrorKind::Unavailable, "the agent does not run");
}

void WarmSlot::run(const std::string& message, const docker::SlotTokens& tokens,
                   std::shared_ptr<SlotUser> user) {
    is_run_sent_ = false;
    if (is_discarded_) return user->on_lost();
    is_idle_ = false;
    timer_.cancel();
    user_ = std::move(user);
    reader_.begin(tokens, *this);
    ++runs_;
    is_run_queued_ = true;
    send(message);
}

/// A write that the end of the connection met may have come to its own end.
asio::awaitable<bool> WarmSlot::has_sent_run() {
    const auto self = shared_from_this();
    while (is_writing_ && !host_->is_closed()) co_await changed_.wait();
    co_return is_run_sent_;
}

void WarmSlot::signal(int number) { send(docker::slot_signal(number)); }

void WarmSlot::send(const std::string& message) {
    outbox_ += message;
    if (!is_writing_ && !is_discarded_) context_.spawn(write());
}

asio::awaitable<void> WarmSlot::write() {
    const auto self = shared_from_this();
    if (std::exchange(is_writing_, true)) co_return;
    while (!outbox_.empty() && !is_discarded_) {
        const bool has_run = std::exchange(is_run_queued_, false);
        const auto written = co_await stream_->write(std::exchange(outbox_, {}));
        if (written && has_run) is_run_sent_ = true;
        if (!written) discard();
    }
    is_writing_ = false;
    changed_.notify_all();
}

asio::awaitable<void> WarmSlot::read() {
    const auto self = shared_from_this();
    while (!is_discarded_) {
        const auto bytes = co_await stream_->read();
        if (!bytes || bytes->empty()) break;
        if (const auto fed = reader_.feed(*bytes); !fed) {
            log::error("container {}: {}", name_, fed.error().message);
            break;
        }
        if (runs_ == 0 && reader_.is_ready()) changed_.notify_all();
        if (user_ && stream_->is_dry()) user_->on_pause();
    }
    discard();
}

void WarmSlot::release() {
    if (is_discarded_ || host_->is_closed()) return;
    is_idle_ = true;
    host_->warm_slots().put(shared_from_this());
    after(kIdleLimit, &WarmSlot::on_idle_limit);
}

/// The timer may have fired when somebody took the slot.
void WarmSlot::on_idle_limit() {
    if (is_idle_) discard();
}

void WarmSlot::after(Milliseconds time, void (WarmSlot::*what)()) {
    timer_.expires_after(time);
    timer_.async_wait([self = weak_from_this(), what](boost::system::error_code ec) {
        const auto slot = self.lock();
        if (!ec && slot) (slot.get()->*what)();
    });
}

void WarmSlot::discard() {
    if (std::exchange(is_discarded_, true)) return;
    const auto self = shared_from_this();
    timer_.cancel();
    reader_.stop();
    close_stream();
    changed_.notify_all();
    if (const auto user = std::exchange(user_, nullptr)) user->on_lost();
    if (host_->is_closed()) return;
    if (std::exchange(is_idle_, false)) host_->warm_slots().drop(self);
    if (!is_being_made_) context_.spawn(remove());
}

void WarmSlot::close_stream() {
    if (stream_) stream_->close();
}

asio::awaitable<void> WarmSlot::remove() {
    const auto self = shared_from_this();
    while (!host_->is_closed()) {
        co_await host_->wait_up();
        if (host_->is_closed()) co_return;
        auto removed = co_await host_->client().remove(name_);
        if (removed || removed.error().kind == ErrorKind::NotFound) break;
        if (host_->is_closed()) co_return;
        log::warn("container {}: cannot be removed yet: {}", name_, removed.error().message);
        co_await changed_.wait_for(delay_.next());
    }
    if (host_->is_closed()) co_return;
    is_gone_ = true;
    changed_.notify_all();
    host_->unwatch(name_);
    host_->warm_slots().remove(self);
}

asio::awaitable<void> WarmSlot::gone() {
    const auto self = shared_from_this();
    while (!is_gone_ && !host_->is_closed()) co_await changed_.wait();
}

void WarmSlot::host_closed() { changed_.notify_all(); }

void WarmSlot::on_started() { user_->on_started(); }

void WarmSlot::on_output(ports::OutputChannel channel, std::string_view text) {
    user_->on_output(channel, text);
}

void WarmSlot::on_failed(const docker::SlotFailure& failure) {
    std::exchange(user_, nullptr)->on_failed(failure);
}

void WarmSlot::on_ended(const docker::SlotEnd& end) {
    std::exchange(user_, nullptr)->on_ended(end);
}

/// What a container wrote before it died is still on its way, and ends by itself.
void WarmSlot::on_event(const docker::Event& event) {
    if (event.action == "oom") {
        saw_oom_ = true;
        changed_.notify_all();
        if (is_idle_) discard();
    } else if (event.action == "die" && !is_discarded_) {
        after(kOutputAfterExit, &WarmSlot::close_stream);
    }
}

asio::awaitable<bool> WarmSlot::saw_oom(Milliseconds limit) {
    const auto self = shared_from_this();
    const auto deadline = asio::steady_timer::clock_type::now() + limit;
    while (!saw_oom_ && !is_gone_ && !host_->is_closed()) {
        const auto left = left_until(deadline);
        if (left <= left.zero()) break;
        co_await changed_.wait_for(left);
    }
    co_return saw_oom_;
}

void WarmSlot::on_missing() {
    if (believes_running()) close_stream();
}

}  // namespace batchd::runtime
