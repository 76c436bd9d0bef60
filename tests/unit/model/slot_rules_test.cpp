// Which tasks can run in warm slots.
#include "batchd/model/task.hpp"

#include <gtest/gtest.h>

#include <string>

namespace batchd::model {
namespace {

EcsTaskProperties a_task() {
    EcsTaskProperties task;
    task.containers.emplace_back().image = "busybox";
    return task;
}

std::string refusal(const EcsTaskProperties& task) {
    const auto fits = expect_fit_for_slots(task);
    return fits ? "" : fits.error().message;
}

TEST(FitForSlots, OneContainerWithWhatIsTheHosts) {
    auto task = a_task();
    task.volumes = {{.name = "v", .host{{.source_path = "/data"}}, .efs_volume_configuration{}}};
    task.containers[0].log_configuration =
        LogConfiguration{.log_driver = "awslogs", .options{}, .secret_options{}};
    EXPECT_EQ(refusal(task), "");
}

TEST(FitForSlots, NamesWhatDoesNotFit) {
    auto two = a_task();
    two.containers.emplace_back();
    EXPECT_EQ(refusal(two), "warmSlots true is for jobs of one container, not of 2");
    auto gpu = a_task();
    gpu.containers[0].resource_requirements = {{.type = "GPU", .value = "1"}};
    EXPECT_EQ(refusal(gpu), "warmSlots true cannot go with resource type GPU");
    auto pid = a_task();
    pid.pid_mode = "host";
    EXPECT_EQ(refusal(pid),
              "warmSlots true cannot go with pidMode 'host': a slot ends what its children leave "
              "running");
    auto logs = a_task();
    logs.containers[0].log_configuration =
        LogConfiguration{.log_driver = "syslog", .options{}, .secret_options{}};
    EXPECT_EQ(refusal(logs),
              "warmSlots true cannot go with logDriver 'syslog': batchd keeps the logs");
    auto volume = a_task();
    volume.volumes = {{.name = "v", .host{}, .efs_volume_configuration{}}};
    EXPECT_EQ(refusal(volume),
              "warmSlots true cannot go with volume 'v': without host.sourcePath each child has "
              "one of its own");
}

}  // namespace
}  // namespace batchd::model
