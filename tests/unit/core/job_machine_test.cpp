#include "core/job_machine.hpp"

#include <gtest/gtest.h>

#include <map>

namespace batchd::core {
namespace {

using model::JobStatus;
using enum JobEvent;

// The documented transitions, written down a second time: the walk below compares every pair.
const std::map<std::pair<JobStatus, JobEvent>, JobStatus> kDocumented{
    {{JobStatus::Submitted, MustWait}, JobStatus::Pending},
    {{JobStatus::Submitted, DependenciesMet}, JobStatus::Runnable},
    {{JobStatus::Submitted, DependencyFailed}, JobStatus::Failed},
    {{JobStatus::Submitted, GivenUp}, JobStatus::Failed},
    {{JobStatus::Pending, DependenciesMet}, JobStatus::Runnable},
    {{JobStatus::Pending, DependencyFailed}, JobStatus::Failed},
    {{JobStatus::Pending, GivenUp}, JobStatus::Failed},
    {{JobStatus::Pending, ChildrenSucceeded}, JobStatus::Succeeded},
    {{JobStatus::Pending, ChildrenFailed}, JobStatus::Failed},
    {{JobStatus::Runnable, GivenUp}, JobStatus::Failed},
    {{JobStatus::Runnable, Placed}, JobStatus::Starting},
    {{JobStatus::Starting, ContainerStarted}, JobStatus::Running},
    {{JobStatus::Starting, AttemptSucceeded}, JobStatus::Succeeded},
    {{JobStatus::Starting, AttemptFailed}, JobStatus::Failed},
    {{JobStatus::Starting, AttemptRetried}, JobStatus::Runnable},
    {{JobStatus::Running, AttemptSucceeded}, JobStatus::Succeeded},
    {{JobStatus::Running, AttemptFailed}, JobStatus::Failed},
    {{JobStatus::Running, AttemptRetried}, JobStatus::Runnable},
};

TEST(JobMachine, EveryPairOfStatusAndEventIsAsDocumented) {
    for (std::size_t s = 0; s < model::kJobStatusCount; ++s) {
        for (std::size_t e = 0; e < kJobEventCount; ++e) {
            const auto status = static_cast<JobStatus>(s);
            const auto event = static_cast<JobEvent>(e);
            const auto expected = kDocumented.find({status, event});
            const auto next = next_status(status, event);
            if (expected == kDocumented.end()) {
                EXPECT_FALSE(next) << to_string(status) << " event " << e;
            } else {
                ASSERT_TRUE(next) << to_string(status) << " event " << e;
                EXPECT_EQ(*next, expected->second) << to_string(status) << " event " << e;
            }
        }
    }
}

TEST(JobMachine, TerminalStatusesHaveNoWayOut) {
    for (std::size_t e = 0; e < kJobEventCount; ++e) {
        EXPECT_FALSE(next_status(JobStatus::Succeeded, static_cast<JobEvent>(e)));
        EXPECT_FALSE(next_status(JobStatus::Failed, static_cast<JobEvent>(e)));
    }
}

}  // namespace
}  // namespace batchd::core
