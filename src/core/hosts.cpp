// Hosts: they are put, drained and deleted by requests, come up and go down by themselves.
#include "core/decisions.hpp"

#include <algorithm>
#include <tuple>

namespace batchd::core {
namespace {

constexpr const char* kActive = "ACTIVE";
constexpr const char* kDraining = "DRAINING";
constexpr const char* kNotReached = "not reached yet";

/// More than any maxvCpus.
constexpr model::Resources kFargateCapacity{.vcpu = MilliVcpu{1'000'000'000'000},
                                            .memory = MiB{1'000'000'000'000}};

std::string_view adjective(model::HostOrigin origin) {
    switch (origin) {
        case model::HostOrigin::Registered:
            return "registered";
        case model::HostOrigin::Configured:
            return "in the configuration";
        case model::HostOrigin::Launched:
            return "launched by batchd";
    }
    return "";
}

/// The environment's own host of that name.
Result<HostIndex> own_host(const State& state, const std::string& environment,
                           const std::string& name) {
    const auto owner = state.find_environment(environment);
    if (!owner) {
        return fail(ErrorKind::NotFound, "computeEnvironment '" + environment + "' does not exist");
    }
    const auto index = state.find_host(name);
    if (index && state.host(*index).environment == *owner && state.host(*index).row) return *index;
    return fail(ErrorKind::NotFound,
                "computeEnvironment '" + environment + "' has no host '" + name + "'");
}

/// Lays in a host's new row and what follows from it.
void set_row(State& state, HostIndex index, model::HostRow row) {
    Host& host = state.host(index);
    if (host.row && host.row->drain_deadline) {
        state.drain_deadlines.erase({*host.row->drain_deadline, index});
    }
    if (row.drain_deadline) state.drain_deadlines.emplace(*row.drain_deadline, index);
    if (row.is_deleting) {
        state.leaving_hosts.insert(index);
    } else {
        state.leaving_hosts.erase(index);
    }
    host.is_draining = row.document.state == kDraining;
    host.row = std::make_shared<const model::HostRow>(std::move(row));
}

void put_row(State& state, HostIndex index, model::HostRow row) {
    state.step.changes.hosts.push_back(row);
    set_row(state, index, std::move(row));
    state.step.needs_pass = true;
}

HostIndex add_own_host(State& state, EnvironmentIndex environment, const std::string& name) {
    auto slot =
        std::ranges::find_if(state.hosts, [](const Host& host) { return host.name.empty(); });
    if (slot == state.hosts.end()) slot = state.hosts.emplace(slot);
    const HostIndex index{static_cast<std::uint32_t>(slot - state.hosts.begin())};
    slot->name = name;
    slot->environment = environment;
    slot->down_reason = kNotReached;
    state.host_index.emplace(name, index);
    state.environment(environment).hosts.push_back(index);
    return index;
}

void remove_row(State& state, HostIndex index) {
    model::HostRow row = *state.host(index).row;
    state.drain_deadlines.erase({row.drain_deadline.value_or(Timestamp{}), index});
    state.leaving_hosts.erase(index);
    state.step.actions.emplace_back(DisconnectHost{row.document.name});
    row.is_gone = true;
    state.step.changes.hosts.push_back(std::move(row));
}

/// Nothing runs there any more.
void remove_host(State& state, HostIndex index) {
    Host& host = state.host(index);
    if (host.row) remove_row(state, index);
    state.host_index.erase(host.name);
    std::erase(state.environment(*host.environment).hosts, index);
    for (Queue& queue : state.queues) {
        if (queue.reservation && std::ranges::count(queue.reservation->hosts, index) > 0) {
            queue.reservation.reset();
        }
    }
    state.step.needs_pass = true;
    note_host_removed(state, host);
    host = Host{};
}

/// Ends all attempts of a host as lost with it.
void lose_attempts(State& state, HostIndex index, const std::string& why, Timestamp now) {
    const Host& host = state.host(index);
    while (!host.attempts.empty()) {  // the end of a main node can take others with it
        lose_attempt(state, *host.attempts.begin(), why, now);
    }
}

/// Their end is the host's, whatever they say of it.
void stop_attempts(State& state, HostIndex index, Timestamp now) {
    const auto attempts = state.host(index).attempts;
    for (const JobIndex job : attempts) {
        stop_node_or_attempt(state, job, StopCause::HostDrained,
                             lost_with_host(state.host(index).name), now);
    }
}

void end_drained_attempts(State& state, HostIndex index, Timestamp now) {
    if (state.host(index).is_down) {
        lose_attempts(state, index, "it was down when the time to drain it was over", now);
    } else {
        stop_attempts(state, index, now);
    }
}

bool is_drain_over(const Host& host, Timestamp now) {
    return host.row && host.row->drain_deadline && *host.row->drain_deadline <= now;
}

/// What is being stopped cannot be taken back.
Result<> expect_not_stopping(const Host& host, Timestamp now) {
    if (!is_drain_over(host, now) || host.attempts.empty()) return {};
    return fail(ErrorKind::Conflict, "the time to drain host '" + host.name +
                                         "' is over, and its attempts are being stopped");
}

Result<> expect_kind(const Environment& environment, model::HostOrigin origin) {
    const auto& document = environment.row.document;
    const std::string_view wanted = origin == model::HostOrigin::Launched ? "MANAGED" : "UNMANAGED";
    if (document.type == wanted) return {};
    return fail(ErrorKind::Conflict, "computeEnvironment '" + document.compute_environment_name +
                                         "' is " + document.type + ": a host that is " +
                                         std::string(adjective(origin)) + " belongs to an " +
                                         std::string(wanted) + " one");
}

/// The configuration takes a registered host over; else nobody changes what is another's.
Result<> expect_origin(const Host& host, model::HostOrigin by) {
    const model::HostOrigin origin = host.row->origin;
    const bool is_taken_over =
        origin == model::HostOrigin::Registered && by == model::HostOrigin::Configured;
    if (origin == by || is_taken_over) return {};
    return fail(ErrorKind::Conflict, "host '" + host.name + "' is " +
                                         std::string(adjective(origin)) + ", and changed there");
}

/// The host that the document is about; nullopt for a new one.
Result<std::optional<HostIndex>> find_own(const State& state, EnvironmentIndex environment,
                                          const PutHost& event) {
    const std::string& name = event.document.name;
    const auto index = state.find_host(name);
    if (!index) return std::nullopt;
    const Host& host = state.host(*index);
    if (!host.environment) {
        return fail(ErrorKind::Conflict, "host name '" + name + "' is the local Docker Engine's");
    }
    if (*host.environment != environment) {
        return fail(ErrorKind::Conflict,
                    "host '" + name + "' belongs to computeEnvironment '" +
                        state.environment(*host.environment).row.document.compute_environment_name +
                        "'");
    }
    BATCHD_TRY(expect_origin(host, event.origin));
    return index;
}

Result<> expect_changeable(const Host& host, const model::Host& document, Timestamp now) {
    const model::Host& old = host.row->document;
    const auto engine_of = [](const model::Host& of) {
        return std::tie(of.url, of.certificate_directory, of.tls_server_name);
    };
    const bool is_same_engine = engine_of(old) == engine_of(document);
    if (!is_same_engine && !host.attempts.empty()) {
        return fail(ErrorKind::Conflict, "url, certificateDirectory and tlsServerName of host '" +
                                             host.name +
                                             "' can be changed when no attempt runs there; " +
                                             std::to_string(host.attempts.size()) + " run");
    }
    return document.state == kActive ? expect_not_stopping(host, now) : Result<>{};
}

Result<> change_host(State& state, HostIndex index, PutHost&& event, Timestamp now) {
    Host& host = state.host(index);
    model::HostRow row = *host.row;
    if (!event.document.state) {
        event.document.state = row.is_deleting ? kActive : row.document.state;
    }
    BATCHD_TRY(expect_changeable(host, event.document, now));
    if (row.document != event.document) {
        state.step.actions.emplace_back(ConnectHost{event.document});
    }
    row.document = std::move(event.document);
    row.origin = event.origin;
    row.is_deleting = false;
    if (row.document.state == kActive) row.drain_deadline.reset();
    put_row(state, index, std::move(row));
    return {};
}

}  // namespace

std::string lost_with_host(const std::string& host) {
    return "Host EC2 (instance " + host + ") terminated.";
}

void add_host(State& state, std::string name) {
    const HostIndex index{static_cast<std::uint32_t>(state.hosts.size())};
    state.host_index.emplace(name, index);
    state.local_hosts.push_back(index);
    Host& host = state.hosts.emplace_back();
    host.name = std::move(name);
    host.down_reason = kNotReached;
}

std::string fargate_host_name(const std::string& environment) { return "fargate/" + environment; }

void add_fargate_host(State& state, EnvironmentIndex environment) {
    const auto& name = state.environment(environment).row.document.compute_environment_name;
    Host& host = state.host(add_own_host(state, environment, fargate_host_name(name)));
    host.is_fargate = true;
    host.is_up = true;
    host.is_known = true;
    host.down_reason.clear();
    host.capacity = kFargateCapacity;
}

void lose_fargate_hosts(State& state, Timestamp now) {
    for (std::uint32_t i = 0; i < state.hosts.size(); ++i) {
        if (!state.hosts[i].is_fargate) continue;
        lose_host(state, HostIndex{i}, "batchd does not run jobs on Fargate any more", now);
    }
}

const std::vector<HostIndex>& hosts_of(const State& state, const Environment& environment) {
    if (is_elastic(environment.row.document)) return environment.hosts;
    return environment.hosts.empty() ? state.local_hosts : environment.hosts;
}

bool takes_attempts(const Host& host) { return host.is_up && !host.is_draining; }

void drain_host(State& state, HostIndex index, std::optional<Timestamp> deadline) {
    model::HostRow row = *state.host(index).row;
    row.document.state = kDraining;
    row.drain_deadline = deadline;
    put_row(state, index, std::move(row));
}

std::vector<model::Host> own_hosts(const State& state) {
    std::vector<model::Host> list;
    for (const Host& host : state.hosts) {
        if (host.row) list.push_back(host.row->document);
    }
    return list;
}

Result<Reply> decide(State& state, PutHost&& event, Timestamp now) {
    const auto environment = state.find_environment(event.environment);
    if (!environment) {
        return fail(ErrorKind::NotFound,
                    "computeEnvironment '" + event.environment + "' does not exist");
    }
    BATCHD_TRY(expect_kind(state.environment(*environment), event.origin));
    const auto known = find_own(state, *environment, event);
    if (!known) return std::unexpected(known.error());
    if (*known) {
        BATCHD_TRY(change_host(state, **known, std::move(event), now));
        return Reply{};
    }
    if (!event.document.state) event.document.state = kActive;
    state.step.actions.emplace_back(ConnectHost{event.document});
    const HostIndex index = add_own_host(state, *environment, event.document.name);
    put_row(state, index,
            {.environment_id = state.environment(*environment).row.id,
             .document = std::move(event.document),
             .origin = event.origin,
             .drain_deadline = std::nullopt,
             .created_at = now});
    return Reply{};
}

Result<Reply> decide(State& state, DrainHost&& event, Timestamp now) {
    const auto index = own_host(state, event.environment, event.host);
    if (!index) return std::unexpected(index.error());
    const Host& host = state.host(*index);
    const bool is_later = !event.deadline || *event.deadline > now;
    if (is_later) BATCHD_TRY(expect_not_stopping(host, now));
    drain_host(state, *index, event.deadline);
    return Reply{};
}

Result<Reply> decide(State& state, DeleteHost&& event, Timestamp now) {
    const auto index = own_host(state, event.environment, event.host);
    if (!index) return std::unexpected(index.error());
    const Host& host = state.host(*index);
    BATCHD_TRY(expect_origin(host, event.origin));
    if (event.force) {
        lose_host(state, *index, "it was removed", now);
        return Reply{};
    }
    if (host.attempts.empty()) {
        remove_host(state, *index);
        return Reply{};
    }
    if (!host.is_draining) {
        return fail(ErrorKind::Conflict, "Cannot delete, " + std::to_string(host.attempts.size()) +
                                             " attempts run on host '" + event.host +
                                             "': drain it first, or delete it with force");
    }
    model::HostRow row = *host.row;
    row.is_deleting = true;
    put_row(state, *index, std::move(row));
    return Reply{};
}

Result<Reply> decide(State& state, HostUp&& event, Timestamp) {
    const auto index = state.find_host(event.host);
    if (!index) return Reply{};
    Host& host = state.host(*index);
    host.is_up = true;
    host.is_down = false;
    host.is_known = true;
    host.down_reason.clear();
    host.capacity = event.capacity;
    host.gpus = std::move(event.gpus);
    host.capacity.gpus = static_cast<std::int32_t>(host.gpus.size());
    note_host_up(state, host);
    note_host_news(state, host);
    state.step.needs_pass = true;
    return Reply{};
}

Result<Reply> decide(State& state, HostDown&& event, Timestamp now) {
    const auto index = state.find_host(event.host);
    if (!index) return Reply{};
    Host& host = state.host(*index);
    host.is_up = false;
    host.is_down = true;
    host.down_reason = std::move(event.reason);
    note_host_down(state, host, now);
    note_host_news(state, host);
    if (is_drain_over(host, now)) end_drained_attempts(state, *index, now);
    return Reply{};
}

void end_drained_attempts(State& state, Timestamp now) {
    auto& deadlines = state.drain_deadlines;
    while (!deadlines.empty() && deadlines.begin()->first <= now) {
        const HostIndex index = deadlines.extract(deadlines.begin()).value().second;
        end_drained_attempts(state, index, now);
    }
}

void lose_host(State& state, HostIndex host, const std::string& why, Timestamp now) {
    lose_attempts(state, host, why, now);
    remove_host(state, host);
}

void remove_leaving_hosts(State& state) {
    const auto leaving = state.leaving_hosts;
    for (const HostIndex index : leaving) {
        if (state.host(index).attempts.empty()) remove_host(state, index);
    }
}

void remove_hosts_of(State& state, EnvironmentIndex environment) {
    const auto hosts = state.environment(environment).hosts;
    for (const HostIndex index : hosts) remove_host(state, index);
}

Result<> restore_host(State& state, EnvironmentIndex environment, const model::HostRow& row) {
    const std::string& name = row.document.name;
    model::Host document = row.document;
    BATCHD_TRY(model::validate(document, true));
    if (!document.state) return invalid_argument("it has no state");
    if (adjective(row.origin).empty()) return invalid_argument("its origin is unknown");
    if ((row.is_deleting || row.drain_deadline) && document.state != kDraining) {
        return invalid_argument("it is to go, but does not drain");
    }
    if (state.find_host(name)) return invalid_argument("its name is another host's, too");
    BATCHD_TRY(expect_kind(state.environment(environment), row.origin));
    set_row(state, add_own_host(state, environment, name), row);
    return {};
}

}  // namespace batchd::core
