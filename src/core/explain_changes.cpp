#include "core/explain_changes.hpp"

#include "core/decisions.hpp"
#include "core/fitting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace batchd::core {
namespace {

constexpr std::size_t kMostCounterfactuals = 8;
constexpr std::size_t kMostNamed = 3;

/// "job X, RUNNING since 2026-11-21T03:52:57.123Z, its timeout ends at …"
std::string name_of(const Job& job) {
    std::string text = "job " + to_string(job.id) + ", " + std::string(to_string(job.state.status));
    if (job.state.started_at) text += " since " + to_iso8601(*job.state.started_at);
    if (job.run && job.run->deadline) {
        text += ", its timeout ends at " + to_iso8601(*job.run->deadline);
    }
    return text;
}

std::string names_of(const std::vector<const Job*>& jobs) {
    std::string text;
    for (std::size_t i = 0; i < std::min(jobs.size(), kMostNamed); ++i) {
        text += (i == 0 ? "" : "; ") + name_of(*jobs[i]);
    }
    if (jobs.size() > kMostNamed) text += fmt::format(" and {} more", jobs.size() - kMostNamed);
    return text;
}

std::string ids_of(const std::vector<const Job*>& jobs) {
    std::string text;
    for (const Job* job : jobs) text += (text.empty() ? "" : ",") + to_string(job->id);
    return text;
}

/// Those that will probably end first: by their timeout, then those that have run the longest.
void sort_by_end(std::vector<const Job*>& jobs) {
    std::ranges::sort(jobs, {}, [](const Job* job) {
        const auto deadline = job->run ? job->run->deadline : std::nullopt;
        return std::tuple(!deadline, deadline.value_or(Timestamp{}), !job->state.started_at,
                          job->state.started_at.value_or(Timestamp{}), job->seq, job->id.part);
    });
}

/// As few of the jobs as give enough together, by `gives` of each; empty if all do not.
template <class Amount, class Gives, class IsEnough>
std::vector<const Job*> fewest(std::vector<const Job*> jobs, Amount sum, Gives gives,
                               IsEnough is_enough) {
    sort_by_end(jobs);
    const auto alone = std::ranges::find_if(jobs, [&](const Job* job) {
        Amount one = sum;
        one += gives(*job);
        return is_enough(one);
    });
    if (alone != jobs.end()) return {*alone};
    std::multimap<Amount, const Job*, std::greater<>> by_size;  // keeps the order among equals
    for (const Job* job : jobs) by_size.emplace(gives(*job), job);
    std::vector<const Job*> chosen;
    for (const auto& [amount, job] : by_size) {
        chosen.push_back(job);
        sum += amount;
        if (is_enough(sum)) return chosen;
    }
    return {};
}

std::vector<const Job*> attempts_on(const State& state, const Host& host) {
    std::vector<const Job*> jobs;
    for (const JobIndex index : host.attempts) jobs.push_back(&state.job(index));
    return jobs;
}

template <class Predicate>
std::vector<const Job*> attempts_where(const State& state, Predicate is_wanted) {
    std::vector<const Job*> jobs;
    for (const Host& host : state.hosts) {
        for (const JobIndex index : host.attempts) {
            if (is_wanted(state.job(index))) jobs.push_back(&state.job(index));
        }
    }
    return jobs;
}

MilliVcpu vcpus_of(const State& state, const Job& job) {
    return state.shape(job.shape).resources.vcpu;
}

/// The jobs by whose end `sum` becomes at least `wanted`, as a remedy; nullopt if it never does.
std::optional<Fact> freed_vcpus(const State& state, std::vector<const Job*> jobs, MilliVcpu missing,
                                std::string code, const std::string& where) {
    const auto chosen = fewest(
        std::move(jobs), MilliVcpu{}, [&](const Job& job) { return vcpus_of(state, job); },
        [&](MilliVcpu sum) { return sum >= missing; });
    if (chosen.empty()) return std::nullopt;
    return fact(
        std::move(code),
        fmt::format("{} vCPUs are freed {} ({})", to_vcpus(missing), where, names_of(chosen)),
        {{"vcpus", to_vcpus(missing)}, {"jobs", ids_of(chosen)}});
}

// Less that the job asks for

Fact ask_vcpus(MilliVcpu most) {
    return fact("ASK_VCPUS", fmt::format("vcpus <= {}", to_vcpus(most)),
                {{"vcpus", to_vcpus(most)}});
}

bool is_own(const Fact& change) { return change.code.starts_with("ASK_"); }

double number_of(const Fact& ask) {
    const auto& value = ask.details.back().second;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    return static_cast<double>(std::get<std::int64_t>(value));
}

/// One way to lift several obstacles at once: all of it has to come.
using Way = std::vector<Fact>;

/// Of two limits for the same the lower one holds.
void add_to(Way& way, const Fact& change) {
    for (Fact& known : way) {
        if (known.text == change.text) return;
        if (known.code != change.code || !is_own(change) || change.code == "ASK_UNITS") continue;
        if (number_of(change) < number_of(known)) known = change;
        return;
    }
    way.push_back(change);
}

/// All combinations of one way each.
std::vector<Way> combine(const std::vector<Way>& ways, const std::vector<Way>& others) {
    std::vector<Way> all;
    for (const Way& way : ways) {
        for (const Way& other : others) {
            Way both = way;
            for (const Fact& change : other) add_to(both, change);
            all.push_back(std::move(both));
        }
    }
    return all;
}

std::vector<Way> lift(const std::vector<Obstacle>& obstacles, std::vector<Way> ways = {{}}) {
    for (const Obstacle& obstacle : obstacles) {
        std::vector<Way> alternatives;
        for (const Fact& remedy : obstacle.remedies) alternatives.push_back({remedy});
        ways = combine(ways, alternatives);
    }
    return ways;
}

bool is_shortage(const Obstacle& obstacle) {
    const auto& code = obstacle.fact.code;
    return code == "VCPUS" || code == "MEMORY" || code == "GPUS";
}

// A host that has too little free

/// Empty if that would be to ask for nothing.
Way ask_less(const model::Resources& asked, const model::Resources& free) {
    Way way;
    if (asked.vcpu > free.vcpu) way.push_back(ask_vcpus(free.vcpu));
    if (asked.memory > free.memory) {
        way.push_back(fact("ASK_MEMORY", fmt::format("memory <= {} MiB", free.memory.value),
                           {{"memoryMiB", free.memory.value}}));
    }
    if (asked.gpus > 0 && asked.gpus > free.gpus) {
        const auto gpus = std::max<std::int64_t>(0, free.gpus);
        way.push_back(fact("ASK_GPUS", fmt::format("gpus <= {}", gpus), {{"gpus", gpus}}));
    }
    const bool is_possible = free.vcpu >= MilliVcpu{250} && free.memory >= MiB{4};
    return is_possible ? way : Way{};
}

std::string describe_missing(const model::Resources& asked, const model::Resources& free) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (asked.vcpu > free.vcpu) {
        add(fmt::format("{} vCPUs", to_vcpus(asked.vcpu - free.vcpu)));
    }
    if (asked.memory > free.memory) add(fmt::format("{} MiB", (asked.memory - free.memory).value));
    if (asked.gpus > 0 && asked.gpus > free.gpus)
        add(fmt::format("{} GPUs", asked.gpus - free.gpus));
    return text;
}

Way free_room(const State& state, const Host& host, const model::Resources& asked) {
    const auto free = free_of(host);
    const auto chosen = fewest(
        attempts_on(state, host), free,
        [&](const Job& job) { return state.shape(job.shape).resources; },
        [&](const model::Resources& sum) { return asked.fits_in(sum); });
    if (chosen.empty()) return {};
    return {fact("FREED",
                 fmt::format("{} are freed on host {} ({})", describe_missing(asked, free),
                             host.name, names_of(chosen)),
                 {{"host", host.name}, {"jobs", ids_of(chosen)}})};
}

std::vector<Way> ways_onto(const State& state, const HostExplanation& shown,
                           const model::Resources& asked) {
    std::vector<Obstacle> others;
    std::ranges::remove_copy_if(shown.obstacles, std::back_inserter(others), is_shortage);
    auto ways = lift(others);
    if (others.size() == shown.obstacles.size()) return ways;
    const Host& host = state.host(*state.find_host(shown.name));
    std::vector<Way> room;
    if (auto less = ask_less(asked, shown.free); !less.empty()) room.push_back(std::move(less));
    if (auto freed = free_room(state, host, asked); !freed.empty()) {
        room.push_back(std::move(freed));
    }
    return combine(ways, room);
}

// Several hosts at once

std::vector<Way> ways_onto_hosts(const State& state, const Shape& shape,
                                 const EnvironmentExplanation& environment) {
    std::vector<Room> open;
    std::vector<Room> empty;
    std::string names;
    for (const auto& shown : environment.hosts) {
        const HostIndex host = *state.find_host(shown.name);
        if (!std::ranges::all_of(shown.obstacles, is_shortage)) continue;
        open.push_back({.host = host, .free = shown.free});
        empty.push_back({.host = host, .free = shown.total});
        names += (names.empty() ? "" : ", ") + shown.name;
    }
    if (!assign(shape, open).empty()) return {{}};
    std::vector<Way> ways;
    for (const auto& shown : environment.hosts) {
        if (std::ranges::all_of(shown.obstacles, is_shortage)) continue;
        auto more = open;
        more.push_back({.host = *state.find_host(shown.name), .free = shown.free});
        if (assign(shape, more).empty()) continue;
        std::vector<Obstacle> closed;
        std::ranges::remove_copy_if(shown.obstacles, std::back_inserter(closed), is_shortage);
        for (Way& way : lift(closed)) ways.push_back(std::move(way));
    }
    if (!assign(shape, empty).empty()) {
        ways.push_back({fact("FREED",
                             "the hosts " + names +
                                 " have enough room for all nodes at once: "
                                 "their present jobs have ended",
                             {{"hosts", names}})});
    }
    return ways;
}

/// An instance may come.
std::vector<Way> ways_onto_instance(const EnvironmentExplanation& environment,
                                    const model::Resources& asked) {
    if (!environment.elastic) return {};
    const auto& elastic = *environment.elastic;
    if (elastic.unserved.starts_with("MISCONFIGURATION")) return {};
    std::string text = fmt::format("an instance with room for {} is up in environment {}",
                                   to_string(asked), environment.name);
    if (elastic.booting + elastic.launching > 0) {
        text +=
            fmt::format(" ({} boot, {} are being launched)", elastic.booting, elastic.launching);
    }
    return {{fact("INSTANCE", std::move(text), {{"computeEnvironment", environment.name}})}};
}

/// What suffices for one counts, not more of the same.
bool is_covered(const Way& way, const std::vector<Counterfactual>& known) {
    const auto has = [&](const Fact& change) {
        return std::ranges::find(way, change.text, &Fact::text) != way.end();
    };
    return std::ranges::any_of(known, [&](const Counterfactual& other) {
        return std::ranges::all_of(other.changes, has);
    });
}

std::vector<Way> all_ways(const State& state, const Shape& shape, const Explanation& out) {
    std::vector<Way> all;
    for (const auto& environment : out.environments) {
        std::vector<Way> places;
        const auto add = [&](std::vector<Way> ways) {
            std::ranges::move(ways, std::back_inserter(places));
        };
        if (shape.nodes.empty()) {
            for (const auto& host : environment.hosts) {
                add(ways_onto(state, host, shape.resources));
            }
        } else {
            add(ways_onto_hosts(state, shape, environment));
        }
        add(ways_onto_instance(environment, shape.resources));
        for (Way& way : combine(lift(environment.obstacles), places)) {
            all.push_back(std::move(way));
        }
    }
    return combine(lift(out.obstacles), all);
}

// Consumable resources

Obstacle no_such_resource(const model::ConsumableNeed& need) {
    return {.fact = fact("CONSUMABLE_RESOURCE",
                         "consumable resource '" + need.name + "' does not exist",
                         {{"consumableResource", need.name}, {"asked", need.quantity}}),
            .remedies = {fact("CONSUMABLE_RESOURCE",
                              fmt::format("consumable resource '{}' exists, with {} units",
                                          need.name, need.quantity),
                              {{"consumableResource", need.name}})}};
}

Obstacle beyond_max_running(const model::ConsumableNeed& need, std::vector<const Job*> holders) {
    const std::string definition = need.name.substr(need.name.find('/') + 1);
    const auto most = need.limit;
    sort_by_end(holders);
    if (!holders.empty()) holders.resize(1);
    return {.fact = fact("MAX_RUNNING",
                         fmt::format("{} jobs of definition {} may run at once (maxRunning)", most,
                                     definition),
                         {{"jobDefinition", definition}, {"maxRunning", most}}),
            .remedies = {fact("MAX_RUNNING",
                              fmt::format("one of the running jobs of definition {} ends ({})",
                                          definition, names_of(holders)),
                              {{"jobs", ids_of(holders)}})}};
}

std::vector<const Job*> holders_of_enough(const State& state, const std::string& resource,
                                          std::vector<const Job*> holders, std::int64_t missing) {
    const auto held = [&](const Job& job) {
        const auto& needs = state.shape(job.shape).consumables;
        return std::ranges::find(needs, resource, &model::ConsumableNeed::name)->quantity;
    };
    return fewest(std::move(holders), std::int64_t{0}, held,
                  [&](std::int64_t sum) { return sum >= missing; });
}

}  // namespace

std::vector<const Job*> holders_of(const State& state, const std::string& resource) {
    std::set<std::uint32_t> indexes;  // of nodes the whole job, which alone asks
    const auto asks = [&](const Job& job) {
        const auto& needs = state.shape(job.shape).consumables;
        return std::ranges::find(needs, resource, &model::ConsumableNeed::name) != needs.end();
    };
    for (const Host& host : state.hosts) {
        for (const JobIndex index : host.attempts) {
            const JobIndex whole = state.job(index).node_of.value_or(index);
            if (asks(state.job(whole))) indexes.insert(whole.value);
        }
    }
    std::vector<const Job*> jobs;
    for (const auto index : indexes) jobs.push_back(&state.jobs[index]);
    return jobs;
}

Obstacle missing_units(const State& state, const model::ConsumableNeed& need,
                       const std::vector<const Job*>& holders) {
    const std::int64_t left = std::max<std::int64_t>(0, left_of(state, need));
    if (need.limit > 0) return beyond_max_running(need, holders);
    const auto found = state.consumables.find(need.name);
    if (found == state.consumables.end()) return no_such_resource(need);
    const auto& document = found->second.document;
    const std::int64_t total = document.total_quantity;
    const std::int64_t missing = need.quantity - left_of(state, need);
    Obstacle out{.fact = fact("CONSUMABLE_RESOURCE",
                              fmt::format("asks for {} of consumable resource '{}'; {} of {} are "
                                          "available, {} jobs hold some",
                                          need.quantity, need.name, left, total, holders.size()),
                              {{"consumableResource", need.name},
                               {"asked", need.quantity},
                               {"available", left},
                               {"total", total},
                               {"holders", std::ssize(holders)}}),
                 .remedies = {}};
    if (left > 0) {
        out.remedies.push_back(fact("ASK_UNITS",
                                    fmt::format("units of '{}' <= {}", need.name, left),
                                    {{"consumableResource", need.name}, {"units", left}}));
    }
    const bool come_back = document.resource_type != "NON_REPLENISHABLE";
    const auto chosen = come_back ? holders_of_enough(state, need.name, holders, missing)
                                  : std::vector<const Job*>{};
    if (!chosen.empty()) {
        out.remedies.push_back(fact("CONSUMABLE_RESOURCE",
                                    fmt::format("{} units of '{}' are given back ({})", missing,
                                                need.name, names_of(chosen)),
                                    {{"units", missing}, {"jobs", ids_of(chosen)}}));
    }
    out.remedies.push_back(fact("CONSUMABLE_RESOURCE",
                                fmt::format("consumable resource '{}' has {} units more, {} in all",
                                            need.name, missing, total + missing),
                                {{"units", missing}}));
    return out;
}

Obstacle beyond_reservation(const State& state, const Job& job, MilliVcpu usable) {
    const Queue& queue = state.queue(job.queue);
    const MilliVcpu asked = vcpus_of(state, job);
    Obstacle out{
        .fact = fact("COMPUTE_RESERVATION",
                     fmt::format("computeReservation leaves {} vCPUs to the active shares, which "
                                 "hold {}; the job asks for {}",
                                 to_vcpus(usable), to_vcpus(queue.used), to_vcpus(asked)),
                     {{"usable", to_vcpus(usable)},
                      {"used", to_vcpus(queue.used)},
                      {"asked", to_vcpus(asked)}}),
        .remedies = {}};
    if (queue.used < usable) out.remedies.push_back(ask_vcpus(usable - queue.used));
    auto jobs = attempts_where(
        state, [&](const Job& one) { return one.queue.value == job.queue.value && !one.node_of; });
    // A queue that holds nothing may run one job of any size.
    const MilliVcpu missing = std::min(queue.used + asked - usable, queue.used);
    auto freed = freed_vcpus(state, std::move(jobs), missing, "COMPUTE_RESERVATION",
                             "by jobs of queue " + queue.row.document.job_queue_name);
    if (freed) out.remedies.push_back(std::move(*freed));
    return out;
}

Obstacle beyond_limit(const State& state, const Job& job, const Environment& environment) {
    const std::string& name = environment.row.document.compute_environment_name;
    const MilliVcpu limit = *vcpu_limit(environment);
    const MilliVcpu asked = vcpus_of(state, job);
    const bool is_elastic_one = is_elastic(environment.row.document);
    const MilliVcpu used = is_elastic_one ? MilliVcpu{} : environment.used;
    Obstacle out{.fact = fact("MAX_VCPUS",
                              fmt::format("environment {} uses {} of maxvCpus {}; the job asks for "
                                          "{}{}",
                                          name, to_vcpus(used), to_vcpus(limit), to_vcpus(asked),
                                          asked > limit ? ": it never fits here" : ""),
                              {{"asked", to_vcpus(asked)},
                               {"free", to_vcpus(limit - used)},
                               {"total", to_vcpus(limit)},
                               {"wouldEverFit", asked <= limit}}),
                 .remedies = {}};
    if (used < limit) out.remedies.push_back(ask_vcpus(limit - used));
    if (asked <= limit) {
        auto jobs = attempts_where(state, [&](const Job& one) {
            return &state.environment(one.run->environment) == &environment;
        });
        auto freed = freed_vcpus(state, std::move(jobs), used + asked - limit, "MAX_VCPUS",
                                 "in environment " + name);
        if (freed) out.remedies.push_back(std::move(*freed));
    }
    const std::int64_t needed = (used + asked).value;
    const std::int64_t whole = (needed + 999) / 1000;
    out.remedies.push_back(
        fact("MAX_VCPUS", fmt::format("maxvCpus of environment {} is at least {}", name, whole),
             {{"computeEnvironment", name}, {"maxvCpus", whole}}));
    return out;
}

void add_counterfactuals(const State& state, const Job& job, Explanation& out) {
    std::vector<Way> ways;
    if (out.dependencies.empty()) {
        ways = all_ways(state, state.shape(job.shape), out);
    } else {
        // Whoever is waited for may give room, too: where the job then fits is not known yet.
        std::vector<Obstacle> dependencies(
            out.obstacles.begin(),
            out.obstacles.begin() + static_cast<std::ptrdiff_t>(out.dependencies.size()));
        ways = lift(dependencies);
    }
    std::multimap<std::pair<std::size_t, std::ptrdiff_t>, Way> by_cost;
    for (Way& way : ways) {
        by_cost.emplace(std::pair(way.size(), std::ranges::count_if(way, is_own)), std::move(way));
    }
    for (auto& [_, way] : by_cost) {
        if (way.empty() || is_covered(way, out.would_start_if)) continue;
        const bool is_own_alone = std::ranges::all_of(way, is_own);
        out.would_start_if.push_back({.changes = std::move(way), .is_own = is_own_alone});
        if (out.would_start_if.size() == kMostCounterfactuals) break;
    }
}

}  // namespace batchd::core
