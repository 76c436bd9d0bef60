#include "batchd/engine/view.hpp"

#include "batchd/core/core.hpp"

#include <algorithm>

namespace batchd::engine {

namespace {

/// Jobs that wait, by shape, and since when the oldest at a head does.
void add_waiting(const core::State& state, core::QueueIndex queue_index, QueueView& view) {
    const core::Queue& queue = state.queue(queue_index);
    std::map<core::ShapeIndex, std::int64_t> jobs;  // shares have shapes in common
    for (const auto& share : queue.shares) {
        for (const auto& [index, bucket] : share.waiting) {
            jobs[index] += bucket.jobs;
            const Timestamp since = state.job(bucket.entries.begin()->second).created_at;
            if (!view.oldest_runnable || since < *view.oldest_runnable)
                view.oldest_runnable = since;
        }
    }
    view.waiting.reserve(jobs.size());
    for (const auto& [index, count] : jobs) {
        const auto reason = state.scaling.unserved.find({queue_index, index});
        view.waiting.push_back(
            {.shape = state.shape(index),
             .jobs = count,
             .unserved = reason == state.scaling.unserved.end() ? "" : reason->second});
    }
}

QueueView view_of(const core::State& state, core::QueueIndex index,
                  const std::vector<std::size_t>& environment_places, Timestamp now) {
    const core::Queue& queue = state.queue(index);
    QueueView view;
    view.id = queue.row.id;
    view.name = queue.row.document.job_queue_name;
    view.state = queue.row.document.state;
    view.status = queue.row.status;
    view.priority = queue.row.document.priority;
    view.counts = queue.counts;
    view.pause = queue.row.pause;
    view.max_running = queue.row.document.max_running.value_or(0);
    for (const auto e : queue.environments) {
        view.environments.push_back(environment_places[e.value]);
    }
    add_waiting(state, index, view);
    if (const auto usable = core::usable_vcpus(state, queue, now)) {
        view.reservation = ReservationView{.used = queue.used, .usable = *usable};
    }
    return view;
}

EnvironmentView view_of(const core::State& state, const core::Environment& environment,
                        const std::vector<std::size_t>& host_places) {
    const auto& row = environment.row;
    EnvironmentView view;
    view.name = row.document.compute_environment_name;
    view.uuid = row.uuid;
    view.state = row.document.state;
    view.status = row.status;
    view.is_open = core::is_open(environment);
    view.fargate = model::is_fargate(row.document);
    view.has_own_hosts = !environment.hosts.empty();
    view.is_elastic = core::is_elastic(row.document);
    for (const auto h : core::hosts_of(state, environment)) {
        view.hosts.push_back(host_places[h.value]);
    }
    view.limit = core::vcpu_limit(environment);
    view.used = environment.used;
    return view;
}

/// Those that jobs hold or wait for; there may be many more.
void add_consumables(const core::State& state, View& view) {
    for (const auto& [name, in_use] : state.consumables_in_use) {
        view.consumables[name].in_use = in_use;
    }
    for (const auto& queue : view.queues) {
        for (const auto& waiting : queue.waiting) {
            for (const auto& need : waiting.shape.consumables)
                view.consumables.try_emplace(need.name);
        }
    }
    for (auto& [name, consumable] : view.consumables) {
        const auto found = state.consumables.find(name);
        consumable.exists = found != state.consumables.end();
        if (consumable.exists) consumable.total = found->second.document.total_quantity;
    }
}

HostView view_of(const core::State& state, const core::Host& host) {
    std::string environment;
    if (host.environment) {
        environment = state.environment(*host.environment).row.document.compute_environment_name;
    }
    return {.name = host.name,
            .row = host.row,
            .environment = std::move(environment),
            .is_fargate = host.is_fargate,
            .takes_attempts = core::takes_attempts(host),
            .is_up = host.is_up,
            .is_known = host.is_known,
            .down_reason = host.down_reason,
            .capacity = host.capacity,
            .used = host.used,
            .running = std::ssize(host.attempts)};
}

}  // namespace

View view_of(const core::State& state, Timestamp now) {
    View view;
    std::vector<std::size_t> host_places;  // of each host of the state, in the view
    for (const auto& host : state.hosts) {
        host_places.push_back(view.hosts.size());
        if (!host.name.empty()) view.hosts.push_back(view_of(state, host));
    }
    std::vector<std::size_t> places;  // likewise of each environment
    for (const auto& environment : state.environments) {
        places.push_back(view.environments.size());
        if (environment.row.status == "DELETED") continue;
        view.environments.push_back(view_of(state, environment, host_places));
    }
    for (std::uint32_t i = 0; i < state.queues.size(); ++i) {
        if (state.queues[i].row.status != "DELETED") {
            view.queues.push_back(view_of(state, core::QueueIndex{i}, places, now));
        }
    }
    add_consumables(state, view);
    view.capacity_trouble = state.scaling.trouble;
    return view;
}

const QueueView* View::find_queue(const std::string& name) const {
    const auto found = std::ranges::find(queues, name, &QueueView::name);
    return found == queues.end() ? nullptr : &*found;
}

const EnvironmentView* View::find_environment(const std::string& name) const {
    const auto found = std::ranges::find(environments, name, &EnvironmentView::name);
    return found == environments.end() ? nullptr : &*found;
}

std::int64_t View::in_use(const std::string& consumable) const {
    const auto found = consumables.find(consumable);
    return found == consumables.end() ? 0 : found->second.in_use;
}

std::optional<model::DefinitionRow> Catalog::find(const std::string& name,
                                                  std::optional<std::int32_t> revision) const {
    const std::shared_lock lock(mutex_);
    const auto family = active_.find(name);
    if (family == active_.end() || family->second.empty()) return std::nullopt;
    if (!revision) return family->second.rbegin()->second;
    const auto found = family->second.find(*revision);
    if (found == family->second.end()) return std::nullopt;
    return found->second;
}

void Catalog::apply(const std::vector<model::DefinitionRow>& changes) {
    if (changes.empty()) return;
    const std::unique_lock lock(mutex_);
    for (const auto& row : changes) {
        if (row.is_active()) {
            active_[row.name].insert_or_assign(row.revision, row);
        } else if (const auto family = active_.find(row.name); family != active_.end()) {
            family->second.erase(row.revision);
        }
    }
}

void Catalog::reset(const std::vector<model::DefinitionRow>& active) {
    {
        const std::unique_lock lock(mutex_);
        active_.clear();
    }
    apply(active);
}

}  // namespace batchd::engine
