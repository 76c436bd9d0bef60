// The way to a running container: look, pull, create, start.
#include "batchd/docker/create_body.hpp"
#include "runtime/container_run.hpp"
#include "runtime/engine_errors.hpp"
#include "runtime/outcome.hpp"

namespace batchd::runtime {

namespace asio = boost::asio;

/// True if the container runs or ran; false if there is nothing more to do.
asio::awaitable<bool> ContainerRun::bring_up() {
    while (!is_over()) {
        co_await host_->wait_up();
        if (is_over()) break;
        if (phase_ != Phase::Looking && !may_start_) {
            co_await wake_.wait();
            continue;
        }
        const Next next = co_await (phase_ == Phase::Looking ? look() : create_and_start());
        if (next == Next::Watch) co_return true;
        if (next == Next::Done) break;
        if (!is_over()) co_await pause();
    }
    co_return false;
}

asio::awaitable<ContainerRun::Next> ContainerRun::look() {
    auto state = co_await host_->client().inspect(name_);
    if (is_over()) co_return Next::Done;
    if (state) {
        if (!co_await find_address()) co_return Next::Again;
        if (is_over()) co_return Next::Done;
        const Next next = take_over(*state);
        if (next != Next::Again || !may_start_) co_return next;
        co_return co_await create_and_start();
    }
    if (state.error().kind != ErrorKind::NotFound) co_return Next::Again;
    may_exist_ = false;
    container_id_.clear();
    if (was_running_) {
        report_ended(disappeared(host_->name(), context_.clock.now()));
        co_return Next::Done;
    }
    phase_ = Phase::Waiting;
    if (stop_grace_) {
        give_up();
        co_return Next::Done;
    }
    if (!may_start_) co_return Next::Again;
    co_return co_await create_and_start();
}

/// Again: the container is made and waits for its start.
ContainerRun::Next ContainerRun::take_over(const docker::ContainerState& state) {
    container_id_ = state.id;
    may_exist_ = true;
    const Timestamp now = context_.clock.now();
    if (state.status == "removing" || state.status == "dead") {
        report_ended(disappeared(host_->name(), now));
        return Next::Done;
    }
    if (state.status == "created") {
        if (!state.error.empty()) {
            const Error error{ErrorKind::Internal, secrets_.without(state.error), {}};
            report_ended(failed_to_start(start_error_reason("CannotStartContainerError", error),
                                         state.exit_code, now));
            return Next::Done;
        }
        phase_ = Phase::Creating;
        if (!stop_grace_) return Next::Again;
        give_up();
        return Next::Done;
    }
    if (state.status == "exited" && !exit_) {
        exit_ = Exit{.code = state.exit_code, .at = state.finished_at.value_or(now)};
    }
    report_started(state.started_at.value_or(now));
    return Next::Watch;
}

asio::awaitable<ContainerRun::Next> ContainerRun::create_and_start() {
    // Before it takes a slot: secrets can take long, and others need not wait for them.
    if (container_id_.empty() && !co_await fetch_secrets()) co_return Next::Done;
    auto slot = co_await host_->starts().take();
    if (is_over()) co_return Next::Done;
    if (!host_->is_up()) co_return Next::Again;
    if (!container_id_.empty()) co_return co_await start_container();
    const std::string hosts = co_await hosts_file();
    if (is_over()) co_return Next::Done;

    phase_ = Phase::Creating;
    auto body = docker::create_body(*start_, secrets_.values(),
                                    {.network_mode = context_.options.network_mode,
                                     .instance = context_.options.instance,
                                     .log_drivers = host_->info().log_drivers,
                                     .container = index_,
                                     .sandbox = sandbox_ ? **sandbox_->result() : std::string{},
                                     .host_has_gpus = !host_->gpus().empty(),
                                     .hosts_file = hosts,
                                     .runtime = host_->runtime()});
    if (!body) {
        ++context_.counters.start_failures;
        report_ended(failed_to_start("CannotCreateContainerError: " + body.error().message,
                                     std::nullopt, context_.clock.now()));
        co_return Next::Done;
    }
    auto created = co_await create(std::move(*body), slot);
    if (is_over()) co_return Next::Done;
    if (created) {
        container_id_ = std::move(*created);
        co_return co_await start_container();
    }
    const Error& error = created.error();
    if (is_transport(error) || error.kind == ErrorKind::Throttled) co_return Next::Again;
    if (error.kind == ErrorKind::Conflict) {
        // Ours, from before a crash or a broken connection.
        phase_ = Phase::Looking;
        slot.release();
        co_return co_await look();
    }
    if (host_->is_to_blame(error) || co_await host_->is_leaving()) co_return Next::Again;
    if (is_over()) co_return Next::Done;
    ++context_.counters.start_failures;
    report_ended(
        failed_to_start(secrets_.without(error.message), std::nullopt, context_.clock.now()));
    co_return Next::Done;
}

/// False if there is nothing more to do: a secret is missing, the attempt was stopped meanwhile, or
/// the daemon stops.
asio::awaitable<bool> ContainerRun::fetch_secrets() {
    const auto fetched = co_await secrets_.fetch();
    if (is_over()) co_return false;
    if (fetched) co_return true;
    if (fetched.error().kind == ErrorKind::Cancelled) co_return false;
    ++context_.counters.start_failures;
    report_ended(failed_to_start(fetched.error().message, std::nullopt, context_.clock.now()));
    co_return false;
}

/// An error that is neither of the transport nor Conflict carries the reason for people.
asio::awaitable<Result<std::string>> ContainerRun::create(std::string body, Slots::Slot& slot) {
    may_exist_ = true;
    auto created = co_await host_->client().create(name_, body);
    if (!created && is_missing_image(created.error())) {
        may_exist_ = false;
        if (is_over()) co_return created;
        slot.release();  // a pull takes long, and others need not wait for it
        auto pulled = co_await pull();
        if (!pulled) co_return std::unexpected(std::move(pulled).error());
        slot = co_await host_->starts().take();
        if (is_over()) co_return fail(ErrorKind::Cancelled, "stopped");
        may_exist_ = true;
        created = co_await host_->client().create(name_, std::move(body));
    }
    if (!created && !is_transport(created.error()) && created.error().kind != ErrorKind::Conflict) {
        created.error().message = start_error_reason("CannotCreateContainerError", created.error());
    }
    co_return created;
}

asio::awaitable<Result<>> ContainerRun::pull() {
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

asio::awaitable<ContainerRun::Next> ContainerRun::start_container() {
    phase_ = Phase::Starting;
    auto started = co_await start_in_sandbox();
    if (is_over()) co_return Next::Done;
    if (started) {
        if (!co_await find_address()) {
            phase_ = Phase::Looking;
            co_return Next::Again;
        }
        if (is_over()) co_return Next::Done;
        ++context_.counters.containers_started;
        report_started(context_.clock.now());
        co_return Next::Watch;
    }
    if (is_transport(started.error())) {
        phase_ = Phase::Looking;  // it may run
        co_return Next::Again;
    }
    co_return co_await start_failed(std::move(started.error()));
}

docker::Async<> ContainerRun::start_in_sandbox() {
    if (sandbox_) {
        auto revived = co_await sandbox_->revive();
        if (!revived) co_return revived;
    }
    co_return co_await host_->client().start(container_id_);
}

/// In networks that containers share, the loopback is where they meet.
asio::awaitable<bool> ContainerRun::find_address() {
    if (start_->num_nodes == 0) co_return true;
    const std::string& mode = context_.options.network_mode;
    if (mode == "host" || mode == "none") {
        address_ = "127.0.0.1";
        co_return true;
    }
    const auto state = co_await host_->client().inspect(docker::container_name(start_->id));
    if (state) address_ = state->address;
    co_return state || !is_transport(state.error());
}

/// Empty: the Engine makes the container's network.
asio::awaitable<std::string> ContainerRun::hosts_file() {
    if (!context_.options.lean_networks || host_->info().has_selinux) co_return std::string{};
    if (!docker::may_be_lean(*start_, context_.options.network_mode)) co_return std::string{};
    co_return co_await host_->hosts_file().path(docker::kHostsFile, host_->name());
}

asio::awaitable<ContainerRun::Next> ContainerRun::make_anew() {
    const auto removed = co_await host_->client().remove(container_id_);
    if (is_over()) co_return Next::Done;
    if (removed || removed.error().kind == ErrorKind::NotFound) container_id_.clear();
    phase_ = Phase::Creating;
    co_return Next::Again;
}

asio::awaitable<ContainerRun::Next> ContainerRun::start_failed(Error error) {
    if (host_->is_to_blame(error)) co_return co_await make_anew();
    if (co_await host_->is_leaving()) {
        phase_ = Phase::Creating;  // the container is there: once more when the Engine is back
        co_return is_over() ? Next::Done : Next::Again;
    }
    if (is_over()) co_return Next::Done;
    ++context_.counters.start_failures;
    std::optional<std::int32_t> exit_code;
    const auto state = co_await host_->client().inspect(container_id_);
    if (is_over()) co_return Next::Done;
    if (state && state->exit_code != 0) exit_code = state->exit_code;
    error.message = secrets_.without(std::move(error.message));
    report_ended(failed_to_start(start_error_reason("CannotStartContainerError", error), exit_code,
                                 context_.clock.now()));
    co_return Next::Done;
}

/// Stopped before it ran.
void ContainerRun::give_up() {
    if (pull_) host_->pulls().leave(*std::exchange(pull_, nullptr));
    report_ended(failed_to_start("", std::nullopt, context_.clock.now()));
}

}  // namespace batchd::runtime
