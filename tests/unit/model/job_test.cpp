#include "batchd/model/job.hpp"

#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

TEST(JobStatus, HasTheNamesOfAws) {
    const std::vector<std::string_view> names = {"SUBMITTED", "PENDING",   "RUNNABLE", "STARTING",
                                                 "RUNNING",   "SUCCEEDED", "FAILED"};
    ASSERT_EQ(names.size(), kJobStatusCount);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto status = static_cast<JobStatus>(i);
        EXPECT_EQ(to_string(status), names[i]);
        EXPECT_EQ(from_string(names[i], static_cast<JobStatus*>(nullptr)), status);
    }
    EXPECT_FALSE(from_string("runnable", static_cast<JobStatus*>(nullptr)));
    EXPECT_FALSE(from_string("", static_cast<JobStatus*>(nullptr)));
}

TEST(JobStatus, KnowsItsKinds) {
    EXPECT_TRUE(is_terminal(JobStatus::Failed));
    EXPECT_FALSE(is_terminal(JobStatus::Running));
    EXPECT_TRUE(is_placed(JobStatus::Starting));
    EXPECT_FALSE(is_placed(JobStatus::Runnable));
}

TEST(Resources, AreWrittenForPeople) {
    EXPECT_EQ(to_string(Resources{vcpus(2), MiB{512}, 0}), "2 vCPU, 512 MiB");
    EXPECT_EQ(to_string(Resources{MilliVcpu{250}, MiB{512}, 1}), "0.25 vCPU, 512 MiB, 1 GPU");
    EXPECT_EQ(to_string(Resources{MilliVcpu{1500}, MiB{0}, 2}), "1.5 vCPU, 0 MiB, 2 GPU");
    EXPECT_EQ(to_string(Resources{vcpus(1234567), MiB{1}, 0}), "1234567 vCPU, 1 MiB");
}

TEST(Resources, FitOnlyIfAllOfThemFit) {
    const Resources free{vcpus(4), MiB{1024}, 1};
    EXPECT_TRUE((Resources{vcpus(4), MiB{1024}, 1}).fits_in(free));
    EXPECT_FALSE((Resources{MilliVcpu{4001}, MiB{1}, 0}).fits_in(free));
    EXPECT_FALSE((Resources{vcpus(1), MiB{1025}, 0}).fits_in(free));
    EXPECT_FALSE((Resources{vcpus(1), MiB{1}, 2}).fits_in(free));
    EXPECT_EQ(free - (Resources{vcpus(1), MiB{24}, 1}), (Resources{vcpus(3), MiB{1000}, 0}));
}

TEST(Resources, ComeFromRequirementsBeforeDeprecatedMembers) {
    ContainerProperties container;
    container.vcpus = 8;
    container.memory = 2048;
    EXPECT_EQ(resources_of(container), (Resources{vcpus(8), MiB{2048}, 0}));
    container.resource_requirements = {{"VCPU", "0.5"}, {"GPU", "2"}};
    EXPECT_EQ(resources_of(container), (Resources{MilliVcpu{500}, MiB{2048}, 2}));
}

}  // namespace
}  // namespace batchd::model
