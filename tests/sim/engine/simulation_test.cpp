// The real engine against a world that fails in every way that we know: seeded, so that a failure
// can be run again (BATCHD_SIM_SEED=n), thousands of times (BATCHD_SIM_SEEDS=n).
//
// Safety, after every step: the state's invariants hold, no host is overbooked, no attempt runs
// twice, nothing runs before its dependencies have succeeded. Liveness: when the faults stop, every
// acknowledged job ends, and neither containers nor open attempts are left.
//
// The same with 100,000 jobs (BATCHD_SIM_JOBS=n, BATCHD_SIM_LARGE_SEEDS=n), where what takes time
// with each job that is there is looked at only now and then.
#include "batchd/engine/machine.hpp"
#include "core/job_machine.hpp"
#include "fake_cloud.hpp"
#include "fake_docker.hpp"
#include "fake_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace batchd::sim {
namespace {

model::Resources resources(std::int64_t vcpu, std::int64_t memory, std::int32_t gpus = 0) {
    return {.vcpu = vcpus(vcpu), .memory = MiB{memory}, .gpus = gpus};
}

/// How large the world is.
struct Scale {
    std::size_t jobs = 0;     ///< acknowledged at the least; children of arrays count
    std::size_t users = 1;    ///< at the most, in one act
    std::int64_t factor = 1;  ///< hosts and licences are so many times as large and as busy
    std::size_t largest_array = 5;
    int check_every = 1;    ///< steps, for what looks at all jobs
    int quiet_acts = 5000;  ///< after the faults, at the most
};

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed, const Scale& scale = {})
        : random_(seed),
          scale_(scale),
          docker_(random_, {{"a", room(4, 400, 3)}, {"b", room(2, 200)}},
                  {{"c", room(4, 400)}, {"d", room(3, 300)}, {"e", room(2, 200)}}) {
        for (std::int64_t i = 0; i < 3 * scale_.factor; ++i) {
            docker_.gpus["a"].push_back("gpu" + std::to_string(i));
        }
        docker_.on_run = [this](const ports::StartAttempt& start) { check_run(start); };
        boot();
        make_resources();
    }

    void run() {
        for (int i = 0; (i < 250 || jobs_ < scale_.jobs) && !::testing::Test::HasFailure(); ++i) {
            act();
        }
        quiet_down();
        for (int i = 0; i < scale_.quiet_acts && !all_ended() && !::testing::Test::HasFailure();
             ++i) {
            now_ += Seconds{1};
            progress(1);
            step();
        }
        check_state();
        check_end();
    }

  private:
    /// Of a host.
    model::Resources room(std::int64_t vcpu, std::int64_t memory, std::int32_t gpus = 0) const {
        const auto factor = scale_.factor;
        return resources(factor * vcpu, factor * memory, static_cast<std::int32_t>(factor) * gpus);
    }

    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
    std::size_t below(std::size_t n) { return random_() % n; }

    void boot() {
        engine::Machine::Options options;
        options.policy.reserve_after = Seconds{30};
        options.hosts = {"a", "b"};
        machine_ =
            std::make_unique<engine::Machine>(options, store_, std::vector<ports::EventSink*>{});
        const auto started =
            machine_->start({.runtime = docker_, .capacity = no_cloud_}, now_, "uuid");
        ASSERT_TRUE(started) << started.error().message;
        for (const auto& [name, capacity] : docker_.capacity) docker_.tell_host(name);
    }

    /// A fair-share queue and one with hosts of its own beside the default one, and a consumable
    /// resource.
    void make_resources() {
        make_pool();
        model::SchedulingPolicy policy;
        policy.name = "fair";
        auto& fair = policy.fairshare_policy.emplace();
        fair.share_decay_seconds = 600;
        fair.compute_reservation = chance(0.5) ? 50 : 0;
        fair.share_distribution = {{.share_identifier = "s0", .weight_factor = 0.5}};
        tell(core::CreateSchedulingPolicy{.document = policy, .tags = {}});
        model::JobQueue queue;
        queue.job_queue_name = "fair";
        queue.state = "ENABLED";
        queue.priority = static_cast<std::int32_t>(below(3));
        queue.compute_environment_order.push_back({.order = 1, .compute_environment = "local"});
        queue.scheduling_policy_arn = "fair";
        tell(core::CreateQueue{.document = queue, .tags = {}});
        model::ConsumableResource licence{.consumable_resource_name = "licence",
                                          .total_quantity = licences(),
                                          .resource_type = "REPLENISHABLE"};
        tell(core::CreateConsumableResource{.document = licence, .tags = {}});
    }

    void make_pool() {
        model::ComputeEnvironment pool;
        pool.compute_environment_name = "pool";
        pool.type = "UNMANAGED";
        pool.state = "ENABLED";
        tell(core::CreateEnvironment{.document = pool, .uuid = "pool", .tags = {}});
        model::JobQueue queue;
        queue.job_queue_name = "pool";
        queue.state = "ENABLED";
        queue.priority = 1;
        queue.compute_environment_order.push_back({.order = 1, .compute_environment = "pool"});
        tell(core::CreateQueue{.document = queue, .tags = {}});
    }

    static model::Host a_host(const std::string& name) {
        model::Host host;
        host.name = name;
        host.url = "unix:///" + name;
        return host;
    }

    /// Hosts of `pool` come, drain and go; what cannot be is refused.
    void change_hosts() {
        const std::string name = kOwnHosts[below(kOwnHosts.size())];
        core::Event event = core::PutHost{.environment = "pool", .document = a_host(name)};
        switch (below(5)) {
            case 0:
                std::get<core::PutHost>(event).document.state = "ACTIVE";
                break;
            case 1:
                event = core::DrainHost{.environment = "pool", .host = name, .deadline = {}};
                if (chance(0.7)) {
                    std::get<core::DrainHost>(event).deadline =
                        now_ + Milliseconds{static_cast<std::int64_t>(below(30'000))};
                }
                break;
            case 2:
                event = core::DeleteHost{.environment = "pool", .host = name, .force = chance(0.5)};
                break;
            default:
                break;
        }
        inbox_.push_back({.event = std::move(event), .done = {}});
    }

    void tell(core::Event event) {
        std::vector<engine::Input> inputs;
        inputs.push_back({.event = std::move(event), .done = [](Result<core::Reply> reply) {
                              EXPECT_TRUE(reply) << reply.error().message;
                          }});
        machine_->step(std::move(inputs), now_);
    }

    void act() {
        now_ += Milliseconds{static_cast<std::int64_t>(below(5000))};
        docker_.now = now_;
        const auto users = below(scale_.users) + 1;
        for (std::size_t i = 0; i < users; ++i) act_as_user();
        if (chance(0.02)) docker_.toggle_host(chance(0.5) ? "a" : "b");
        if (chance(0.04)) docker_.toggle_host(kOwnHosts[below(kOwnHosts.size())]);
        if (chance(0.15)) change_hosts();
        if (chance(0.03)) toggle_disk();
        progress(3);
        if (chance(0.03)) {
            crash();
        } else if (chance(0.8)) {
            step();
        }
    }

    void act_as_user() {
        if (chance(0.4)) submit();
        if (chance(0.05)) end_some<core::CancelJob>();
        if (chance(0.05)) end_some<core::TerminateJob>();
    }

    void progress(std::int64_t times) {
        for (std::int64_t i = 0; i < times * scale_.factor; ++i) docker_.progress();
    }

    void submit() {
        core::SubmitJob event;
        event.id = model::JobId{.uuid = make_id()};
        event.queue = "default";
        event.definition_name = "d";
        event.definition_revision = 1;
        event.traits.shape.resources =
            resources(1 + static_cast<int>(below(4)), 50 + 50 * static_cast<int>(below(4)),
                      chance(0.3) ? 1 + static_cast<int>(below(2)) : 0);
        event.traits.attempts = 1 + static_cast<int>(below(3));
        if (chance(0.2)) event.traits.timeout = Seconds{60};
        if (chance(0.2)) {
            make_nodes(event.traits);
        } else if (chance(0.25)) {
            event.traits.array_size = array_size();
            if (chance(0.4)) {
                event.traits.sequence =
                    chance(0.5) ? model::Sequence::AfterOk : model::Sequence::AfterAny;
            }
        }
        if (chance(0.4)) {
            event.queue = "fair";
            event.traits.share = "s" + std::to_string(below(4));
            event.traits.scheduling_priority = static_cast<std::int32_t>(below(3));
        }
        if (event.queue == "default" && chance(0.4)) move_to_pool(event);
        if (chance(0.3)) {
            event.traits.shape.consumables = {
                {.name = "licence", .quantity = 1 + static_cast<std::int64_t>(below(2))}};
        }
        while (!acknowledged_.empty() && chance(0.4) && event.traits.depends_on.size() < 3) {
            event.traits.depends_on.push_back(some_dependency(event.traits.array_size));
        }
        traits_[event.id] = event.traits;
        const model::JobId id = event.id;
        inbox_.push_back({.event = std::move(event), .done = [this, id](Result<core::Reply> reply) {
                              if (reply) acknowledge(id);
                              // Nothing else is wrong with these requests.
                              if (!reply)
                                  EXPECT_EQ(reply.error().kind, ErrorKind::Unavailable)
                                      << reply.error().message;
                          }});
    }

    void acknowledge(const model::JobId& id) {
        acknowledged_.push_back(id);
        jobs_ += static_cast<std::size_t>(std::max(traits_.at(id).array_size, 1));
    }

    /// Most are small, so that there are others of the same size.
    std::int32_t array_size() {
        const std::size_t largest = chance(0.01) ? scale_.largest_array : 5;
        return 2 + static_cast<std::int32_t>(below(largest - 1));
    }

    /// Its hosts have no GPUs.
    static void move_to_pool(core::SubmitJob& event) {
        event.queue = "pool";
        auto& shape = event.traits.shape;
        shape.resources.gpus = 0;
        for (auto& group : shape.nodes) group.resources.gpus = 0;
    }

    /// Nodes that fit on the two hosts, node 1 being the main one.
    void make_nodes(model::JobTraits& traits) {
        auto& shape = traits.shape;
        shape.nodes = {
            {.count = 1,
             .resources = resources(1 + static_cast<int>(below(3)), 100, chance(0.3) ? 1 : 0)},
            {.count = 1 + static_cast<std::int32_t>(below(2)), .resources = resources(1, 50)}};
        shape.resources = {};
        for (std::int32_t i = 0; i < count_nodes(shape); ++i) {
            shape.resources += resources_of_node(shape, i);
        }
        traits.main_node = 1;
    }

    model::Dependency some_dependency(std::int32_t array_size) {
        model::Dependency dependency{.id = some_job()};
        const std::int32_t size = traits_.at(dependency.id).array_size;
        if (size > 0 && size == array_size && chance(0.7)) {
            dependency.kind = model::Dependency::Kind::NToN;
            return dependency;
        }
        if (size > 0 && chance(0.3)) dependency.id = some_child(dependency.id);
        using enum model::Dependency::Kind;
        constexpr std::array kKinds{AfterOk, AfterOk, AfterAny, AfterNotOk, AfterStart};
        dependency.kind = kKinds[below(kKinds.size())];
        return dependency;
    }

    model::JobId some_job() { return acknowledged_[below(acknowledged_.size())]; }
    model::JobId some_child(const model::JobId& array) {
        const auto size = static_cast<std::size_t>(traits_.at(array).array_size);
        return array.child(static_cast<std::int32_t>(below(size)));
    }

    template <class Event>
    void end_some() {
        if (acknowledged_.empty()) return;
        model::JobId id = some_job();
        if (traits_.at(id).array_size > 0 && chance(0.5)) id = some_child(id);
        inbox_.push_back({.event = Event{.id = id, .reason = "why"}, .done = {}});
    }

    void toggle_disk() {
        using enum FakeStore::Fault;
        constexpr std::array kFaults{Refuse, CommitButFail, NoReads};
        store_.fault = store_.fault != None ? None : kFaults[below(kFaults.size())];
    }

    void step() {
        std::vector<engine::Input> inputs = std::exchange(inbox_, {});
        // News come in order, but some only with the next step.
        const std::size_t told =
            docker_.news.size() - (chance(0.3) ? below(docker_.news.size() + 1) : 0);
        for (std::size_t i = 0; i < told; ++i) {
            inputs.push_back({.event = std::move(docker_.news[i]), .done = {}});
        }
        docker_.news.erase(docker_.news.begin(),
                           docker_.news.begin() + static_cast<std::ptrdiff_t>(told));
        machine_->step(std::move(inputs), now_);
        check();
    }

    /// SIGKILL: before the commit, between the commit and the actions, or after them.
    void crash() {
        docker_.process_is_dying = chance(0.5);
        if (chance(0.7)) step();
        inbox_.clear();
        machine_.reset();
        docker_.process_died();
        if (store_.fault != FakeStore::Fault::None) store_.fault = FakeStore::Fault::None;
        boot();
    }

    void quiet_down() {
        store_.fault = FakeStore::Fault::None;
        docker_.failure_rate = 0;
        docker_.gpus_are_steady = true;
        for (const auto& [host, capacity] : docker_.capacity) {
            docker_.up.insert(host);
            docker_.tell_host(host);
        }
        step();  // a state that could not be stored is rebuilt first
        now_ += Seconds{2};
        step();
        for (const char* host : kOwnHosts) restore_host(host);
    }

    /// However it was left: there, and taking jobs.
    void restore_host(const std::string& name) {
        inbox_.push_back(
            {.event = core::DeleteHost{.environment = "pool", .host = name, .force = true},
             .done = {}});
        inbox_.push_back({.event = core::PutHost{.environment = "pool", .document = a_host(name)},
                          .done = [](Result<core::Reply> reply) {
                              EXPECT_TRUE(reply) << reply.error().message;
                          }});
    }

    bool all_ended() const {
        return docker_.news.empty() && inbox_.empty() && docker_.containers.empty() &&
               machine_->published().get()->is_writable &&
               std::ranges::all_of(store_.jobs, [](const auto& entry) {
                   return model::is_terminal(entry.second.state.status);
               });
    }

    std::string describe_open() const {
        std::string text = std::to_string(docker_.news.size()) + " news, " +
                           std::to_string(docker_.containers.size()) + " containers";
        for (const auto& [seq, row] : store_.jobs) {
            if (model::is_terminal(row.state.status)) continue;
            text += "; " + to_string(row.id) + " " + std::string(to_string(row.state.status)) +
                    " attempt " + std::to_string(row.state.attempt) +
                    (row.state.is_terminated ? " terminated" : "");
        }
        return text;
    }

    void check_state() {
        const auto broken = core::broken_invariant(machine_->state());
        EXPECT_FALSE(broken) << *broken;
    }

    void check() {
        if (++steps_ % scale_.check_every == 0) check_state();
        for (const auto& [host, capacity] : docker_.capacity) {
            EXPECT_TRUE(docker_.used(host).fits_in(capacity))
                << "host " << host << " is overbooked";
        }
        EXPECT_LE(machine_->published().get()->in_use("licence"), licences());
        EXPECT_EQ(docker_.starts_on_unknown_hosts, 0) << "an attempt starts on a host that is gone";
        check_new_attempts();
        if (!machine_->published().get()->is_writable) return;
        std::set<std::string> known;
        for (const auto& host : machine_->state().hosts) {
            if (!host.name.empty()) known.insert(host.name);
        }
        if (!docker_.process_is_dying) {
            EXPECT_EQ(docker_.connected, known) << "the runtime and the core know the same hosts";
        }
    }

    /// Hosts are chosen at the end of a step: those of the new attempts take some.
    void check_new_attempts() {
        const bool is_stored = machine_->published().get()->is_writable;
        for (const auto& id : std::exchange(store_.new_attempts, {})) {
            if (!is_stored) continue;
            const auto host = machine_->state().find_host(store_.attempts.at(id).host);
            if (!host) continue;  // it had ended before its host went
            EXPECT_FALSE(machine_->state().host(*host).is_draining)
                << to_string(id) << " was placed on a host that drains";
        }
    }

    /// Node 1 is the main one.
    void check_node(const ports::StartAttempt& start) {
        const model::AttemptId main{.job = start.id.job.whole().node(1), .number = start.id.number};
        EXPECT_EQ(start.num_nodes, count_nodes(traits_.at(main.job.whole()).shape));
        EXPECT_EQ(start.main_node, 1);
        if (start.id == main) return;
        EXPECT_TRUE(store_.attempts.at(main).started_at) << "a node overtakes the main one";
        EXPECT_EQ(start.main_address, "10.0.0.2");
    }

    void check_gpus(const ports::StartAttempt& start) {
        EXPECT_EQ(std::ssize(start.gpus), start.resources.gpus);
        if (start.gpus.empty()) return;
        std::set<std::string> in_use;
        for (const auto& [id, container] : docker_.containers) {
            if (!container.is_running || container.host != start.host) continue;
            in_use.insert(container.gpus.begin(), container.gpus.end());
        }
        for (const auto& gpu : start.gpus) {
            EXPECT_TRUE(in_use.insert(gpu).second) << to_string(start.id) << " shares " << gpu;
        }
    }

    void check_run(const ports::StartAttempt& start) {
        const model::AttemptId& id = start.id;
        check_gpus(start);
        if (id.job.is_node()) check_node(start);
        EXPECT_EQ(docker_.runs[id], 1) << "attempt " << to_string(id) << " runs twice";
        EXPECT_TRUE(store_.attempts.contains(id)) << "the intent is durable before the act";
        const auto& traits = traits_.at(id.job.whole());
        for (auto dependency : traits.depends_on) {
            if (dependency.kind == model::Dependency::Kind::NToN) {
                dependency.id = dependency.id.child(id.job.index());
            }
            EXPECT_TRUE(is_met(dependency))
                << to_string(id) << " overtakes its dependency " << to_string(dependency.id);
        }
        if (traits.sequence == model::Sequence::None) return;
        // Those before these have ended as well: it was looked at when these started.
        for (std::int32_t i = std::max(id.job.index() - 5, 0); i < id.job.index(); ++i) {
            const auto before = id.job.whole().child(i);
            EXPECT_TRUE(lets_pass(traits.sequence, *store_.status(before)))
                << to_string(id) << " overtakes " << to_string(before);
        }
    }

    bool is_met(const model::Dependency& dependency) const {
        const auto status = *store_.status(dependency.id);
        switch (dependency.kind) {
            case model::Dependency::Kind::AfterOk:
            case model::Dependency::Kind::NToN:
                return status == model::JobStatus::Succeeded;
            case model::Dependency::Kind::AfterNotOk:
                return status == model::JobStatus::Failed;
            case model::Dependency::Kind::AfterAny:
                return model::is_terminal(status);
            case model::Dependency::Kind::AfterStart:
                break;
        }
        return model::is_terminal(status) || store_.has_started(dependency.id);
    }

    /// A job failed for a dependency exactly if one was ruled out, and says which.
    void check_verdict(const ports::JobRow& row) {
        if (row.state.is_cancelled || row.state.is_terminated) return;
        const std::string& reason = row.state.status_reason;
        // Its children may all have ended for reasons of their own before.
        const bool is_over = !row.array.unstarted || reason == "Array Child Job failed";
        if (row.traits.array_size > 0 && is_over) return;
        bool is_ruled_out = false;
        bool is_named = false;
        for (const auto& dependency : row.traits.depends_on) {
            if (dependency.kind == model::Dependency::Kind::NToN || is_met(dependency)) continue;
            is_ruled_out = true;
            is_named = is_named || reason.contains(to_string(dependency.id));
        }
        const bool says_so = reason.starts_with("Dependent Job failed (jobId: ") ||
                             reason.starts_with("Dependency can not be met: job ");
        EXPECT_EQ(says_so, is_ruled_out) << to_string(row.id) << ": " << reason;
        EXPECT_EQ(is_named, is_ruled_out) << to_string(row.id) << ": " << reason;
        if (is_ruled_out) EXPECT_EQ(row.state.status, model::JobStatus::Failed);
        if (is_ruled_out) EXPECT_EQ(row.state.attempt, 0) << to_string(row.id);
    }

    /// Each event has the next number, each status follows from the one before, and the last one is
    /// what is stored.
    void check_feed() {
        std::int64_t next = 1;
        std::map<model::JobId, model::JobStatus> told;
        for (const auto& batch : store_.news) {
            EXPECT_EQ(batch.first_seq, next) << "a number is missing, or given twice";
            next = batch.end_seq();
            for (const auto& entry : batch.entries) {
                const auto* news = std::get_if<model::JobNews>(&entry);
                for (std::int32_t i = 0; news && i < news->count; ++i) {
                    model::JobId id = news->id;
                    id.part += i;
                    check_told(id, told[id], news->state.status);
                    told[id] = news->state.status;
                }
            }
        }
        for (const auto& [seq, row] : store_.jobs) {
            EXPECT_EQ(told[row.id], row.state.status) << to_string(row.id);
            for (std::int32_t i = 0; i < row.traits.array_size; ++i) {
                EXPECT_EQ(told[row.id.child(i)], store_.status(row.id.child(i)))
                    << to_string(row.id.child(i));
            }
        }
    }

    static void check_told(const model::JobId& id, model::JobStatus before,
                           model::JobStatus status) {
        bool follows = id.is_node() || (id.is_child() && before == model::JobStatus::Submitted);
        for (std::size_t e = 0; e < core::kJobEventCount; ++e) {
            follows |= core::next_status(before, static_cast<core::JobEvent>(e)) == status;
        }
        EXPECT_TRUE(follows) << to_string(id) << " is told to be " << to_string(status) << " after "
                             << to_string(before);
    }

    void check_end() {
        check_feed();
        EXPECT_TRUE(all_ended()) << "something never ends: " << describe_open();
        for (const auto& id : acknowledged_) {
            EXPECT_TRUE(store_.seq_of.contains(id)) << "an acknowledged job is lost";
        }
        for (const auto& [id, attempt] : store_.attempts) {
            EXPECT_TRUE(attempt.stopped_at) << "attempt " << to_string(id) << " is open";
        }
        for (const auto& [seq, row] : store_.jobs) {
            check_verdict(row);
            if (row.traits.array_size > 0) {
                check_ended_array(row);
            } else if (!row.traits.shape.nodes.empty()) {
                check_ended_gang(row);
            } else {
                check_ended_job(row.id, row.state, row.traits.attempts);
            }
        }
        EXPECT_EQ(machine_->state().host_index.size(), docker_.capacity.size());
        for (const auto& host : machine_->state().hosts) {
            EXPECT_EQ(host.used, model::Resources{});
            EXPECT_TRUE(host.gpus_in_use.empty());
        }
        EXPECT_TRUE(machine_->state().job_index.empty());
        EXPECT_TRUE(machine_->state().consumables_in_use.empty());
    }

    void check_ended_job(const model::JobId& id, const model::JobState& state,
                         std::int32_t attempts) {
        EXPECT_LE(state.attempt, attempts);
        if (state.is_terminated) {
            EXPECT_EQ(state.status, model::JobStatus::Failed) << "terminated for good";
        }
        if (state.status == model::JobStatus::Succeeded) {
            EXPECT_EQ(store_.attempts.at({.job = id, .number = state.attempt}).exit_code, 0);
        }
    }

    void check_ended_gang(const ports::JobRow& row) {
        EXPECT_LE(row.state.attempt, row.traits.attempts);
        if (row.state.is_terminated) EXPECT_EQ(row.state.status, model::JobStatus::Failed);
        if (row.state.attempt == 0) return;
        for (std::int32_t i = 0; i < count_nodes(row.traits.shape); ++i) {
            const auto& node = store_.children.at(row.id.node(i));
            EXPECT_TRUE(model::is_terminal(node.status)) << to_string(row.id.node(i));
            EXPECT_EQ(node.attempt, row.state.attempt);
        }
        if (row.state.status == model::JobStatus::Succeeded) {
            const model::AttemptId main{.job = row.id.node(1), .number = row.state.attempt};
            EXPECT_EQ(store_.attempts.at(main).exit_code, 0);
        }
    }

    void check_ended_array(const ports::JobRow& row) {
        std::array<std::int64_t, model::kJobStatusCount> counts{};
        for (std::int32_t i = 0; i < row.traits.array_size; ++i) {
            const model::JobId id = row.id.child(i);
            const auto status = *store_.status(id);
            EXPECT_TRUE(model::is_terminal(status)) << "an ended array has a child that is not";
            ++counts[static_cast<std::size_t>(status)];
            const auto child = store_.children.find(id);
            if (child != store_.children.end()) {
                check_ended_job(id, child->second, row.traits.attempts);
            }
        }
        EXPECT_EQ(counts, row.array.counts) << "the summary of an array is wrong";
        const bool failed = counts[static_cast<std::size_t>(model::JobStatus::Failed)] > 0;
        EXPECT_EQ(row.state.status,
                  failed ? model::JobStatus::Failed : model::JobStatus::Succeeded);
    }

    Uuid make_id() {
        Uuid id;
        for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
        return id;
    }

    std::int64_t licences() const { return 3 * scale_.factor; }

    static constexpr std::array<const char*, 3> kOwnHosts{"c", "d", "e"};

    std::mt19937_64 random_;
    const Scale scale_;
    FakeStore store_;
    FakeDocker docker_;
    FakeCloud no_cloud_{random_, docker_};
    std::unique_ptr<engine::Machine> machine_;
    Timestamp now_{};
    std::vector<engine::Input> inbox_;
    std::vector<model::JobId> acknowledged_;
    std::map<model::JobId, model::JobTraits> traits_;
    std::size_t jobs_ = 0;  ///< acknowledged; of an array its children
    int steps_ = 0;
};

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
    const char* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : fallback;
}

TEST(Simulation, HoldsItsPromisesForEverySeed) {
    std::uint64_t first = number_from("BATCHD_SIM_SEED", 1);
    const std::uint64_t count =
        number_from("BATCHD_SIM_SEEDS", std::getenv("BATCHD_SIM_SEED") ? 1 : 1000);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Simulation(seed).run();
        ASSERT_FALSE(HasFailure()) << "run again with BATCHD_SIM_SEED=" << seed;
    }
}

TEST(Simulation, HoldsItsPromisesWith100000Jobs) {
    const std::size_t jobs = number_from("BATCHD_SIM_JOBS", 100'000);
    const Scale scale{.jobs = jobs,
                      .users = std::max<std::size_t>(jobs / 100, 1),
                      .factor = static_cast<std::int64_t>(std::max<std::size_t>(jobs / 1000, 1)),
                      .largest_array = std::max<std::size_t>(jobs / 200, 5),
                      .check_every = 25,
                      .quiet_acts = 20'000};
    const std::uint64_t first = number_from("BATCHD_SIM_SEED", 1);
    const std::uint64_t count = number_from("BATCHD_SIM_LARGE_SEEDS", 2);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Simulation(seed, scale).run();
        ASSERT_FALSE(HasFailure()) << "run again with BATCHD_SIM_SEED=" << seed;
    }
}

}  // namespace
}  // namespace batchd::sim
