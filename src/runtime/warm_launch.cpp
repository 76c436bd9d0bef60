// The way to a slot: an idle one, or a new one.
#include "batchd/docker/create_body.hpp"
#include "batchd/docker/pause_image.hpp"
#include "runtime/engine_errors.hpp"
#include "runtime/outcome.hpp"
#include "runtime/warm_run.hpp"

#include <fmt/format.h>

#include <utility>

namespace batchd::runtime {

namespace asio = boost::asio;

/// False if there is nothing more to do.
asio::awaitable<bool> WarmRun::find_slot() {
    while (!is_over()) {
        co_await host_->wait_up();
        if (is_over()) break;
        if (phase_ != Phase::Looking && !may_start_) {
            co_await wake_.wait();
            continue;
        }
        const Next next = co_await (phase_ == Phase::Looking ? look() : try_slot());
        if (next == Next::Run) co_return true;
        if (next == Next::Done) break;
        if (!is_over() && (phase_ == Phase::Looking || may_start_)) co_await pause();
    }
    co_return false;
}

/// Where slots were not possible the attempt has a container of its own; else nothing outlives the
/// daemon.
asio::awaitable<WarmRun::Next> WarmRun::look() {
    const auto state = co_await host_->client().inspect(docker::container_name(start_->id));
    if (is_over()) co_return Next::Done;
    if (state) co_return decline(true);
    if (state.error().kind != ErrorKind::NotFound) co_return Next::Again;
    host_->unwatch(docker::container_name(start_->id));
    if (was_running_) {
        report_ended(disappeared(host_->name(), context_.clock.now()));
        co_return Next::Done;
    }
    phase_ = Phase::Waiting;
    if (stop_grace_) {
        give_up();
        co_return Next::Done;
    }
    co_return may_start_ ? co_await try_slot() : Next::Again;
}

asio::awaitable<WarmRun::Next> WarmRun::try_slot() {
    const auto fetched = co_await secrets_.fetch();
    if (is_over()) co_return Next::Done;
    if (!fetched) {
        if (fetched.error().kind == ErrorKind::Cancelled) co_return Next::Done;
        ++context_.counters.start_failures;
        report_ended(failed_to_start(fetched.error().message, std::nullopt, context_.clock.now()));
        co_return Next::Done;
    }
    slot_ = host_->warm_slots().take(SlotKey::of(*start_));
    if (slot_) co_return Next::Run;
    co_return co_await make_slot();
}

docker::CreateOptions WarmRun::create_options() const {
    return {.network_mode = context_.options.network_mode,
            .instance = context_.options.instance,
            .log_drivers = host_->info().log_drivers,
            .host_has_gpus = !host_->gpus().empty(),
            .runtime = host_->runtime()};
}

asio::awaitable<WarmRun::Next> WarmRun::make_slot() {
    auto place = co_await host_->starts().take();
    if (is_over()) co_return Next::Done;
    if (!host_->is_up()) co_return Next::Again;
    slot_ = host_->warm_slots().take(SlotKey::of(*start_));
    if (slot_) co_return Next::Run;
    if (host_->warm_slots().are_refused()) co_return decline(false);
    auto options = create_options();
    const auto& info = host_->info();
    if (!info.has_selinux && docker::can_run_agent(info.architecture)) {
        options.agent_file = co_await host_->hosts_file().path(docker::kAgentFile, host_->name());
    }
    if (is_over()) co_return Next::Done;
    if (options.agent_file.empty()) co_return decline(false);
    if (context_.options.lean_networks && docker::may_be_lean(*start_, options.network_mode)) {
        options.hosts_file = co_await host_->hosts_file().path(docker::kHostsFile, host_->name());
    }
    if (is_over()) co_return Next::Done;
    phase_ = Phase::Making;
    co_return co_await make_slot(std::move(options), std::move(place));
}

asio::awaitable<WarmRun::Next> WarmRun::make_slot(docker::CreateOptions options,
                                                  Slots::Slot place) {
    auto body = docker::slot_body(*start_, options);
    if (!body) co_return co_await not_made("CannotCreateContainerError", body.error());
    // Another name each time: the one before may not be gone yet.
    std::string name = docker::slot_name(start_->id);
    if (slots_made_++ > 0) name += fmt::format("-{}", slots_made_);
    const auto slot =
        std::make_shared<WarmSlot>(context_, host_, SlotKey::of(*start_), std::move(name));
    host_->warm_slots().add(slot);
    auto created = co_await create(slot, std::move(*body), place);
    auto started = created ? co_await slot->start() : created;
    if (!started) {
        slot->discard();
        if (is_over()) co_return Next::Done;
        if (slot->is_unfit()) {
            log::warn("host {}: no warm slot: {}", host_->name(), started.error().message);
            co_return decline(false);
        }
        co_return co_await not_made(
            created ? "CannotStartContainerError" : "CannotCreateContainerError", started.error());
    }
    ++context_.counters.containers_started;
    if (is_over()) {
        slot->release();  // somebody else may want it
        co_return Next::Done;
    }
    slot_ = slot;
    co_return Next::Run;
}

docker::Async<> WarmRun::create(std::shared_ptr<WarmSlot> slot, std::string body,
                                Slots::Slot& place) {
    auto created = co_await slot->create(body);
    if (created || !is_missing_image(created.error()) || is_over()) co_return created;
    place.release();  // a pull takes long, and others need not wait for it
    auto pulled = co_await pull();
    if (!pulled) co_return pulled;
    place = co_await host_->starts().take();
    if (is_over()) co_return fail(ErrorKind::Cancelled, "stopped");
    co_return co_await slot->create(std::move(body));
}

docker::Async<> WarmRun::pull() {
    auto pull = host_->pulls().join(properties().image.value_or(""), host_);
    pull_ = pull;
    auto result = co_await Pulls::wait(pull);
    if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
    if (!result && !is_transport(result.error())) {
        result.error().message = "CannotPullContainerError: " + result.error().message;
        result.error().kind = ErrorKind::Internal;
    }
    co_return result;
}

asio::awaitable<WarmRun::Next> WarmRun::not_made(std::string_view what, Error error) {
    const bool is_to_repeat = is_transport(error) || error.kind == ErrorKind::Throttled ||
                              error.kind == ErrorKind::Conflict || host_->is_to_blame(error) ||
                              co_await host_->is_leaving();
    if (is_over()) co_return Next::Done;
    if (is_to_repeat) co_return Next::Again;
    ++context_.counters.start_failures;
    report_ended(failed_to_start(error.message.starts_with("CannotPullContainerError")
                                     ? error.message
                                     : start_error_reason(what, error),
                                 std::nullopt, context_.clock.now()));
    co_return Next::Done;
}

/// Nothing more is heard of this one.
WarmRun::Next WarmRun::decline(bool may_exist) {
    const auto owner = std::exchange(owner_, {}).lock();
    phase_ = Phase::Ended;
    if (owner) owner->slot_declined(may_exist);
    return Next::Done;
}

}  // namespace batchd::runtime
