// A job from its submission to its end: attempts, retries, time-outs, cancel and terminate.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

TEST(JobLife, RunsAndSucceeds) {
    World world;
    const auto job = world.submit();
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_EQ(world.count<StartContainer>(), 1);
    world.started(job);
    EXPECT_EQ(world.status(job), "RUNNING");
    world.exited(job, 0);
    EXPECT_EQ(world.status(job), "SUCCEEDED");
    EXPECT_EQ(world.state_of(job).status_reason, "Essential container in task exited");
    EXPECT_EQ(world.count<ForgetContainer>(), 1);
    EXPECT_EQ(world.state.hosts[0].used, model::Resources{});
}

TEST(JobLife, SubmissionAndPlacementAreOneRowChange) {
    World world;
    world.submit();
    ASSERT_EQ(world.last.changes.new_jobs.size(), 1U);
    EXPECT_EQ(world.last.changes.new_jobs[0].row.state.status, model::JobStatus::Starting);
    EXPECT_TRUE(world.last.changes.jobs.empty());
    EXPECT_EQ(world.last.changes.attempts.size(), 1U);
}

TEST(JobLife, FailsWithTheExitCodeOfItsOnlyAttempt) {
    World world;
    const auto job = world.submit();
    world.ran(job, 3);
    EXPECT_EQ(world.status(job), "FAILED");
    ASSERT_EQ(world.attempts.size(), 1U);
    EXPECT_EQ(world.attempts[0].exit_code, 3);
}

TEST(JobLife, IsRetriedUpToItsNumberOfAttempts) {
    World world;
    const auto job = world.submit(world.a_job().attempts(2));
    world.ran(job, 1);
    EXPECT_EQ(world.status(job), "STARTING") << "placed again at once";
    EXPECT_EQ(world.state_of(job).attempt, 2);
    world.ran(job, 1);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.count<StartContainer>(), 2);
}

TEST(JobLife, RetriedJobsGoToTheFrontOfTheQueue) {
    World world;
    const auto first = world.submit(world.a_job().needs(resources(4)).attempts(2));
    const auto waiting = world.submit(world.a_job().needs(resources(4)));
    world.ran(first, 1);
    EXPECT_EQ(world.status(first), "STARTING");
    EXPECT_EQ(world.status(waiting), "RUNNABLE");
}

TEST(JobLife, TheFirstMatchingRuleDecidesAboutARetry) {
    World world;
    model::EvaluateOnExit exit_on_1{
        .on_status_reason = {}, .on_reason = {}, .on_exit_code = "1", .action = "exit"};
    model::EvaluateOnExit retry_all{
        .on_status_reason = {}, .on_reason = "*", .on_exit_code = {}, .action = "RETRY"};
    const auto stops = world.submit(world.a_job().attempts(3).rule(exit_on_1).rule(retry_all));
    world.ran(stops, 1);
    EXPECT_EQ(world.status(stops), "FAILED");
    const auto goes_on = world.submit(world.a_job().attempts(3).rule(exit_on_1).rule(retry_all));
    world.ran(goes_on, 2);
    EXPECT_EQ(world.status(goes_on), "STARTING");
}

TEST(JobLife, WithoutAMatchingRuleTheJobIsRetried) {
    World world;
    model::EvaluateOnExit exit_on_1{
        .on_status_reason = {}, .on_reason = {}, .on_exit_code = "1", .action = "EXIT"};
    const auto job = world.submit(world.a_job().attempts(2).rule(exit_on_1));
    world.ran(job, 7);
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST(JobLife, AnAbsentExitCodeMatchesNoPattern) {
    World world;
    model::EvaluateOnExit any_code{
        .on_status_reason = {}, .on_reason = {}, .on_exit_code = "*", .action = "EXIT"};
    const auto job = world.submit(world.a_job().attempts(2).rule(any_code));
    model::AttemptOutcome lost;
    lost.status_reason = "Host EC2 (instance h0) terminated.";
    (void)world.tell(AttemptEnded{.id = world.current(job), .outcome = lost});
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST(JobLife, TimesOutFromItsStartAndIsNotRetried) {
    World world;
    const auto job = world.submit(world.a_job().attempts(3).timeout(Seconds{60}));
    world.now += Seconds{100};
    world.step();
    EXPECT_EQ(world.count<StopContainer>(), 0) << "time in STARTING does not count";
    world.started(job);
    EXPECT_EQ(next_deadline(world.state), world.now + Seconds{60});
    world.now += Seconds{60};
    world.step();
    EXPECT_EQ(world.count<StopContainer>(), 1);
    EXPECT_EQ(world.status(job), "RUNNING");
    world.exited(job, 137);
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "Job attempt duration exceeded timeout");
    EXPECT_FALSE(next_deadline(world.state));
}

TEST(JobLife, AnAttemptThatEndedInTimeUnseenDidNotTimeOut) {
    World world;
    const auto job = world.submit(world.a_job().timeout(Seconds{60}));
    world.started(job);
    const Timestamp ended = world.now + Seconds{30};  // while the daemon was down
    world.now += Seconds{300};
    world.step();
    model::AttemptOutcome outcome;
    outcome.exit_code = 0;
    outcome.status_reason = "Essential container in task exited";
    outcome.stopped_at = ended;
    (void)world.tell(AttemptEnded{.id = world.current(job), .outcome = outcome});
    EXPECT_EQ(world.status(job), "SUCCEEDED");
    EXPECT_EQ(world.state_of(job).status_reason, "Essential container in task exited");
}

TEST(JobLife, CancelEndsAWaitingJobAndLeavesARunningOne) {
    World world;
    const auto running = world.submit(world.a_job().needs(resources(4)));
    const auto waiting = world.submit(world.a_job().needs(resources(4)));
    (void)world.tell(CancelJob{.id = running, .reason = "no"});
    (void)world.tell(CancelJob{.id = waiting, .reason = "not wanted"});
    EXPECT_EQ(world.status(running), "STARTING");
    EXPECT_EQ(world.status(waiting), "FAILED");
    EXPECT_EQ(world.state_of(waiting).status_reason, "not wanted");
    EXPECT_TRUE(world.state_of(waiting).is_cancelled);
    EXPECT_FALSE(world.state_of(waiting).is_terminated);
    EXPECT_TRUE(world.state_of(waiting).stopped_at);
}

TEST(JobLife, TerminateStopsTheContainerAndTheRetries) {
    World world;
    const auto job = world.submit(world.a_job().attempts(5));
    world.started(job);
    (void)world.tell(TerminateJob{.id = job, .reason = "enough"});
    (void)world.tell(TerminateJob{.id = job, .reason = "again"});
    EXPECT_EQ(world.count<StopContainer>(), 1);
    EXPECT_TRUE(world.state_of(job).is_terminated);
    world.exited(job, 0);
    EXPECT_EQ(world.status(job), "FAILED") << "even if it managed to exit 0";
    EXPECT_EQ(world.state_of(job).status_reason, "enough");
}

TEST(JobLife, TerminatedAtTheInstantOfItsFailureItIsNotRetried) {
    for (const bool failure_is_first : {true, false}) {
        World world;
        const auto job = world.submit(world.a_job().attempts(5));
        world.started(job);
        model::AttemptOutcome outcome;
        outcome.exit_code = 1;
        outcome.status_reason = "Essential container in task exited";
        outcome.stopped_at = world.now;
        const Event failure = AttemptEnded{.id = world.current(job), .outcome = outcome};
        const Event terminate = TerminateJob{.id = job, .reason = "enough"};
        (void)world.tell_within_step(failure_is_first ? failure : terminate);
        (void)world.tell_within_step(failure_is_first ? terminate : failure);
        world.step();
        EXPECT_EQ(world.status(job), "FAILED");
        EXPECT_EQ(world.state_of(job).status_reason, "enough");
        EXPECT_TRUE(world.state_of(job).is_terminated);
        EXPECT_EQ(world.count<StartContainer>(), 1);
    }
}

TEST(JobLife, TerminateInStartingWaitsForTheContainersEnd) {
    World world;
    const auto job = world.submit();
    (void)world.tell(TerminateJob{.id = job, .reason = "enough"});
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_EQ(world.count<StopContainer>(), 1);
    model::AttemptOutcome given_up;
    given_up.status_reason = "Task failed to start";
    (void)world.tell(AttemptEnded{.id = world.current(job), .outcome = given_up});
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason, "enough");
}

TEST(JobLife, UnknownAndEndedJobsMayBeCancelledWithoutEffect) {
    World world;
    const auto job = world.submit();
    world.ran(job, 0);
    EXPECT_TRUE(world.tell(CancelJob{.id = job, .reason = "late"}));
    EXPECT_TRUE(world.tell(TerminateJob{.id = job_id(999), .reason = "who"}));
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST(JobLife, NewsOfAnOlderAttemptAreIgnored) {
    World world;
    const auto job = world.submit(world.a_job().attempts(2));
    const auto first = world.current(job);
    world.ran(job, 1);
    world.started(job);
    model::AttemptOutcome late;
    late.exit_code = 0;
    (void)world.tell(AttemptEnded{.id = first, .outcome = late});
    EXPECT_EQ(world.status(job), "RUNNING");
}

TEST(JobLife, RefusesUnknownAndDisabledQueues) {
    World world;
    const auto unknown = world.tell(world.a_job().in("nowhere").event);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().message, "JobQueue nowhere not found.");
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = disable}));
    const auto disabled = world.tell(world.a_job().event);
    ASSERT_FALSE(disabled);
    EXPECT_NE(disabled.error().message.find("DISABLED"), std::string::npos);
}

}  // namespace
}  // namespace batchd::core::test
