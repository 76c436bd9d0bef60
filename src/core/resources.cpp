// Resources that are documents: scheduling policies, consumable resources, service environments.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

using model::ResourceKind;

/// AWS: for so long a repeated clientToken means the same request.
constexpr std::chrono::hours kTokenLife{8};

struct Family {
    ResourceKind kind;
    std::string_view noun;  ///< what messages call a member
};
constexpr Family kPolicies{ResourceKind::SchedulingPolicy, "schedulingPolicy"};
constexpr Family kConsumables{ResourceKind::ConsumableResource, "consumableResource"};
constexpr Family kServiceEnvironments{ResourceKind::ServiceEnvironment, "serviceEnvironment"};

std::string quoted(const Family& family, const std::string& name) {
    return std::string(family.noun) + " '" + name + "'";
}

void put_row(State& state, ResourceKind kind, const std::string& name,
             model::ResourceDocument document, Timestamp created_at) {
    state.step.changes.resources.push_back(
        {.kind = kind, .name = name, .document = std::move(document), .created_at = created_at});
}

void delete_row(State& state, ResourceKind kind, const std::string& name) {
    put_row(state, kind, name, std::monostate{}, {});
}

template <class Map>
Result<Reply> create(State& state, Map& map, const Family& family, typename Map::key_type name,
                     typename Map::mapped_type value, std::string tags) {
    const auto [entry, is_new] = map.try_emplace(name, std::move(value));
    if (!is_new) {
        return fail(ErrorKind::Conflict, "Object already exists: " + quoted(family, name));
    }
    put_row(state, family.kind, name, entry->second.document, entry->second.created_at);
    put_tags(state, {.kind = family.kind, .name = std::move(name), .job = {}}, std::move(tags));
    return Reply{};
}

/// The entry of that name; NotFound if there is none.
template <class Map>
Result<typename Map::mapped_type*> existing(Map& map, const Family& family,
                                            const std::string& name) {
    const auto found = map.find(name);
    if (found != map.end()) return &found->second;
    return fail(ErrorKind::NotFound, quoted(family, name) + " does not exist");
}

bool is_policy_of(const Queue& queue, const std::string& policy) {
    return queue.row.status != "DELETED" && queue.row.document.scheduling_policy_arn == policy;
}

template <class Map>
Result<Reply> erase(State& state, Map& map, const Family& family, const std::string& name) {
    map.erase(name);
    delete_row(state, family.kind, name);
    return Reply{};
}

bool is_used_by_queue(const State& state, const std::string& service_environment) {
    return std::ranges::any_of(state.queues, [&](const Queue& queue) {
        const auto& order = queue.row.document.service_environment_order;
        return queue.row.status != "DELETED" &&
               std::ranges::find(order, service_environment,
                                 &model::ServiceEnvironmentOrder::service_environment) !=
                   order.end();
    });
}

/// What an update with a token is remembered by. No resource's name has a '/', and the token, which
/// may have some, comes last.
std::string name_of(const std::string& resource, const model::ConsumableResourceUpdate& update) {
    return resource + "/" + update.operation + "/" + std::to_string(update.quantity.value_or(0)) +
           "/" + *update.client_token;
}

void remember(Consumable& consumable, std::string name, Timestamp at) {
    consumable.applied_by_age.emplace_back(at, name);
    consumable.applied.insert_or_assign(std::move(name), at);
}

bool is_repeated(const Consumable& consumable, const std::string& name, Timestamp now) {
    const auto found = consumable.applied.find(name);
    return found != consumable.applied.end() && now < found->second + kTokenLife;
}

void forget_old_updates(State& state, Consumable& consumable, Timestamp now) {
    auto& by_age = consumable.applied_by_age;
    while (!by_age.empty() && by_age.front().first + kTokenLife <= now) {
        delete_row(state, ResourceKind::AppliedUpdate, by_age.front().second);
        consumable.applied.erase(by_age.front().second);
        by_age.pop_front();
    }
}

}  // namespace

Result<Reply> decide(State& state, CreateSchedulingPolicy&& event, Timestamp now) {
    const std::string name = event.document.name;
    return create(state, state.scheduling_policies, kPolicies, name,
                  {.document = std::move(event.document), .created_at = now},
                  std::move(event.tags));
}

Result<Reply> decide(State& state, UpdateSchedulingPolicy&& event, Timestamp) {
    const auto policy = existing(state.scheduling_policies, kPolicies, event.name);
    if (!policy) return std::unexpected(policy.error());
    model::SchedulingPolicy document = (*policy)->document;
    BATCHD_TRY(model::merge(document, event.update));
    BATCHD_TRY(model::validate(document));
    put_row(state, kPolicies.kind, event.name, document, (*policy)->created_at);
    (*policy)->document = std::move(document);
    take_new_weights(state, event.name);
    return Reply{};
}

Result<Reply> decide(State& state, DeleteSchedulingPolicy&& event, Timestamp) {
    BATCHD_TRY(existing(state.scheduling_policies, kPolicies, event.name));
    const auto user = std::ranges::find_if(
        state.queues, [&](const Queue& queue) { return is_policy_of(queue, event.name); });
    if (user != state.queues.end()) {
        return fail(ErrorKind::Conflict, "Cannot delete, " + quoted(kPolicies, event.name) +
                                             " is used by job queue '" +
                                             user->row.document.job_queue_name + "'");
    }
    return erase(state, state.scheduling_policies, kPolicies, event.name);
}

Result<Reply> decide(State& state, CreateConsumableResource&& event, Timestamp now) {
    const std::string name = event.document.consumable_resource_name;
    if (!state.consumables.contains(name)) {
        BATCHD_TRY(expect_room("consumableResourceName", name, std::ssize(state.consumables),
                               state.policy.limits.consumable_resources, "consumable_resources"));
    }
    state.step.needs_pass = true;  // jobs may wait for it
    Consumable consumable;
    consumable.document = std::move(event.document);
    consumable.created_at = now;
    return create(state, state.consumables, kConsumables, name, std::move(consumable),
                  std::move(event.tags));
}

Result<Reply> decide(State& state, UpdateConsumableResource&& event, Timestamp now) {
    const auto found = existing(state.consumables, kConsumables, event.name);
    if (!found) return std::unexpected(found.error());
    Consumable& consumable = **found;
    std::string mark;
    if (event.update.client_token) mark = name_of(event.name, event.update);
    if (!is_repeated(consumable, mark, now)) {
        BATCHD_TRY(model::merge(consumable.document, event.update));
        put_row(state, kConsumables.kind, event.name, consumable.document, consumable.created_at);
        state.step.needs_pass = true;
        forget_old_updates(state, consumable, now);
        if (!mark.empty()) {
            put_row(state, ResourceKind::AppliedUpdate, mark, model::AppliedUpdate{}, now);
            remember(consumable, std::move(mark), now);
        }
    }
    return Reply{.total_quantity = consumable.document.total_quantity};
}

Result<Reply> decide(State& state, DeleteConsumableResource&& event, Timestamp) {
    const auto found = existing(state.consumables, kConsumables, event.name);
    if (!found) return std::unexpected(found.error());
    for (const auto& [mark, at] : (*found)->applied) {
        delete_row(state, ResourceKind::AppliedUpdate, mark);
    }
    return erase(state, state.consumables, kConsumables, event.name);
}

Result<Reply> decide(State& state, CreateServiceEnvironment&& event, Timestamp now) {
    const std::string name = event.document.service_environment_name;
    if (!state.service_environments.contains(name)) {
        BATCHD_TRY(expect_room("serviceEnvironmentName", name,
                               std::ssize(state.service_environments),
                               state.policy.limits.service_environments, "service_environments"));
    }
    return create(state, state.service_environments, kServiceEnvironments, name,
                  {.document = std::move(event.document), .created_at = now},
                  std::move(event.tags));
}

Result<Reply> decide(State& state, UpdateServiceEnvironment&& event, Timestamp) {
    const auto environment = existing(state.service_environments, kServiceEnvironments, event.name);
    if (!environment) return std::unexpected(environment.error());
    model::ServiceEnvironment document = (*environment)->document;
    model::merge(document, event.update);
    BATCHD_TRY(model::validate(document));
    put_row(state, kServiceEnvironments.kind, event.name, document, (*environment)->created_at);
    (*environment)->document = std::move(document);
    return Reply{};
}

Result<Reply> decide(State& state, DeleteServiceEnvironment&& event, Timestamp) {
    const auto environment = existing(state.service_environments, kServiceEnvironments, event.name);
    if (!environment) return std::unexpected(environment.error());
    if ((*environment)->document.state != "DISABLED") {
        return fail(ErrorKind::Conflict, "Cannot delete, " +
                                             quoted(kServiceEnvironments, event.name) +
                                             " is ENABLED: its state must be DISABLED");
    }
    if (is_used_by_queue(state, event.name)) {
        return fail(ErrorKind::Conflict, "Cannot delete, found existing JobQueue relationship");
    }
    return erase(state, state.service_environments, kServiceEnvironments, event.name);
}

std::int64_t left_of(const State& state, const model::ConsumableNeed& need) {
    const auto in_use = state.consumables_in_use.find(need.name);
    const std::int64_t used = in_use == state.consumables_in_use.end() ? 0 : in_use->second;
    if (need.limit > 0) return need.limit - used;
    const auto found = state.consumables.find(need.name);
    return found == state.consumables.end() ? 0 : found->second.document.total_quantity - used;
}

bool has_consumables(const State& state, const Shape& shape) {
    return std::ranges::all_of(shape.consumables, [&](const model::ConsumableNeed& need) {
        return need.quantity <= left_of(state, need);
    });
}

void take_consumables(State& state, const Shape& shape) {
    for (const auto& need : shape.consumables) {
        state.consumables_in_use[need.name] += need.quantity;
    }
}

void give_back_consumables(State& state, const Shape& shape) {
    for (const auto& need : shape.consumables) {
        const auto in_use = state.consumables_in_use.find(need.name);
        in_use->second -= need.quantity;
        if (in_use->second == 0) state.consumables_in_use.erase(in_use);
        const auto found = state.consumables.find(need.name);
        if (found == state.consumables.end()) continue;
        auto& document = found->second.document;
        if (document.resource_type != "NON_REPLENISHABLE") continue;
        document.total_quantity =
            std::max<std::int64_t>(0, document.total_quantity - need.quantity);
        put_row(state, kConsumables.kind, need.name, document, found->second.created_at);
    }
}

void restore_resources(State& state, const std::vector<model::ResourceRow>& rows) {
    std::vector<const model::ResourceRow*> updates;
    for (const auto& row : rows) {
        if (const auto* policy = std::get_if<model::SchedulingPolicy>(&row.document)) {
            state.scheduling_policies[row.name] = {*policy, row.created_at};
        } else if (const auto* resource = std::get_if<model::ConsumableResource>(&row.document)) {
            Consumable& consumable = state.consumables[row.name];
            consumable.document = *resource;
            consumable.created_at = row.created_at;
        } else if (const auto* environment =
                       std::get_if<model::ServiceEnvironment>(&row.document)) {
            state.service_environments[row.name] = {*environment, row.created_at};
        } else if (const auto* share = std::get_if<model::QuotaShare>(&row.document)) {
            state.quota_shares[row.name] = {*share, row.created_at};
        } else if (std::holds_alternative<model::AppliedUpdate>(row.document)) {
            updates.push_back(&row);
        }
    }
    std::ranges::sort(updates, {}, &model::ResourceRow::created_at);
    for (const auto* update : updates) {
        const auto found = state.consumables.find(update->name.substr(0, update->name.find('/')));
        if (found != state.consumables.end()) {
            remember(found->second, update->name, update->created_at);
        }
    }
}

}  // namespace batchd::core
