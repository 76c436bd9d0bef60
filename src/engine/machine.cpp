#include "batchd/engine/machine.hpp"

#include "batchd/base/log.hpp"
#include "engine/head_watch.hpp"

#include <algorithm>

namespace batchd::engine {
namespace {

constexpr Seconds kProbeInterval{1};
constexpr Seconds kTendAfterError{60};

/// What operators look for when capacity is not what they expect.
void log_capacity(const model::Changes& changes) {
    for (const auto& row : changes.environments) {
        if (row.status != "INVALID") continue;
        log::warn("compute environment {} is INVALID: {}", row.document.compute_environment_name,
                  row.status_reason);
    }
    for (const auto& row : changes.decisions) {
        if (row.document.action != "TERMINATE") continue;
        for (const auto& id : row.document.instances) {
            log::info("instance {} ({}) is to end: {}", id, row.document.instance_type,
                      row.document.why);
        }
    }
}

}  // namespace

Machine::Machine(Options options, ports::Store& store, std::vector<ports::EventSink*> sinks)
    : options_(std::move(options)),
      store_(store),
      sinks_(std::move(sinks)),
      head_watch_(std::make_unique<HeadWatch>()) {}

Machine::~Machine() = default;

Result<> Machine::start(Adapters adapters, Timestamp now, const std::string& first_uuid) {
    runtime_ = &adapters.runtime;
    capacity_ = &adapters.capacity;
    now_ = now;
    BATCHD_TRY(load());
    if (state_.next_id == 1) BATCHD_TRY(make_defaults(now, first_uuid));
    BATCHD_TRY(adopt());
    publish();
    return {};
}

Result<> Machine::load() {
    auto snapshot = store_.load();
    if (!snapshot) return std::unexpected(std::move(snapshot).error());
    core::State state;
    state.policy = options_.policy;
    state.scaling.catalogue = options_.catalogue;
    for (const auto& host : options_.hosts) core::add_host(state, host);
    BATCHD_TRY(core::restore(state, *snapshot, now_));
    state_ = std::move(state);
    catalog_.reset(snapshot->definitions);
    // The runtime told these once; a rebuilt state must know them, too.
    std::erase_if(host_news_, [&](const auto& news) { return !state_.find_host(news.first); });
    for (const auto& [name, event] : host_news_) {
        (void)core::apply(state_, core::Event(event), now_);
    }
    return {};
}

Result<> Machine::make_defaults(Timestamp now, const std::string& uuid) {
    model::ComputeEnvironment local;
    local.compute_environment_name = "local";
    local.type = "UNMANAGED";
    local.state = "ENABLED";
    model::JobQueue queue;
    queue.job_queue_name = "default";
    queue.state = "ENABLED";
    queue.priority = 1;
    queue.compute_environment_order.push_back({.order = 1, .compute_environment = "local"});
    auto made = core::apply(
        state_, core::CreateEnvironment{.document = local, .uuid = uuid, .tags = {}}, now);
    if (!made) return std::unexpected(std::move(made).error());
    made = core::apply(state_, core::CreateQueue{.document = queue, .tags = {}}, now);
    if (!made) return std::unexpected(std::move(made).error());
    return store_.commit(core::finish_step(state_, now).changes);
}

Result<> Machine::adopt() {
    containers_.clear();
    std::vector<ports::ContainerRuntime::Adopt> list;
    for (const auto& live : core::live_attempts(state_)) {
        auto attempt = describe(live.start, {});
        if (!attempt) {
            // To leave out one that can be read later would have its container removed.
            if (is_retryable(attempt.error().kind)) return std::unexpected(attempt.error());
            end_undescribed(live.start.id, attempt.error());
            continue;
        }
        list.push_back({.attempt = std::move(*attempt),
                        .was_running = live.was_running,
                        .stop_with_grace = live.stop_with_grace});
    }
    runtime_->adopt(core::own_hosts(state_), std::move(list));
    adopt_instances();
    return {};
}

void Machine::adopt_instances() {
    std::vector<ports::CapacityProvider::OpenLaunch> launches;
    for (auto& launch : core::open_launches(state_))
        launches.push_back(request_of(std::move(launch)));
    capacity_->adopt(std::move(launches), core::known_instances(state_));
}

ports::CapacityProvider::OpenLaunch Machine::request_of(core::LaunchInstances launch) const {
    ports::CapacityProvider::OpenLaunch open;
    const auto environment = state_.find_environment(launch.environment);
    if (environment) open.environment = state_.environment(*environment).row.document;
    open.request = {.decision = launch.decision,
                    .environment = std::move(launch.environment),
                    .token = std::move(launch.token),
                    .type = std::move(launch.type),
                    .zone = std::move(launch.zone),
                    .is_spot = launch.is_spot,
                    .count = launch.count,
                    .other_types = std::move(launch.other_types)};
    return open;
}

void Machine::launch(core::LaunchInstances launch) {
    auto open = request_of(std::move(launch));
    capacity_->launch(std::move(open.request), open.environment);
}

void Machine::step(std::vector<Input> inputs, Timestamp now) {
    now_ = now;
    for (const auto& input : inputs) remember_host(input.event);
    if (next_probe_ && !recover()) {
        refuse(inputs);
        return;
    }
    std::move(own_inputs_.begin(), own_inputs_.end(), std::back_inserter(inputs));
    own_inputs_.clear();

    std::vector<Result<core::Reply>> replies;
    replies.reserve(inputs.size());
    for (auto& input : inputs) {
        if (auto prepared = prepare(input.event); !prepared) {
            replies.emplace_back(std::unexpected(std::move(prepared).error()));
        } else {
            replies.push_back(core::apply(state_, std::move(input.event), now));
        }
    }
    core::Decision decision = core::finish_step(state_, now);
    if (!decision.changes.empty()) {
        if (auto committed = store_.commit(decision.changes); !committed) {
            stop_writing(committed.error());
            refuse(inputs);
            return;
        }
    }
    catalog_.apply(decision.changes.definitions);
    publish();
    tell_sinks(decision);
    log_capacity(decision.changes);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].done) inputs[i].done(std::move(replies[i]));
    }
    act(std::move(decision.actions), decision.changes.new_jobs);
    for (auto& cancel : head_watch_->look(state_, *published_.get(), now)) {
        own_inputs_.push_back({.event = std::move(cancel), .done = {}});
    }
}

/// From here on writes are refused until recover() succeeds.
void Machine::stop_writing(const Error& why) {
    if (!next_probe_) log::error("no writes are taken: {}", why.message);
    not_writable_reason_ = why.message;
    next_probe_ = now_ + kProbeInterval;
    publish_refusal();
}

/// Asks the disk once a second, and begins anew from what is stored.
bool Machine::recover() {
    if (now_ < *next_probe_) return false;
    own_inputs_.clear();
    auto recovered = store_.probe();
    if (recovered) recovered = load();
    if (recovered) recovered = adopt();
    if (!recovered) {
        stop_writing(recovered.error());
        return false;
    }
    log::info("the database takes writes again");
    next_probe_.reset();
    not_writable_reason_.clear();
    return true;
}

/// News of the runtime are dropped: adopt() makes it tell them again.
void Machine::refuse(std::vector<Input>& inputs) {
    for (auto& input : inputs) {
        if (!input.done) continue;
        input.done(fail(ErrorKind::Unavailable,
                        "the database takes no writes at the moment: " + not_writable_reason_));
    }
}

std::optional<Timestamp> Machine::next_deadline() const {
    if (next_probe_) return next_probe_;
    if (!own_inputs_.empty()) return Timestamp{};
    const auto next = core::next_deadline(state_);
    const auto limit = head_watch_->next_deadline();
    return next && limit ? std::min(*next, *limit) : next ? next : limit;
}

Timestamp Machine::tend(Timestamp now) {
    if (next_probe_) return *next_probe_;
    const auto next = store_.tend(now);
    if (next) return *next;
    log::warn("housekeeping of the database: {}", next.error().message);
    return now + kTendAfterError;
}

/// Core refuses what was never there.
Result<> Machine::expect_never_stored(const model::JobId& id) {
    const auto removed = store_.may_have_removed(id);
    if (!removed) return std::unexpected(removed.error());
    if (!*removed) return {};
    return invalid_argument("dependsOn: job '" + to_string(id) +
                            "' does not exist any more: ended jobs of its time were removed by "
                            "retention");
}

Result<> Machine::look_up(const model::Dependency& dependency, core::SubmitJob& submit) {
    auto state = store_.ended_state(dependency.id);
    if (!state) return std::unexpected(std::move(state).error());
    if (!*state) return expect_never_stored(dependency.id);
    core::EndedDependency ended{.id = dependency.id,
                                .status = (*state)->status,
                                .status_reason = std::move((*state)->status_reason)};
    if (dependency.kind == model::Dependency::Kind::NToN) {
        auto children = store_.ended_children(dependency.id);
        if (!children) return std::unexpected(std::move(children).error());
        ended.children = std::move(*children);
    }
    // Rows that retention is about to remove, or that are damaged, tell of jobs that nobody runs.
    const bool is_whole = model::is_terminal(ended.status) &&
                          std::ranges::all_of(ended.children, [](model::JobStatus status) {
                              return model::is_terminal(status);
                          });
    if (!is_whole) {
        return invalid_argument("dependsOn jobId '" + to_string(dependency.id) +
                                "' is not stored whole any more: it cannot be waited for");
    }
    submit.ended_dependencies.push_back(std::move(ended));
    return {};
}

/// Core knows the others itself.
Result<> Machine::look_up(const model::SubmissionKey& key,
                          std::optional<model::RecentSubmission>& stored) {
    if (!key.is_explicit) return {};
    auto first = store_.find_submission(key.key);
    if (!first) return std::unexpected(std::move(first).error());
    stored = std::move(*first);
    return {};
}

/// Adds to an event what core cannot know: what became of ended jobs, and the names of containers
/// and logs.
Result<> Machine::prepare(core::Event& event) {
    if (auto* submit = std::get_if<core::SubmitJob>(&event)) {
        if (submit->key) BATCHD_TRY(look_up(*submit->key, submit->repeated));
        if (submit->repeated) return {};
        for (const auto& dependency : submit->traits.depends_on) {
            if (state_.find_job(dependency.id.whole())) continue;
            BATCHD_TRY(look_up(dependency, *submit));
        }
    } else if (auto* find = std::get_if<core::FindSubmission>(&event)) {
        return look_up(find->key, find->repeated);
    } else if (auto* service = std::get_if<core::SubmitServiceJob>(&event)) {
        if (!service->document.client_token) return {};
        const auto known = store_.knows_token(*service->document.client_token);
        if (!known) return std::unexpected(known.error());
        service->is_repeated = *known;
    } else if (auto* started = std::get_if<core::AttemptStarted>(&event)) {
        if (auto found = containers_.extract(started->id)) {
            started->containers = std::move(found.mapped());
        }
    } else if (const auto* ended = std::get_if<core::AttemptEnded>(&event)) {
        containers_.erase(ended->id);
    }
    return {};
}

void Machine::remember_host(const core::Event& event) {
    const auto remember = [&](const std::string& host) {
        if (state_.find_host(host)) host_news_[host] = event;
    };
    if (const auto* up = std::get_if<core::HostUp>(&event)) {
        remember(up->host);
    } else if (const auto* down = std::get_if<core::HostDown>(&event)) {
        remember(down->host);
    }
}

void Machine::act(std::vector<core::Action> actions, std::span<const model::JobInsert> new_jobs) {
    for (auto& action : actions) {
        if (auto* start = std::get_if<core::StartContainer>(&action)) {
            start_container(std::move(*start), new_jobs);
        } else if (const auto* stop = std::get_if<core::StopContainer>(&action)) {
            runtime_->stop(stop->id, stop->grace);
        } else if (const auto* forget = std::get_if<core::ForgetContainer>(&action)) {
            runtime_->forget(forget->id);
        } else if (auto* connect = std::get_if<core::ConnectHost>(&action)) {
            runtime_->connect(std::move(connect->host));
        } else if (auto* disconnect = std::get_if<core::DisconnectHost>(&action)) {
            host_news_.erase(disconnect->name);
            runtime_->disconnect(std::move(disconnect->name));
        } else if (auto* instances = std::get_if<core::LaunchInstances>(&action)) {
            launch(std::move(*instances));
        } else if (auto* ending = std::get_if<core::TerminateInstances>(&action)) {
            capacity_->terminate(std::move(ending->ids));
        }
    }
}

void Machine::start_container(core::StartContainer start,
                              std::span<const model::JobInsert> new_jobs) {
    auto attempt = describe(start, new_jobs);
    if (attempt) {
        runtime_->start(std::move(*attempt));
    } else if (is_retryable(attempt.error().kind)) {
        stop_writing(attempt.error());  // recover() starts what was not started
    } else {
        end_undescribed(start.id, attempt.error());
    }
}

/// The specification cannot be read (a damaged row): the attempt ends before it began.
void Machine::end_undescribed(const model::AttemptId& id, const Error& error) {
    log::error("attempt {}: {}", to_string(id), error.message);
    model::AttemptOutcome outcome;
    outcome.reason = "CannotCreateContainerError: " + error.message;
    outcome.status_reason = "Task failed to start";
    outcome.stopped_at = now_;
    own_inputs_.push_back(
        {.event = core::AttemptEnded{.id = id, .outcome = std::move(outcome)}, .done = {}});
}

std::optional<ports::FargatePlacement> Machine::fargate_placement(
    const core::StartContainer& start) const {
    const auto host = state_.find_host(start.host);
    const auto environment = state_.find_environment(start.environment);
    if (!host || !environment || !state_.host(*host).is_fargate) return std::nullopt;
    const auto& resources = *state_.environment(*environment).row.document.compute_resources;
    return ports::FargatePlacement{
        .is_spot = resources.type == "FARGATE_SPOT",
        .subnets = resources.subnets.value_or(std::vector<std::string>{}),
        .security_groups = resources.security_group_ids.value_or(std::vector<std::string>{}),
        .tags = {}};
}

/// That of a job which came in this step need not be read.
Result<std::shared_ptr<const model::JobSpec>> Machine::spec_of(
    std::int64_t seq, std::span<const model::JobInsert> new_jobs) {
    const auto found = std::ranges::lower_bound(
        new_jobs, seq, {}, [](const model::JobInsert& insert) { return insert.row.seq; });
    const bool is_at_hand =
        found != new_jobs.end() && found->row.seq == seq && found->parsed_spec != nullptr;
    return is_at_hand ? found->parsed_spec : store_.job_spec(seq);
}

Result<ports::StartAttempt> Machine::describe(const core::StartContainer& start,
                                              std::span<const model::JobInsert> new_jobs) {
    const auto found = spec_of(start.seq, new_jobs);
    if (!found) return std::unexpected(found.error());
    const model::JobSpec& spec = **found;
    ports::StartAttempt attempt;
    attempt.id = start.id;
    attempt.host = start.host;
    attempt.queue = start.queue;
    attempt.compute_environment = start.environment;
    attempt.resources = start.resources;
    attempt.gpus = start.gpus;
    attempt.array_size = start.array_size;
    attempt.warm_slots =
        start.id.job.is_child() && spec.options && spec.options->warm_slots.value_or(false);
    attempt.num_nodes = start.num_nodes;
    attempt.main_node = start.main_node;
    attempt.main_address = start.main_address;
    attempt.main_host = start.main_host;
    attempt.fargate = fargate_placement(start);
    if (attempt.fargate && spec.propagate_tags.value_or(false)) {
        auto tags = store_.task_tags(start.seq, spec.job_definition);
        if (!tags) return std::unexpected(std::move(tags).error());
        attempt.fargate->tags = *std::move(tags);
    }
    attempt.task = model::task_of(spec, start.id.job);
    model::set_memory(attempt.task, start.resources.memory);
    if (auto sound = model::validate_structure(attempt.task); !sound) {
        return fail(ErrorKind::Internal, "the stored specification of job " +
                                             to_string(start.id.job) +
                                             " is damaged: " + sound.error().message);
    }
    std::vector<model::ContainerResult> containers;
    for (const auto& container : attempt.task.containers) {
        auto& names =
            attempt.logs.emplace_back(model::log_names(spec.job_definition, container, start.id));
        containers.push_back({.name = container.name.value_or(""),
                              .exit_code{},
                              .reason{},
                              .log_group = names.group,
                              .log_stream = names.stream});
    }
    containers_.insert_or_assign(start.id, std::move(containers));
    return attempt;
}

}  // namespace batchd::engine
