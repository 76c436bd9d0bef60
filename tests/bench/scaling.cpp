// What the scaling plan costs, in dollars and in time.
//
// The bound is the optimum (to half a percent, from below) of the linear relaxation in which
// instances are bought by fractions and jobs may be cut: no plan can be cheaper. Best fit is AWS's
// documented BEST_FIT_PROGRESSIVE: each job into an instance that is open, else into a new one of
// the type that is cheapest per vCPU among those large enough, here written down anew, job by job.
#include "batchd/model/instance_catalogue.hpp"
#include "core/scaling/relaxation.hpp"
#include "latencies.hpp"
#include "sections.hpp"
#include "workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace batchd::bench {
namespace {

constexpr std::uint32_t kSeeds = 25;
constexpr std::size_t kTypes = 300;

Result<core::ScalingEnvironment> make_environment() {
    const std::vector<std::string> families{
        "g4dn", "g5",    "g6",  "p3",  "p4d", "m5",   "c5",   "r5",   "m5a",  "c5a",
        "r5a",  "m6i",   "c6i", "r6i", "m6a", "c6a",  "r6a",  "m7i",  "c7i",  "r7i",
        "m7a",  "c7a",   "r7a", "t3",  "i4i", "m6id", "c6id", "r6id", "m6in", "r6in",
        "c6in", "x2idn", "z1d", "m5d", "c5d", "r5d",  "r6idn"};
    static const auto catalogue = model::InstanceCatalogue::embedded();
    const auto types = catalogue.expand(families);
    if (!types) return std::unexpected(types.error());
    core::ScalingEnvironment environment{.name = "bench",
                                         .strategy = core::AllocationStrategy::BestFitProgressive,
                                         .max_vcpus = 100'000'000,
                                         .offers = {},
                                         .instances = {}};
    for (const auto& [type, priority] : *types) {
        if (environment.offers.size() == kTypes) break;
        environment.offers.push_back({.type = type->name,
                                      .zone = "us-east-1a",
                                      .capacity = usable_resources(*type),
                                      .price = type->price});
    }
    if (environment.offers.size() < kTypes) {
        return fail(ErrorKind::Internal, fmt::format("only {} types", environment.offers.size()));
    }
    return environment;
}

core::ScalingInput make_input(const core::ScalingEnvironment& environment,
                              std::vector<core::ScalingDemand> demands) {
    std::erase_if(demands, [&](const core::ScalingDemand& demand) {
        return std::ranges::none_of(environment.offers, [&](const core::ScalingOffer& offer) {
            return demand.resources.fits_in(offer.capacity);
        });
    });
    return {.now = {}, .environments = {environment}, .demands = std::move(demands)};
}

double lower_bound(const core::ScalingInput& input) {
    std::vector<core::scaling::Item> items;
    std::vector<core::scaling::Bin> bins;
    for (const auto& demand : input.demands) {
        items.push_back({.need = core::scaling::amounts(demand.resources), .count = demand.count});
    }
    for (const auto& offer : input.environments[0].offers) {
        bins.push_back(
            {.capacity = core::scaling::amounts(offer.capacity), .price = offer.price.value});
    }
    return core::scaling::relax(items, bins).bound;
}

const core::ScalingOffer& cheapest_per_vcpu(const core::ScalingEnvironment& environment,
                                            const model::Resources& job) {
    const core::ScalingOffer* best = nullptr;
    const auto rank = [](const core::ScalingOffer& offer) {
        const auto per_vcpu =
            static_cast<double>(offer.price.value) / static_cast<double>(offer.capacity.vcpu.value);
        return std::pair(std::round(per_vcpu * 1e6), offer.price);
    };
    for (const auto& offer : environment.offers) {
        if (!job.fits_in(offer.capacity)) continue;
        if (!best || rank(offer) < rank(*best)) best = &offer;
    }
    return *best;
}

double best_fit_cost(const core::ScalingInput& input) {
    std::vector<model::Resources> open;  // what is free
    double cost = 0;
    for (const auto& demand : input.demands) {
        const auto& type = cheapest_per_vcpu(input.environments[0], demand.resources);
        std::size_t first = 0;  // none before it takes such a job
        for (std::int64_t i = 0; i < demand.count; ++i) {
            while (first < open.size() && !demand.resources.fits_in(open[first])) ++first;
            if (first == open.size()) {
                open.push_back(type.capacity);
                cost += static_cast<double>(type.price.value);
            }
            open[first] -= demand.resources;
        }
    }
    return cost;
}

struct Ratios {
    std::vector<double> to_bound;
    std::vector<double> to_best_fit;

    static double median(std::vector<double> values) {
        std::ranges::sort(values);
        return values[values.size() / 2];
    }
};

Result<> measure_cost(const core::ScalingEnvironment& environment, Report& report) {
    for (int w = 0; w < kWorkloads; ++w) {
        const auto workload = static_cast<Workload>(w);
        Ratios ratios;
        for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
            const auto input = make_input(environment, generate(workload, seed));
            const auto plan = core::plan_scaling(input);
            if (!plan.unserved.empty()) {
                return fail(ErrorKind::Internal, fmt::format("seed {}: jobs are left", seed));
            }
            const auto cost = static_cast<double>(core::cost_of(plan).value);
            ratios.to_bound.push_back(cost / lower_bound(input));
            ratios.to_best_fit.push_back(cost / best_fit_cost(input));
        }
        const auto name = "scaling cost, " + to_string(workload);
        report.add(
            {name + ", to the bound, median", Ratios::median(ratios.to_bound), "×", below(1.15)});
        report.add({name + ", to best fit, median", Ratios::median(ratios.to_best_fit), "×"});
        report.add({name + ", to best fit, worst", std::ranges::max(ratios.to_best_fit), "×",
                    below(1.000'001)});
    }
    return {};
}

void measure_time(const core::ScalingEnvironment& environment, Report& report) {
    Latencies times;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        const auto input = make_input(environment, generate_many(seed));
        const auto start = SteadyClock::now();
        const auto plan = core::plan_scaling(input);
        times.add(SteadyClock::now() - start);
    }
    const std::string name = "scaling plan of 100,000 jobs, 50 shapes, 300 types";
    report.add({name + ", p50", times.percentile_ms(0.5), "ms"});
    report.add({name + ", worst", times.percentile_ms(1), "ms", below(50)});
}

}  // namespace

Result<> measure_scaling(const Setup&, Report& report) {
    const auto environment = make_environment();
    if (!environment) return std::unexpected(environment.error());
    BATCHD_TRY(measure_cost(*environment, report));
    measure_time(*environment, report);
    return {};
}

}  // namespace batchd::bench
