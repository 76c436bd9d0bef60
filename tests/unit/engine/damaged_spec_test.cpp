// Stored specifications that no batchd wrote: their attempts end, the daemon goes on.
#include "batchd/engine/machine.hpp"
#include "sim/engine/fake_cloud.hpp"
#include "sim/engine/fake_store.hpp"

#include <gtest/gtest.h>

namespace batchd::engine {
namespace {

/// Why the attempt ended of a job that has this task; empty if it did not.
std::string reason_for(const model::EcsTaskProperties& task) {
    sim::FakeStore store;
    store.task = task;
    std::mt19937_64 random{1};
    const model::Resources room{.vcpu = vcpus(1), .memory = MiB{100}};
    sim::FakeDocker docker{random, {{"a", room}}};
    docker.on_run = [](const ports::StartAttempt&) {};
    sim::FakeCloud cloud{random, docker};
    Machine machine{{.policy = {}, .hosts = {"a"}}, store, {}};
    EXPECT_TRUE(machine.start({.runtime = docker, .capacity = cloud}, Timestamp{}, "uuid"));
    std::vector<Input> inputs;
    inputs.push_back({.event = core::HostUp{.host = "a", .capacity = room}, .done = {}});
    core::SubmitJob submit;
    submit.id.uuid.bytes[15] = 1;
    submit.queue = "default";
    submit.traits.shape.resources = room;
    inputs.push_back({.event = std::move(submit), .done = {}});
    machine.step(std::move(inputs), Timestamp{});
    machine.step({}, Timestamp{});
    if (store.jobs.at(1).state.status != model::JobStatus::Failed) return {};
    return store.attempts.begin()->second.reason;
}

TEST(DamagedSpec, ItsAttemptEndsWithTheReason) {
    struct Case {
        std::string name;
        std::function<void(model::EcsTaskProperties&)> damage;
        std::string reason;
    };
    const std::vector<Case> cases{
        {"whole", [](auto&) {}, ""},
        {"no container", [](auto& t) { t.containers.clear(); },
         "Number of containers must be between 1 and 10"},
        {"dependsOn nobody",
         [](auto& t) {
             t.containers[0].depends_on = {{.container_name = "x", .condition = "START"}};
         },
         "containerName x must reference a defined container."},
        {"dependsOn without a name",
         [](auto& t) { t.containers[0].depends_on = {{.container_name{}, .condition = "START"}}; },
         "containerName  must reference a defined container."},
        {"no condition",
         [](auto& t) { t.containers[0].depends_on = {{.container_name = "b", .condition{}}}; },
         "TaskContainer dependency  is not valid. Valid values are: [START, COMPLETE, SUCCESS]"},
        {"two of one name", [](auto& t) { t.containers[0].name = "b"; },
         "Container names must be unique"},
    };
    for (const auto& [name, damage, reason] : cases) {
        model::EcsTaskProperties task;
        task.containers.resize(2);
        task.containers[0].name = "a";
        task.containers[1].name = "b";
        damage(task);
        const std::string expected = reason.empty() ? "" : "is damaged: " + reason;
        const std::string told = reason_for(task);
        EXPECT_TRUE(told.ends_with(expected) && told.empty() == reason.empty())
            << name << ": " << told;
    }
}

}  // namespace
}  // namespace batchd::engine
