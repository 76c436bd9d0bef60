// The real engine on a cloud that launches too little, answers too late or never, and takes away
// what it gave: seeded as in simulation_test.cpp (BATCHD_SIM_SEED, BATCHD_SIM_SEEDS).
//
// Safety: the state's invariants hold, no host is overbooked, no attempt runs twice, and what runs
// in the cloud never exceeds maxvCpus by more than one instance. Liveness: when the faults stop,
// every job ends, and a while later no instance is left.
#include "batchd/engine/machine.hpp"
#include "fake_cloud.hpp"
#include "fake_docker.hpp"
#include "fake_store.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>

namespace batchd::sim {
namespace {

constexpr std::int32_t kMaxVcpus = 24;
constexpr std::int64_t kLargest = 8;  // of the types that are offered

class CloudSimulation {
  public:
    explicit CloudSimulation(std::uint64_t seed)
        : random_(seed), docker_(random_, {{"local", {}}}), cloud_(random_, docker_) {
        docker_.on_run = [this](const ports::StartAttempt& start) {
            EXPECT_EQ(docker_.runs[start.id], 1) << to_string(start.id) << " runs twice";
            EXPECT_TRUE(cloud_.instances.contains(start.host)) << "it runs on " << start.host;
        };
        boot();
        make_environment();
    }

    void run() {
        for (int i = 0; i < 200 && !::testing::Test::HasFailure(); ++i) act();
        quiet_down();
        for (int i = 0; i < 20'000 && !is_over() && !::testing::Test::HasFailure(); ++i) {
            now_ += Seconds{1};
            if (i % 100 == 0) repair();  // an error of a launch before may be told only now
            progress();
            step();
        }
        EXPECT_TRUE(is_over()) << describe();
    }

  private:
    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
    std::size_t below(std::size_t n) { return random_() % n; }

    void boot() {
        engine::Machine::Options options;
        options.hosts = {"local"};
        options.catalogue = cloud_.catalogue;
        machine_ =
            std::make_unique<engine::Machine>(options, store_, std::vector<ports::EventSink*>{});
        const auto started =
            machine_->start({.runtime = docker_, .capacity = cloud_}, now_, "uuid");
        ASSERT_TRUE(started) << started.error().message;
        for (const auto& name : docker_.connected) docker_.tell_host(name);
    }

    void make_environment() {
        model::ComputeEnvironment cloud;
        cloud.compute_environment_name = "cloud";
        cloud.type = "MANAGED";
        cloud.state = "ENABLED";
        auto& resources = cloud.compute_resources.emplace();
        resources.type = chance(0.5) ? "SPOT" : "EC2";
        resources.allocation_strategy =
            resources.type == "SPOT" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE";
        resources.minv_cpus = 0;
        resources.maxv_cpus = kMaxVcpus;
        resources.instance_types = {"c5.large", "c5.xlarge", "m5.xlarge", "m5.2xlarge"};
        resources.instance_role = "role";
        resources.subnets = {"subnet-1"};
        resources.security_group_ids = {"sg-1"};
        tell(core::CreateEnvironment{.document = cloud, .uuid = "uuid-of-cloud", .tags = {}});
        model::JobQueue queue;
        queue.job_queue_name = "cloud";
        queue.state = "ENABLED";
        queue.priority = 1;
        queue.compute_environment_order.push_back({.order = 1, .compute_environment = "cloud"});
        tell(core::CreateQueue{.document = queue, .tags = {}});
    }

    void tell(core::Event event) {
        std::vector<engine::Input> inputs;
        inputs.push_back({.event = std::move(event), .done = [](Result<core::Reply> reply) {
                              EXPECT_TRUE(reply) << reply.error().message;
                          }});
        machine_->step(std::move(inputs), now_);
    }

    void act() {
        now_ += Milliseconds{static_cast<std::int64_t>(below(20'000))};
        if (chance(0.4)) submit();
        if (chance(0.1)) repair();
        if (chance(0.03)) update();
        if (chance(0.05)) change_prices();
        if (chance(0.03)) {
            using enum FakeStore::Fault;
            store_.fault = store_.fault != None ? None : chance(0.5) ? Refuse : CommitButFail;
        }
        progress();
        if (chance(0.04)) {
            crash();
        } else if (chance(0.8)) {
            step();
        }
    }

    void progress() {
        docker_.now = now_;
        cloud_.now = now_;
        cloud_.progress();
        for (int i = 0; i < 3; ++i) docker_.progress();
    }

    void submit() {
        core::SubmitJob event;
        for (auto& byte : event.id.uuid.bytes) byte = static_cast<std::uint8_t>(random_());
        event.queue = "cloud";
        event.definition_name = "d";
        event.definition_revision = 1;
        auto& shape = event.traits.shape;
        shape.resources = {.vcpu = vcpus(1 + static_cast<std::int64_t>(below(4))),
                           .memory = MiB{500 + 1000 * static_cast<std::int64_t>(below(5))}};
        if (chance(0.2)) {
            shape.nodes = {{.count = 2, .resources = shape.resources}};
            shape.resources += shape.resources;
        }
        event.traits.attempts = 3;
        if (chance(0.2) && shape.nodes.empty()) event.traits.array_size = 5;
        inbox_.push_back({.event = std::move(event), .done = {}});
    }

    /// An operator updates the environment, without a change.
    void repair() {
        inbox_.push_back(
            {.event = core::UpdateEnvironment{.name = "cloud", .update = {}}, .done = {}});
    }

    /// An infrastructure update: what was launched before it goes.
    void update() {
        model::ComputeEnvironmentUpdate update;
        update.compute_resources.emplace().image_id = "ami-" + std::to_string(below(1000));
        update.update_policy = model::UpdatePolicy{
            .terminate_jobs_on_update = chance(0.3),
            .job_execution_timeout_minutes = 1 + static_cast<std::int64_t>(below(5))};
        inbox_.push_back(
            {.event = core::UpdateEnvironment{.name = "cloud", .update = update}, .done = {}});
    }

    void change_prices() {
        std::vector<model::SpotPrice> prices;
        for (const char* type : {"c5.large", "m5.xlarge"}) {
            prices.push_back({.type = type,
                              .zone = "subnet-1",
                              .price = model::MicroUsd{static_cast<std::int64_t>(below(200'000))}});
        }
        inbox_.push_back(
            {.event = core::OffersRefreshed{.types = {}, .spot_prices = std::move(prices)},
             .done = {}});
    }

    void step() {
        std::vector<engine::Input> inputs = std::exchange(inbox_, {});
        for (auto* news : {&cloud_.news, &docker_.news}) {
            for (auto& event : *news) {
                if (chance(0.05)) inputs.push_back({.event = event, .done = {}});  // told twice
                inputs.push_back({.event = std::move(event), .done = {}});
            }
            news->clear();
        }
        machine_->step(std::move(inputs), now_);
        check();
    }

    void crash() {
        docker_.process_is_dying = cloud_.process_is_dying = chance(0.5);
        if (chance(0.7)) step();
        inbox_.clear();
        machine_.reset();
        docker_.process_died();
        cloud_.process_died();
        store_.fault = FakeStore::Fault::None;
        boot();
    }

    void quiet_down() {
        store_.fault = FakeStore::Fault::None;
        docker_.failure_rate = 0;
        cloud_.failure_rate = 0;
        step();
        now_ += Seconds{2};
        step();
        repair();
    }

    void check() {
        const auto broken = core::broken_invariant(machine_->state());
        EXPECT_FALSE(broken) << *broken;
        for (const auto& [id, instance] : cloud_.instances) {
            if (!instance.is_up) continue;
            EXPECT_TRUE(docker_.used(id).fits_in(docker_.capacity.at(id)))
                << id << " is overbooked";
        }
        EXPECT_LE(cloud_.vcpus(), kMaxVcpus + kLargest) << "more runs than maxvCpus allows";
    }

    bool is_over() const {
        for (const auto& [seq, row] : store_.jobs) {
            if (!model::is_terminal(row.state.status)) return false;
        }
        return cloud_.instances.empty() && machine_->state().scaling.launches.empty() &&
               machine_->state().scaling.instances.empty() && store_.instances.empty() &&
               inbox_.empty();
    }

    std::string describe() const {
        std::string text = std::to_string(cloud_.instances.size()) + " instances";
        for (const auto& [seq, row] : store_.jobs) {
            if (model::is_terminal(row.state.status)) continue;
            text += "; " + to_string(row.id) + " " + std::string(to_string(row.state.status));
        }
        return text;
    }

    std::mt19937_64 random_;
    FakeStore store_;
    FakeDocker docker_;
    FakeCloud cloud_;
    std::unique_ptr<engine::Machine> machine_;
    Timestamp now_{};
    std::vector<engine::Input> inbox_;
};

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
    const char* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : fallback;
}

TEST(CloudSimulation, HoldsItsPromisesForEverySeed) {
    const std::uint64_t only = number_from("BATCHD_SIM_SEED", 0);
    const std::uint64_t last = only > 0 ? only : number_from("BATCHD_SIM_SEEDS", 1000);
    for (std::uint64_t seed = only > 0 ? only : 1; seed <= last; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        CloudSimulation(seed).run();
        if (::testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace batchd::sim
