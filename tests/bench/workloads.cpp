#include "workloads.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace batchd::bench {
namespace {

class Generator {
  public:
    explicit Generator(std::uint32_t seed) : random_(seed) {}

    core::ScalingDemand uniform() {
        const double vcpus = one_of({1, 2, 4, 8, 16});
        return demand(vcpus, vcpus * one_of({1, 2, 3, 4, 6, 8}), 0, up_to(400));
    }

    core::ScalingDemand heavy_tailed() {
        const double vcpus = std::clamp(std::round(log_normal() * 4) / 4, 0.25, 64.0);
        const double gib = std::clamp(vcpus * 2 * log_normal(), 0.125, 480.0);
        return demand(vcpus, gib, 0, 1 + static_cast<std::int64_t>(20 * log_normal()));
    }

    core::ScalingDemand small(std::int64_t most) {
        const double vcpus = one_of({0.25, 0.5, 1, 2, 4, 8});
        return demand(vcpus, vcpus * one_of({0.5, 1, 2, 4, 7}), 0, up_to(most));
    }

    core::ScalingDemand gpu() {
        const double gpus = one_of({1, 1, 1, 2, 4, 8});
        return demand(4 * gpus * one_of({0.5, 1}), gpus * one_of({8, 14, 30}),
                      static_cast<std::int32_t>(gpus), up_to(20));
    }

    std::int64_t up_to(std::int64_t most) {
        return 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most));
    }

  private:
    static core::ScalingDemand demand(double vcpus, double gib, std::int32_t gpus,
                                      std::int64_t count) {
        return {.resources = {.vcpu = MilliVcpu{static_cast<std::int64_t>(vcpus * 1000)},
                              .memory = MiB{static_cast<std::int64_t>(gib * 1024)},
                              .gpus = gpus},
                .count = count,
                .environments = {0}};
    }

    template <std::size_t n>
    double one_of(const double (&values)[n]) {
        return values[random_() % n];
    }
    double log_normal() { return std::lognormal_distribution<double>(0, 1.5)(random_); }

    std::mt19937_64 random_;
};

}  // namespace

std::string to_string(Workload workload) {
    static const std::array<std::string, kWorkloads> kNames{"uniform", "heavy-tailed", "burst",
                                                            "GPU mix"};
    return kNames[static_cast<std::size_t>(workload)];
}

std::vector<core::ScalingDemand> generate(Workload workload, std::uint32_t seed) {
    constexpr int kShapes = 50;
    Generator make(seed);
    std::vector<core::ScalingDemand> demands;
    const auto shapes = workload == Workload::Burst ? make.up_to(8) : kShapes;
    for (std::int64_t i = 0; i < shapes; ++i) {
        switch (workload) {
            case Workload::Uniform:
                demands.push_back(make.uniform());
                break;
            case Workload::HeavyTailed:
                demands.push_back(make.heavy_tailed());
                break;
            case Workload::Burst:
                demands.push_back(make.small(i == 0 ? 5000 : 20));
                break;
            case Workload::GpuMix:
                demands.push_back(i % 3 == 0 ? make.gpu() : make.uniform());
                break;
        }
    }
    return demands;
}

std::vector<core::ScalingDemand> generate_many(std::uint32_t seed) {
    constexpr std::int64_t kShapes = 50;
    constexpr std::int64_t kJobs = 100'000;
    Generator make(seed);
    std::vector<core::ScalingDemand> demands;
    for (std::int64_t i = 0; i < kShapes; ++i) {
        demands.push_back(i % 2 == 0 ? make.uniform() : make.heavy_tailed());
        demands.back().count = kJobs / kShapes;
    }
    return demands;
}

}  // namespace batchd::bench
