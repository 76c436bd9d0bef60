// What jobs and queues may ask for beyond AWS Batch: holds, pauses, limits of number and time,
// retries of their own for failures of the infrastructure, memory that grows, keys of submissions.
#include "unit/core/builders.hpp"

namespace batchd::core::test {
namespace {

constexpr const char* kEnded = "Essential container in task exited";

void end(World& world, const model::JobId& id, model::AttemptOutcome outcome) {
    outcome.stopped_at = world.now;
    if (outcome.status_reason.empty()) outcome.status_reason = kEnded;
    ASSERT_TRUE(world.tell(AttemptEnded{.id = world.current(id), .outcome = std::move(outcome)}));
}

void fail_by_host(World& world, const model::JobId& id) {
    end(world, id,
        {.exit_code = std::nullopt,
         .reason = {},
         .status_reason = "Host EC2 (instance h0) terminated.",
         .stopped_at = {}});
}

void pass(World& world, Milliseconds time) {
    world.now += time;
    world.step();
}

std::vector<std::string> statuses(World& world, const model::JobId& array, std::int32_t size) {
    std::vector<std::string> list;
    const auto live = world.state.find_job(array);
    for (std::int32_t i = 0; i < size; ++i) {
        list.push_back(live ? std::string(to_string(*world.child_status_of(*live, i)))
                            : world.status(array.child(i)));
    }
    return list;
}

TEST(Hold, AHeldJobWaitsUntilItIsReleased) {
    World world;
    const auto job = world.submit(world.a_job().held());
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.state_of(job).hold, "submitted on hold");
    EXPECT_EQ(world.status(world.submit()), "STARTING") << "others pass it";
    world.restart();
    EXPECT_EQ(world.status(job), "RUNNABLE");
    ASSERT_TRUE(world.tell(ReleaseJob{.id = job}));
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_FALSE(world.state_of(job).hold);
    EXPECT_TRUE(world.tell(ReleaseJob{.id = job})) << "it went on already";
}

TEST(Hold, AWaitingJobCanBeHeldAndCancelled) {
    World world;
    const auto running = world.submit(world.a_job().needs(resources(4)));
    const auto job = world.submit();
    ASSERT_TRUE(world.tell(HoldJob{.id = job, .reason = "look at the data first"}));
    world.started(running);
    world.exited(running, 0);
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.state_of(job).hold, "look at the data first");
    ASSERT_TRUE(world.tell(CancelJob{.id = job, .reason = "no"}));
    EXPECT_EQ(world.status(job), "FAILED");
}

TEST(Hold, AJobThatWaitsForAnotherIsHeldBeyondThat) {
    World world;
    const auto first = world.submit();
    const auto job = world.submit(world.a_job().after(first));
    ASSERT_TRUE(world.tell(HoldJob{.id = job, .reason = "r"}));
    world.ran(first, 0);
    EXPECT_EQ(world.status(job), "RUNNABLE");
    ASSERT_TRUE(world.tell(ReleaseJob{.id = job}));
    EXPECT_EQ(world.status(job), "STARTING");
}

TEST(Hold, AHeldArrayStartsNoMoreChildren) {
    World world;
    const auto array = world.submit(world.a_job().needs(resources(2)).array(4).attempts(2));
    EXPECT_EQ(world.status(array.child(1)), "STARTING");
    ASSERT_TRUE(world.tell(HoldJob{.id = array, .reason = "r"}));
    world.ran(array.child(0), 0);
    world.ran(array.child(1), 1);
    EXPECT_EQ(statuses(world, array, 4),
              (std::vector<std::string>{"SUCCEEDED", "RUNNABLE", "RUNNABLE", "RUNNABLE"}));
    world.restart();
    world.host_up("h0", resources(4, 1000));
    EXPECT_EQ(world.status(array.child(1)), "RUNNABLE");
    ASSERT_TRUE(world.tell(ReleaseJob{.id = array}));
    EXPECT_EQ(world.status(array.child(1)), "STARTING") << "a retry goes first";
    EXPECT_EQ(world.status(array.child(2)), "STARTING");
}

TEST(Hold, WhatRunsOrHasEndedOrIsAPartIsRefused) {
    World world;
    const auto job = world.submit();
    const auto hold = [&](const model::JobId& id) {
        const auto held = world.tell(HoldJob{.id = id, .reason = "r"});
        return held ? "" : held.error().message;
    };
    EXPECT_NE(hold(job).find("is STARTING: only a job that waits can be held"), std::string::npos);
    world.ran(job, 0);
    EXPECT_NE(hold(job).find("has ended"), std::string::npos);
    EXPECT_NE(hold(job.child(1)).find("is a part of job"), std::string::npos);
}

TEST(Pause, APausedQueueTakesJobsAndStartsNone) {
    World world;
    const auto before = world.submit();
    ASSERT_TRUE(world.tell(
        PauseQueue{.name = "default", .pause = {.by = "ann", .reason = "upgrade", .at = 7}}));
    const auto job = world.submit();
    EXPECT_EQ(world.status(job), "RUNNABLE");
    world.ran(before, 0);
    EXPECT_EQ(world.status(before), "SUCCEEDED") << "what runs goes on";
    world.restart();
    world.host_up("h0", resources(4, 1000));
    EXPECT_EQ(world.status(job), "RUNNABLE");
    EXPECT_EQ(world.state.queues[0].row.pause->by, "ann");
    ASSERT_TRUE(world.tell(ResumeQueue{.name = "default"}));
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_FALSE(world.tell(PauseQueue{.name = "nope", .pause = {}}));
}

TEST(MaxRunning, AQueueRunsNoMoreAtOnce) {
    World world;
    model::JobQueueUpdate update;
    update.max_running = 1;
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = update}));
    const auto a = world.submit();
    const auto b = world.submit();
    EXPECT_EQ(world.status(a), "STARTING");
    EXPECT_EQ(world.status(b), "RUNNABLE");
    world.ran(a, 0);
    EXPECT_EQ(world.status(b), "STARTING");
    const auto c = world.submit();
    update.max_running = 0;
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = update}));
    EXPECT_EQ(world.status(c), "STARTING") << "0 is no limit";
}

TEST(MaxRunning, ADefinitionsJobsWaitForEachOtherAlone) {
    World world;
    const auto limited = [&] {
        auto builder = world.a_job();
        builder.event.traits.shape.consumables = {
            {.name = model::running_limit_name("d"), .quantity = 1, .limit = 2}};
        return world.submit(builder);
    };
    const auto a = limited();
    const auto b = limited();
    const auto c = limited();
    EXPECT_EQ(world.status(b), "STARTING");
    EXPECT_EQ(world.status(c), "RUNNABLE");
    EXPECT_EQ(world.status(world.submit()), "STARTING");
    world.restart();
    world.host_up("h0", resources(4, 1000));
    EXPECT_EQ(world.status(c), "RUNNABLE");
    world.ran(a, 0);
    EXPECT_EQ(world.status(c), "STARTING");
}

TEST(MaxParallel, AnArrayRunsNoMoreChildrenAtOnce) {
    World world;
    const auto array =
        world.submit(world.a_job().array(5).attempts(2).with([&](auto& o) { o.max_parallel = 2; }));
    EXPECT_EQ(
        statuses(world, array, 5),
        (std::vector<std::string>{"STARTING", "STARTING", "RUNNABLE", "RUNNABLE", "RUNNABLE"}));
    EXPECT_EQ(world.status(world.submit()), "STARTING") << "others use the rest";
    world.ran(array.child(0), 1);
    EXPECT_EQ(world.status(array.child(0)), "STARTING") << "its retry, nobody else";
    EXPECT_EQ(world.status(array.child(2)), "RUNNABLE");
    world.restart();
    world.host_up("h0", resources(4, 1000));
    world.ran(array.child(1), 0);
    EXPECT_EQ(world.status(array.child(2)), "STARTING");
    EXPECT_EQ(world.status(array.child(3)), "RUNNABLE");
    world.ran(array.child(0), 0);
    world.ran(array.child(2), 0);
    world.ran(array.child(3), 0);
    world.ran(array.child(4), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
}

TEST(InfrastructureRetries, AreNotTheJobsOwn) {
    World world({}, 2);
    const auto job = world.submit(
        world.a_job().attempts(2).with([&](auto& o) { o.infrastructure_retries = 2; }));
    world.started(job);
    fail_by_host(world, job);
    EXPECT_EQ(world.status(job), "STARTING");
    end(world, job,
        {.exit_code = std::nullopt,
         .reason = "CannotPullContainerError: dial tcp: connection refused",
         .status_reason = "Task failed to start",
         .stopped_at = {}});
    EXPECT_EQ(world.state_of(job).infrastructure_failures, 2);
    world.restart();
    for (const char* host : {"h0", "h1"}) world.host_up(host, resources(4, 1000));
    world.ran(job, 1);
    EXPECT_EQ(world.status(job), "STARTING") << "its own first one";
    fail_by_host(world, job);
    EXPECT_EQ(world.status(job), "FAILED") << "from the third on they count";
    EXPECT_EQ(world.state_of(job).attempt, 4);
}

TEST(InfrastructureRetries, ThePolicySaysHowManyThereAreAndRulesMayForbidThem) {
    Policy policy;
    policy.infrastructure_retries = 1;
    World world(policy);
    const auto job = world.submit();
    world.started(job);
    fail_by_host(world, job);
    EXPECT_EQ(world.status(job), "STARTING");
    fail_by_host(world, job);
    EXPECT_EQ(world.status(job), "FAILED");
    const auto strict = world.submit(world.a_job().rule(
        {.on_status_reason = "Host EC2*", .on_reason = {}, .on_exit_code = {}, .action = "EXIT"}));
    fail_by_host(world, strict);
    EXPECT_EQ(world.status(strict), "FAILED");
    const auto missing = world.submit();
    end(world, missing,
        {.exit_code = std::nullopt,
         .reason = "CannotPullContainerError: manifest unknown",
         .status_reason = "Task failed to start",
         .stopped_at = {}});
    EXPECT_EQ(world.status(missing), "FAILED") << "no such image is the job's own failure";
}

TEST(OutOfMemory, TheNextAttemptGetsMore) {
    World world;
    const auto job =
        world.submit(world.a_job().needs(resources(1, 300)).attempts(4).with([&](auto& o) {
            o.out_of_memory_factor = 1.5;
            o.out_of_memory_limit = 600;
        }));
    const auto killed = [&] {
        end(world, job,
            {.exit_code = 137,
             .reason = "OutOfMemoryError: Container killed due to memory usage",
             .status_reason = {},
             .stopped_at = {}});
    };
    const auto asked = [&] {
        return std::get<StartContainer>(world.actions.back()).resources.memory.value;
    };
    killed();
    EXPECT_EQ(asked(), 450);
    world.restart();
    world.host_up("h0", resources(4, 1000));
    killed();
    EXPECT_EQ(asked(), 600) << "the limit";
    world.exited(job, 1);
    EXPECT_EQ(asked(), 600) << "kept, whatever else happens";
    world.exited(job, 0);
    EXPECT_EQ(world.status(job), "SUCCEEDED");
}

TEST(TimeLimits, AJobThatIsRunnableForTooLongFails) {
    World world;
    const auto running = world.submit(world.a_job().needs(resources(4)));
    const auto job = world.submit(world.a_job().with([&](auto& o) { o.max_queue_seconds = 60; }));
    const auto array =
        world.submit(world.a_job().array(2).with([&](auto& o) { o.max_queue_seconds = 60; }));
    const auto held =
        world.submit(world.a_job().held().with([&](auto& o) { o.max_queue_seconds = 60; }));
    pass(world, Seconds{59});
    EXPECT_EQ(world.status(job), "RUNNABLE");
    pass(world, Seconds{1});
    EXPECT_EQ(world.status(job), "FAILED");
    EXPECT_EQ(world.state_of(job).status_reason,
              "Job was RUNNABLE for longer than maxQueueSeconds (60)");
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.status(held), "RUNNABLE") << "whoever holds it does not count its time";
    EXPECT_EQ(world.status(running), "STARTING");
}

TEST(TimeLimits, TheTimeInTheQueueBeginsAnewAtARestart) {
    World world;
    world.submit(world.a_job().needs(resources(4)));
    const auto job = world.submit(world.a_job().with([&](auto& o) { o.max_queue_seconds = 60; }));
    world.now += Seconds{3600};
    world.restart();
    world.host_up("h0", resources(4, 1000));
    EXPECT_EQ(world.status(job), "RUNNABLE");
    pass(world, Seconds{60});
    EXPECT_EQ(world.status(job), "FAILED");
}

TEST(TimeLimits, AnAttemptThatDoesNotStartIsStoppedAndRetried) {
    Policy policy;
    policy.infrastructure_retries = 1;
    World world(policy);
    const auto job =
        world.submit(world.a_job().with([&](auto& o) { o.max_starting_seconds = 30; }));
    pass(world, Seconds{30});
    EXPECT_EQ(world.count<StopContainer>(), 1);
    world.exited(job, 137);
    EXPECT_EQ(world.status(job), "STARTING");
    EXPECT_EQ(world.state_of(job).infrastructure_failures, 1);
    world.started(job);
    pass(world, Seconds{60});
    EXPECT_EQ(world.status(job), "RUNNING") << "it started";
}

TEST(TimeLimits, ARestartGoesOnWithAStop) {
    Policy policy;
    policy.infrastructure_retries = 1;
    World world(policy);
    const auto job =
        world.submit(world.a_job().with([&](auto& o) { o.max_starting_seconds = 30; }));
    const auto array =
        world.submit(world.a_job().array(1).with([&](auto& o) { o.max_starting_seconds = 30; }));
    const auto timed = world.submit(world.a_job().timeout(Seconds{30}).attempts(2));
    world.started(timed);
    pass(world, Seconds{30});
    EXPECT_EQ(world.count<StopContainer>(), 3);
    world.started(job);  // it started after all
    world.restart();
    for (const auto& live : live_attempts(world.state)) EXPECT_TRUE(live.stop_with_grace);
    for (const auto& id : {job, array.child(0), timed}) world.exited(id, 143);
    for (const auto& id : {job, array.child(0)}) {
        EXPECT_EQ(world.status(id), "STARTING") << "the stop's exit code is none of its own";
        EXPECT_EQ(world.state_of(id).infrastructure_failures, 1);
    }
    EXPECT_EQ(world.status(timed), "FAILED") << "and a timeout is not retried";
}

TEST(TimeLimits, AtItsDeadlineAJobEndsWhereverItIs) {
    World world;
    const std::int64_t at = to_epoch_ms(world.now) + 10'000;
    const auto running = world.submit(
        world.a_job().needs(resources(3)).attempts(5).with([&](auto& o) { o.deadline = at; }));
    world.started(running);
    const auto pending =
        world.submit(world.a_job().after(running).with([&](auto& o) { o.deadline = at; }));
    const auto array = world.submit(
        world.a_job().needs(resources(2)).array(3).with([&](auto& o) { o.deadline = at; }));
    pass(world, Seconds{10});
    EXPECT_EQ(world.status(pending), "FAILED");
    EXPECT_EQ(world.status(array), "FAILED");
    EXPECT_EQ(world.count<StopContainer>(), 1);
    world.exited(running, 143);
    EXPECT_EQ(world.status(running), "FAILED") << "not retried";
    EXPECT_NE(world.state_of(running).status_reason.find("Job deadline exceeded"),
              std::string::npos);
    const auto late = world.submit(world.a_job().with([&](auto& o) { o.deadline = at; }));
    EXPECT_EQ(world.status(late), "FAILED") << "before it starts";
}

TEST(StopTimeout, IsTheJobsOwn) {
    World world;
    const auto job = world.submit(world.a_job().with([&](auto& o) { o.stop_timeout = 120; }));
    world.started(job);
    ASSERT_TRUE(world.tell(TerminateJob{.id = job, .reason = "r"}));
    EXPECT_EQ(std::get<StopContainer>(world.actions.back()).grace, Seconds{120});
    world.restart();
    EXPECT_EQ(live_attempts(world.state).at(0).stop_with_grace, Seconds{120});
}

TEST(SubmissionKey, ARepeatedSubmissionIsAnsweredWithTheFirstJob) {
    World world;
    const auto first = world.submit(world.a_job().key("call-1", false, 11));
    const auto again = [&](const char* key, bool is_explicit, std::int64_t request) {
        return world.tell(world.a_job().key(key, is_explicit, request).event);
    };
    auto reply = again("call-1", false, 11);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->repeated, first);
    world.restart();
    EXPECT_EQ(again("call-1", false, 11)->repeated, first);
    EXPECT_FALSE(again("call-1", false, 12)->repeated) << "another call under the same mark";
    world.now += std::chrono::minutes{16};
    world.step();
    EXPECT_FALSE(again("call-1", false, 11)->repeated) << "it is forgotten";
}

TEST(SubmissionKey, AKeyOfTheClientsOwnIsForOneRequest) {
    World world;
    auto builder = world.a_job().key("k", true, 1);
    const auto first = builder.event.id;
    ASSERT_TRUE(world.tell_within_step(builder.event));
    const auto reply = world.tell_within_step(world.a_job().key("k", true, 1).event);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->repeated, first) << "in the same step";
    world.step();
    auto later = world.a_job().key("k", true, 2);
    later.event.repeated = {
        .key = {.key = "k", .is_explicit = true, .request = 1}, .job = first, .at = world.now};
    const auto refused = world.tell(later.event);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
    later.event.key->request = 1;
    EXPECT_EQ(world.tell(later.event)->repeated, first);
}

TEST(SubmissionKey, IsFoundWithoutASubmission) {
    World world;
    const auto first = world.submit(world.a_job().key("call-1", false, 11));
    const auto find = [&](FindSubmission event) { return world.tell(std::move(event)); };
    EXPECT_EQ(find({.key = {.key = "call-1", .is_explicit = false, .request = 11}})->repeated,
              first);
    const auto other = find({.key = {.key = "call-1", .is_explicit = false, .request = 12}});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::NotFound) << "another call under the same mark";

    const model::SubmissionKey own{.key = "k", .is_explicit = true, .request = 1};
    EXPECT_EQ(find({.key = own}).error().kind, ErrorKind::NotFound);
    model::RecentSubmission stored{.key = own, .job = first, .at = world.now};
    EXPECT_EQ(find({.key = own, .repeated = stored})->repeated, first);
    stored.key.request = 2;
    EXPECT_EQ(find({.key = own, .repeated = stored}).error().kind, ErrorKind::Conflict);
    EXPECT_TRUE(world.last.changes.empty());
}

TEST(Rerun, OnlyTheChildrenThatAreNamedRun) {
    World world;
    auto builder = world.a_job().array(4);
    builder.event.only_children = {1, 3};
    const auto array = world.submit(builder);
    EXPECT_EQ(statuses(world, array, 4),
              (std::vector<std::string>{"SUCCEEDED", "STARTING", "SUCCEEDED", "STARTING"}));
    world.restart();
    world.ran(array.child(1), 0);
    world.ran(array.child(3), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
}

TEST(Rerun, ASequenceGoesOnFromThere) {
    World world;
    auto builder = world.a_job().array(4).sequential();
    builder.event.only_children = {2, 3};
    const auto array = world.submit(builder);
    EXPECT_EQ(world.status(array.child(2)), "STARTING");
    EXPECT_EQ(world.status(array.child(3)), "PENDING");
    world.ran(array.child(2), 0);
    world.ran(array.child(3), 0);
    EXPECT_EQ(world.status(array), "SUCCEEDED");
}

}  // namespace
}  // namespace batchd::core::test
