// jobStateTimeLimitActions, on the machine with a clock of the test's.
#include "batchd/engine/machine.hpp"
#include "sim/engine/fake_cloud.hpp"
#include "sim/engine/fake_docker.hpp"
#include "sim/engine/fake_store.hpp"

#include <gtest/gtest.h>

namespace batchd::engine {
namespace {

class TimeLimit : public ::testing::Test {
  protected:
    TimeLimit() {
        docker_.on_run = [](const ports::StartAttempt&) {};
        EXPECT_TRUE(machine_.start({.runtime = docker_, .capacity = cloud_}, now_, "uuid"));
        tell(core::HostUp{.host = "a", .capacity = {.vcpu = vcpus(1), .memory = MiB{100}}});
    }

    void tell(core::Event event) {
        std::vector<Input> inputs;
        inputs.push_back({.event = std::move(event), .done = [](Result<core::Reply> reply) {
                              EXPECT_TRUE(reply) << reply.error().message;
                          }});
        machine_.step(std::move(inputs), now_);
    }

    /// Steps as the engine's thread would: at each deadline.
    void pass(Seconds time) {
        const Timestamp end = now_ + time;
        while (const auto next = machine_.next_deadline()) {
            if (*next > end) break;
            now_ = std::max(now_, *next);
            machine_.step({}, now_);
        }
        now_ = end;
    }

    void limit(const std::string& reason, std::int32_t seconds) {
        model::JobQueueUpdate update;
        update.job_state_time_limit_actions = {{.reason = reason,
                                                .state = "RUNNABLE",
                                                .max_time_seconds = seconds,
                                                .action = "CANCEL"}};
        tell(core::UpdateQueue{.name = "default", .update = update});
    }

    model::JobId submit(std::int64_t vcpu) {
        core::SubmitJob event;
        event.id.uuid.bytes[15] = ++last_id_;
        event.queue = "default";
        event.traits.shape.resources = {.vcpu = vcpus(vcpu), .memory = MiB{10}};
        const auto id = event.id;
        tell(std::move(event));
        return id;
    }

    std::mt19937_64 random_{1};
    sim::FakeStore store_;
    sim::FakeDocker docker_{random_, {{"a", {.vcpu = vcpus(1), .memory = MiB{100}}}}};
    sim::FakeCloud cloud_{random_, docker_};
    Machine machine_{{.policy = {}, .hosts = {"a"}}, store_, {}};
    Timestamp now_{Seconds{1'000'000}};
    std::uint8_t last_id_ = 0;
};

TEST_F(TimeLimit, CancelsTheHeadThatCanNeverRun) {
    limit("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 600);
    const auto large = submit(2);
    const auto next = submit(3);
    pass(Seconds{599});
    EXPECT_EQ(store_.status(large), model::JobStatus::Runnable);
    pass(Seconds{1});
    EXPECT_EQ(store_.status(large), model::JobStatus::Failed);
    EXPECT_EQ(store_.jobs.at(1).state.status_reason,
              "Canceled by JobStateTimeLimit action due to reason: "
              "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT");
    EXPECT_EQ(store_.status(next), model::JobStatus::Runnable) << "its time at the head begins now";
    pass(Seconds{600});
    EXPECT_EQ(store_.status(next), model::JobStatus::Failed);
}

TEST_F(TimeLimit, CountsOneReasonOnly) {
    limit("CAPACITY:WAITING_FOR_RESOURCES", 600);
    submit(1);  // fills the host
    const auto waiting = submit(1);
    pass(Seconds{500});
    tell(core::HostDown{.host = "a", .reason = "away"});
    pass(Seconds{1000});
    tell(core::HostUp{.host = "a", .capacity = {.vcpu = vcpus(1), .memory = MiB{100}}});
    pass(Seconds{599});
    EXPECT_EQ(store_.status(waiting), model::JobStatus::Runnable);
    pass(Seconds{1});
    EXPECT_EQ(store_.status(waiting), model::JobStatus::Failed);
}

TEST_F(TimeLimit, WithoutAnActionAJobWaitsForEver) {
    const auto large = submit(2);
    pass(Seconds{1'000'000});
    EXPECT_EQ(store_.status(large), model::JobStatus::Runnable);
}

}  // namespace
}  // namespace batchd::engine
