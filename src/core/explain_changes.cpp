#include "core/explain_changes.hpp"

#include "core/decisions.hpp"
#include "core/explain_holders.hpp"
#include "core/explain_shortages.hpp"
#include "core/fitting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

namespace batchd::core {
namespace {

constexpr std::size_t kMostCounterfactuals = 8;

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

}  // namespace

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
