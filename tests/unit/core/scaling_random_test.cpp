// Random fleets and demands: what must hold of every plan. A failure prints its seed.
#include "unit/core/scaling_builders.hpp"

#include <map>
#include <random>
#include <set>

namespace batchd::core::test {
namespace {

class World {
  public:
    explicit World(std::uint32_t seed) : random_(seed) {
        made.now = kNow;
        const int environments = 1 + pick(3);
        for (int e = 0; e < environments; ++e) made.environments.push_back(an_environment(e));
        const int demands = pick(12);
        for (int d = 0; d < demands; ++d) made.demands.push_back(a_demand(environments));
    }

    ScalingInput made;

  private:
    int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return pick(n) == 0; }

    ScalingEnvironment an_environment(int number) {
        auto e = environment();
        e.name = "e" + std::to_string(number);
        e.offers.clear();
        e.is_enabled = !one_in(8);
        e.is_spot = one_in(2);
        e.strategy = static_cast<AllocationStrategy>(pick(6));
        e.max_vcpus = pick(4) == 0 ? pick(20) : 20 + pick(500);
        e.min_vcpus = one_in(3) ? pick(static_cast<int>(e.max_vcpus) + 1) : 0;
        e.raised_vcpus = one_in(4) ? pick(static_cast<int>(e.max_vcpus) + 1) : 0;
        const int offers = pick(10);
        for (int i = 0; i < offers; ++i) e.offers.push_back(an_offer(i));
        std::int64_t vcpus = 0;
        while (!one_in(4)) {
            e.instances.push_back(an_instance(static_cast<int>(e.instances.size())));
            vcpus += e.instances.back().capacity.vcpu.value / 1000;
            if (vcpus > e.max_vcpus) e.instances.pop_back();
            if (vcpus > e.max_vcpus) break;
        }
        return e;
    }

    ScalingOffer an_offer(int number) {
        const int vcpus = 1 << pick(7);
        auto made_offer = offer("t" + std::to_string(number % 6), vcpus, vcpus * (3 + pick(9)),
                                vcpus * 1024 * (1 << pick(5)));
        // The same type has the same size in all zones.
        if (const auto known = sizes_.find(made_offer.type); known != sizes_.end()) {
            made_offer.capacity = known->second;
        }
        if (one_in(5) && !sizes_.contains(made_offer.type)) made_offer.capacity.gpus = 1 << pick(3);
        sizes_.emplace(made_offer.type, made_offer.capacity);
        made_offer.zone = "z" + std::to_string(number);
        made_offer.priority = pick(4);
        made_offer.capacity_score = pick(11);
        if (one_in(4)) made_offer.blocked_until = kNow + std::chrono::minutes{pick(60) - 10};
        return made_offer;
    }

    ScalingInstance an_instance(int number) {
        auto made_instance = instance("i" + std::to_string(number), 1 << pick(6),
                                      static_cast<InstancePhase>(pick(3)));
        made_instance.is_draining = one_in(6);
        made_instance.has_run_job = one_in(2);
        made_instance.since = kNow - std::chrono::minutes{pick(12)};
        if (made_instance.phase == InstancePhase::Busy && one_in(2)) {
            made_instance.free = {.vcpu = MilliVcpu{made_instance.capacity.vcpu.value / 2},
                                  .memory = MiB{made_instance.capacity.memory.value / 3}};
        }
        return made_instance;
    }

    ScalingDemand a_demand(int environments) {
        const std::int64_t vcpu = 250LL << pick(8);
        const model::Resources each{.vcpu = MilliVcpu{vcpu},
                                    .memory = MiB{128 + vcpu * (1 + pick(12))},
                                    .gpus = one_in(6) ? 1 + pick(4) : 0};
        auto made_demand = one_in(5) ? gang(1 + pick(5), each, 1 + pick(3))
                                     : demand(1 + (one_in(4) ? pick(3000) : pick(40)), each);
        made_demand.environments.clear();
        for (int e = 0; e < environments; ++e) {
            if (!one_in(3)) made_demand.environments.push_back(static_cast<std::uint32_t>(e));
        }
        return made_demand;
    }

    std::mt19937 random_;
    std::map<std::string, model::Resources> sizes_;
};

std::int64_t vcpus_of(const model::Resources& resources) { return resources.vcpu.value / 1000; }

bool may_pass(const ScalingEnvironment& e) {
    return e.strategy != AllocationStrategy::BestFit || e.is_spot;
}

bool is_open(const ScalingOffer& offer) {
    return !offer.blocked_until || *offer.blocked_until <= kNow;
}

const ScalingOffer* offer_of(const ScalingInput& input, const Launch& launch) {
    for (const auto& offer : input.environments[launch.environment].offers) {
        if (offer.type == launch.type && offer.zone == launch.zone) return &offer;
    }
    return nullptr;
}

struct Totals {
    std::int64_t running = 0;
    std::int64_t draining = 0;
    std::int64_t launched = 0;
    std::int64_t launched_for_jobs = 0;
    std::int64_t largest = 0;  ///< instance that is launched
};

Totals totals(const ScalingInput& input, const ScalingPlan& plan, std::uint32_t e) {
    Totals t;
    for (const auto& i : input.environments[e].instances) {
        t.running += vcpus_of(i.capacity);
        if (i.is_draining) t.draining += vcpus_of(i.capacity);
    }
    for (const auto& launch : plan.launches) {
        if (launch.environment != e) continue;
        const auto each = vcpus_of(offer_of(input, launch)->capacity);
        t.launched += each * launch.count;
        if (launch.cause == LaunchCause::Demand) t.launched_for_jobs += each * launch.count;
        t.largest = std::max(t.largest, each);
    }
    return t;
}

void check_launches(const ScalingInput& input, const ScalingPlan& plan) {
    std::set<std::tuple<std::uint32_t, std::string, std::string, LaunchCause>> calls;
    for (const auto& launch : plan.launches) {
        EXPECT_TRUE(
            calls.emplace(launch.environment, launch.type, launch.zone, launch.cause).second);
        EXPECT_GT(launch.count, 0);
        EXPECT_FALSE(launch.why.empty());
        const auto* offer = offer_of(input, launch);
        ASSERT_TRUE(offer);
        EXPECT_TRUE(is_open(*offer));
        EXPECT_EQ(launch.cause == LaunchCause::Demand, !launch.serves.empty());
        model::Resources sum;
        for (const auto& [d, jobs] : launch.serves) {
            EXPECT_GT(jobs, 0);
            const auto& wanted = input.demands[d];
            EXPECT_EQ(std::ranges::count(wanted.environments, launch.environment), 1);
            const auto& each = wanted.nodes.empty() ? wanted.resources : wanted.nodes[0].resources;
            EXPECT_TRUE(each.fits_in(offer->capacity));
            sum += {.vcpu = MilliVcpu{each.vcpu.value * jobs},
                    .memory = MiB{each.memory.value * jobs},
                    .gpus = each.gpus * static_cast<std::int32_t>(jobs)};
        }
        EXPECT_TRUE(
            sum.fits_in({.vcpu = MilliVcpu{offer->capacity.vcpu.value * launch.count},
                         .memory = MiB{offer->capacity.memory.value * launch.count},
                         .gpus = offer->capacity.gpus * static_cast<std::int32_t>(launch.count)}));
        EXPECT_LE(launch.alternatives.size(), 4U);
    }
}

void check_limits(const ScalingInput& input, const ScalingPlan& plan) {
    for (std::uint32_t e = 0; e < input.environments.size(); ++e) {
        const auto& environment = input.environments[e];
        const auto t = totals(input, plan, e);
        const auto after = t.running + t.launched;
        if (!may_pass(environment)) {
            EXPECT_LE(after, environment.max_vcpus);
        } else if (t.launched > 0) {
            EXPECT_LT(after - t.largest, environment.max_vcpus);
        }
        if (!environment.is_enabled) EXPECT_EQ(t.launched_for_jobs, 0);
        const auto floor =
            std::max(environment.min_vcpus, environment.is_enabled ? environment.raised_vcpus : 0);
        if (t.launched > t.launched_for_jobs) {
            EXPECT_LT(t.running - t.draining + t.launched_for_jobs, floor);
        }
        EXPECT_GE(plan.targets.at(e).desired_vcpus, environment.min_vcpus);
        EXPECT_LE(plan.targets[e].desired_vcpus, environment.max_vcpus);
    }
}

/// What fits and may be launched is launched.
void check_unserved(const ScalingInput& input, const ScalingPlan& plan) {
    for (const auto& left : plan.unserved) {
        const auto& wanted = input.demands[left.demand];
        if (!wanted.nodes.empty()) continue;
        for (const auto e : wanted.environments) {
            const auto& environment = input.environments[e];
            if (!environment.is_enabled || wanted.resources.vcpu > vcpus(environment.max_vcpus) ||
                environment.strategy == AllocationStrategy::BestFit) {
                continue;
            }
            const auto t = totals(input, plan, e);
            for (const auto& offer : environment.offers) {
                if (!is_open(offer) || !wanted.resources.fits_in(offer.capacity)) continue;
                EXPECT_GE(t.running + t.launched, environment.max_vcpus) << offer.type;
            }
        }
        EXPECT_EQ(left.cause == UnservedCause::Blocked, left.until.has_value());
        if (left.until) EXPECT_GT(*left.until, kNow);
    }
}

/// Every job is on an instance that is there, on one that is launched, or unserved.
void check_jobs(const ScalingInput& input, const ScalingPlan& plan) {
    std::map<std::uint32_t, std::int64_t> found;
    for (const auto& launch : plan.launches) {
        for (const auto& [d, jobs] : launch.serves) found[d] += jobs;
    }
    for (const auto& left : plan.unserved) {
        EXPECT_GT(left.jobs, 0);
        std::int64_t nodes = 0;
        for (const auto& group : input.demands[left.demand].nodes) nodes += group.count;
        found[left.demand] += left.jobs * std::max<std::int64_t>(nodes, 1);
    }
    for (std::uint32_t d = 0; d < input.demands.size(); ++d) {
        const auto& wanted = input.demands[d];
        const auto nodes = wanted.nodes.empty() ? 1 : wanted.nodes[0].count;
        const auto& each = wanted.nodes.empty() ? wanted.resources : wanted.nodes[0].resources;
        std::int64_t room = 0;
        for (const auto e : wanted.environments) {
            for (const auto& i : input.environments[e].instances) {
                if (i.is_draining || !input.environments[e].is_enabled) continue;
                for (auto free = i.free; each.fits_in(free); free -= each) ++room;
            }
        }
        EXPECT_LE(found[d], wanted.count * nodes);
        EXPECT_GE(found[d] + room, wanted.count * nodes);
    }
}

void check_terminations(const ScalingInput& input, const ScalingPlan& plan) {
    for (std::uint32_t e = 0; e < input.environments.size(); ++e) {
        const auto& environment = input.environments[e];
        std::int64_t kept = 0;
        std::int64_t gone = 0;
        for (const auto& i : environment.instances) {
            const bool goes = std::ranges::any_of(plan.terminations, [&](const Termination& t) {
                return t.environment == e && t.instance == i.id;
            });
            if (!goes && !i.is_draining) kept += vcpus_of(i.capacity);
            if (!goes) continue;
            EXPECT_NE(i.phase, InstancePhase::Busy);
            if (i.is_draining) continue;
            gone += vcpus_of(i.capacity);
            EXPECT_EQ(i.phase, InstancePhase::Idle);
            EXPECT_LE(i.since + input.idle_delay, kNow);
        }
        if (gone > 0) EXPECT_GE(kept, environment.min_vcpus);
    }
}

TEST(ScalingPlans, HoldWhatTheyMust) {
    for (std::uint32_t seed = 0; seed < 1500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const World world(seed);
        const auto plan = plan_scaling(world.made);
        check_launches(world.made, plan);
        check_limits(world.made, plan);
        check_unserved(world.made, plan);
        check_jobs(world.made, plan);
        check_terminations(world.made, plan);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(ScalingPlans, AreTheSameForTheSameInput) {
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
        const World world(seed);
        EXPECT_EQ(launches(plan_scaling(world.made)), launches(plan_scaling(world.made)));
    }
}

/// Once what was launched is up, nothing more is launched, and nothing goes before its delay.
TEST(ScalingPlans, Settle) {
    std::int64_t first_cost = 0;
    std::int64_t second_cost = 0;
    for (std::uint32_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed);
        std::erase_if(world.made.demands, [](const auto& d) { return !d.nodes.empty(); });
        const auto first = plan_scaling(world.made);
        if (!first.unserved.empty()) continue;
        first_cost += cost_of(first).value;
        for (const auto& launch : first.launches) {
            auto& instances = world.made.environments[launch.environment].instances;
            const auto capacity = offer_of(world.made, launch)->capacity;
            for (std::int64_t i = 0; i < launch.count; ++i) {
                instances.push_back({.id = "n" + std::to_string(instances.size()),
                                     .type = launch.type,
                                     .capacity = capacity,
                                     .free = capacity,
                                     .price = launch.price,
                                     .phase = InstancePhase::Booting,
                                     .since = kNow});
            }
        }
        const auto second = plan_scaling(world.made);
        for (const auto& launch : second.launches) {
            EXPECT_NE(launch.cause, LaunchCause::MinVcpus);
            EXPECT_NE(launch.cause, LaunchCause::DesiredVcpus);
        }
        second_cost += cost_of(second).value;
        for (const auto& t : second.terminations) EXPECT_NE(t.instance.front(), 'n');
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(first_cost, 0);
    // Instances are not filled as cleverly as they were chosen: now and then a job finds no room.
    EXPECT_LT(second_cost * 1000, first_cost);
}

}  // namespace
}  // namespace batchd::core::test
