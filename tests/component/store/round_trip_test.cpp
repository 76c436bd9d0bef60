// Every kind of change, written, closed, opened again and loaded.
#include "fixtures.hpp"

namespace batchd::store {
namespace {

using model::JobStatus;
using RoundTrip = StoreTest;

TEST_F(RoundTrip, AnEmptyDatabaseLoadsAnEmptySnapshot) {
    const auto snapshot = load();
    EXPECT_TRUE(snapshot.jobs.empty());
    EXPECT_EQ(snapshot.next_seq, 1);
    EXPECT_EQ(snapshot.next_id, 1);
}

TEST_F(RoundTrip, Environments) {
    ports::Changes changes;
    changes.environments = {an_environment(1, "local"), an_environment(2, "gone")};
    commit(changes);
    changes.environments = {an_environment(2, "gone")};
    changes.environments[0].status = "DELETED";
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.environments.size(), 1U);
    const auto& row = snapshot.environments[0];
    EXPECT_EQ(row.id, 1);
    EXPECT_EQ(row.uuid, "uuid-of-local");
    EXPECT_EQ(row.status, "VALID");
    EXPECT_EQ(row.status_reason, "ComputeEnvironment Healthy");
    EXPECT_EQ(row.created_at, at(1));
    EXPECT_EQ(row.document.type, "UNMANAGED");
    EXPECT_EQ(row.document.compute_resources->instance_types,
              (std::vector<std::string>{"m5.large", "optimal"}));
    EXPECT_EQ(snapshot.next_id, 3) << "the id of a deleted environment is not given again";
}

TEST_F(RoundTrip, QueuesAndTheNameOfADeletedOneIsFree) {
    ports::Changes changes;
    changes.queues = {a_queue(1, "default")};
    commit(changes);
    changes.queues[0].status = "DELETED";
    commit(changes);
    changes.queues = {a_queue(2, "default")};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.queues.size(), 1U);
    EXPECT_EQ(snapshot.queues[0].id, 2);
    EXPECT_EQ(snapshot.queues[0].document.priority, 7);
    EXPECT_EQ(snapshot.queues[0].document.job_state_time_limit_actions.at(0).max_time_seconds, 600);
    ASSERT_EQ(snapshot.queues[0].document.compute_environment_order.size(), 1U);
    EXPECT_EQ(snapshot.queues[0].document.compute_environment_order[0].compute_environment,
              "local");
}

TEST_F(RoundTrip, TwoLivingQueuesCannotShareAName) {
    ports::Changes changes;
    changes.queues = {a_queue(1, "default"), a_queue(2, "default")};
    const auto done = store_->commit(changes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Internal);
}

TEST_F(RoundTrip, DefinitionsAndTheirLastRevisions) {
    ports::Changes changes;
    changes.definitions = {a_definition("hello", 1), a_definition("hello", 2),
                           a_definition("other", 1)};
    commit(changes);
    changes.definitions = {a_definition("hello", 2, false), a_definition("other", 1, false)};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.definitions.size(), 1U);
    EXPECT_EQ(snapshot.definitions[0].name, "hello");
    EXPECT_EQ(snapshot.definitions[0].revision, 1);
    EXPECT_EQ(snapshot.definitions[0].document->container_properties->image, "alpine:1");
    const std::vector<std::pair<std::string, std::int32_t>> expected{{"hello", 2}, {"other", 1}};
    EXPECT_EQ(snapshot.last_revisions, expected);
}

TEST_F(RoundTrip, AJobWithAllItsTraits) {
    commit_queue();
    ports::JobInsert job = a_job(1);
    auto& traits = job.row.traits;
    traits.shape.resources = {.vcpu = MilliVcpu{250}, .memory = MiB{1024}, .gpus = 2};
    traits.shape.fargate = true;
    traits.shape.consumables = {{.name = "licence", .quantity = 2},
                                {.name = "tape", .quantity = 1}};
    traits.share = "team";
    traits.scheduling_priority = -5;
    traits.attempts = 10;
    traits.timeout = Seconds{90};
    traits.retry_rules = {{.on_status_reason = "Host EC2*",
                           .on_reason = {},
                           .on_exit_code = "1*",
                           .action = "RETRY"}};
    traits.depends_on = {{.id = job_id(77)},
                         {.id = job_id(78).child(9)},
                         {.id = job_id(79), .kind = model::Dependency::Kind::AfterAny},
                         {.id = job_id(80), .kind = model::Dependency::Kind::AfterAny},
                         {.id = job_id(81), .kind = model::Dependency::Kind::AfterNotOk},
                         {.id = job_id(82).child(1), .kind = model::Dependency::Kind::AfterStart}};
    job.row.state = {.status = JobStatus::Pending,
                     .status_reason = "waits \"here\"",
                     .attempt = 0,
                     .started_at = at(5),
                     .stopped_at = {},
                     .is_cancelled = true,
                     .is_terminated = false};
    ports::Changes changes;
    changes.new_jobs = {job};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.jobs.size(), 1U);
    const auto& loaded = snapshot.jobs[0];
    EXPECT_EQ(loaded.id, job_id(1));
    EXPECT_EQ(loaded.queue_id, 1);
    EXPECT_EQ(loaded.name, "job-1");
    EXPECT_EQ(loaded.definition_name, "hello");
    EXPECT_EQ(loaded.definition_revision, 3);
    EXPECT_EQ(loaded.created_at, at(1));
    EXPECT_EQ(loaded.state, job.row.state);
    EXPECT_EQ(loaded.traits.shape, traits.shape);
    EXPECT_EQ(loaded.traits.share, "team");
    EXPECT_EQ(loaded.traits.scheduling_priority, -5);
    EXPECT_EQ(loaded.traits.attempts, 10);
    EXPECT_EQ(loaded.traits.timeout, Seconds{90});
    EXPECT_EQ(loaded.traits.retry_rules, traits.retry_rules);
    EXPECT_EQ(loaded.traits.depends_on, traits.depends_on);
    EXPECT_EQ(snapshot.next_seq, 2);
}

TEST_F(RoundTrip, SharesComeAndGo) {
    commit_queue();
    ports::Changes changes;
    changes.shares = {{.queue_id = 1, .identifier = "a", .past_vcpus = 0.1 + 0.2, .at = at(7)},
                      {.queue_id = 1, .identifier = "b", .past_vcpus = 3, .at = at(8)}};
    commit(changes);
    changes.shares = {{.queue_id = 1, .identifier = "b", .at = {}, .is_gone = true}};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.shares.size(), 1U);
    EXPECT_EQ(snapshot.shares[0].queue_id, 1);
    EXPECT_EQ(snapshot.shares[0].identifier, "a");
    EXPECT_EQ(snapshot.shares[0].past_vcpus, 0.1 + 0.2);
    EXPECT_EQ(snapshot.shares[0].at, at(7));
}

TEST_F(RoundTrip, OnlyUnfinishedJobsAreLoadedInOrderOfTheirSeq) {
    ports::Changes changes;
    changes.queues = {a_queue(1, "default"), a_queue(2, "other")};
    for (std::int64_t seq = 1; seq <= 6; ++seq) changes.new_jobs.push_back(a_job(seq, 1 + seq % 2));
    for (const std::int64_t seq : {2, 5}) {
        ports::JobUpdate update{.seq = seq, .state = {}, .array = {}};
        update.state.status = seq == 2 ? JobStatus::Succeeded : JobStatus::Failed;
        changes.jobs.push_back(update);
    }
    commit(changes);
    std::vector<std::int64_t> loaded;
    for (const auto& job : load().jobs) loaded.push_back(job.seq);
    EXPECT_EQ(loaded, (std::vector<std::int64_t>{1, 3, 4, 6}));
    EXPECT_EQ(store_->ended_state(job_id(5)).value()->status, JobStatus::Failed);
    EXPECT_EQ(store_->ended_state(job_id(99)).value(), std::nullopt);
}

TEST_F(RoundTrip, TheNewestAttemptOfPlacedJobs) {
    commit_queue();
    ports::Changes changes;
    changes.new_jobs = {a_job(1), a_job(2), a_job(3)};
    changes.new_jobs[0].row.state.status = JobStatus::Running;
    changes.new_jobs[0].row.state.attempt = 2;
    changes.new_jobs[1].row.state.status = JobStatus::Runnable;  // between two attempts
    changes.new_jobs[1].row.state.attempt = 1;
    changes.new_jobs[2].row.state.status = JobStatus::Starting;
    changes.new_jobs[2].row.state.attempt = 1;
    changes.attempts = {an_attempt(1, 1), an_attempt(1, 2), an_attempt(2, 1), an_attempt(3, 1)};
    commit(changes);
    ports::Changes later;
    later.attempts = {an_attempt(1, 2)};
    later.attempts[0].attempt.exit_code = -1;
    later.attempts[0].attempt.stopped_at = at(500);
    later.attempts[0].attempt.reason = "OutOfMemoryError";
    later.attempts[0].attempt.status_reason = "Essential container in task exited";
    later.attempts[0].attempt.gpus = {"GPU-b", "GPU-a"};
    commit(later);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.attempts.size(), 2U);
    EXPECT_EQ(snapshot.attempts[0], later.attempts[0].attempt);
    EXPECT_EQ(snapshot.attempts[1], an_attempt(3, 1).attempt);
}

TEST_F(RoundTrip, TheSpecOfAJob) {
    commit_queue();
    ports::Changes changes;
    changes.new_jobs = {a_job(1)};
    commit(changes);
    const auto spec = store_->job_spec(1);
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ((*spec)->job_definition, "arn:aws:batch:us-east-1:1:job-definition/hello:3");
    EXPECT_EQ(store_->job_spec(2).error().kind, ErrorKind::NotFound);
}

TEST_F(RoundTrip, TheTagsOfAJobsTasks) {
    commit_queue();
    ports::Changes changes;
    changes.definitions = {a_definition("hello", 3)};
    changes.new_jobs = {a_job(1)};
    changes.new_jobs[0].tags = R"({"who":"job","job":"1"})";
    changes.tags = {{.key = {.kind = ports::ResourceKind::JobDefinition,
                             .name = "hello",
                             .revision = 3,
                             .job = {}},
                     .patch = R"({"who":"definition","definition":"2"})"}};
    commit(changes);
    const auto tags = store_->task_tags(1, "arn:aws:batch:us-east-1:1:job-definition/hello:3");
    ASSERT_TRUE(tags) << tags.error().message;
    EXPECT_EQ(*tags, (model::StringMap{{"definition", "2"}, {"job", "1"}, {"who", "job"}}));
    EXPECT_EQ(store_->task_tags(1, "arn:aws:batch:us-east-1:1:job-definition/gone:1")->size(), 2U);
}

TEST_F(RoundTrip, TagsMergeAndStayWhenTheRowIsWrittenAgain) {
    using ports::ResourceKind;
    ports::Changes changes;
    changes.environments = {an_environment(1, "local")};
    changes.queues = {a_queue(2, "default")};
    changes.definitions = {a_definition("hello", 3)};
    changes.new_jobs = {a_job(1, 2)};
    changes.new_jobs[0].tags = R"({"a":"0","b":"2"})";
    const std::vector<ports::ResourceKey> keys{
        {.kind = ResourceKind::ComputeEnvironment, .name = "local", .revision = 0, .job = {}},
        {.kind = ResourceKind::JobQueue, .name = "default", .revision = 0, .job = {}},
        {.kind = ResourceKind::JobDefinition, .name = "hello", .revision = 3, .job = {}},
        {.kind = ResourceKind::Job, .name = "", .revision = 0, .job = job_id(1)}};
    for (const auto& key : keys) changes.tags.push_back(a_patch(key, R"({"a":"1","b":"2"})"));
    commit(changes);
    ports::Changes again;
    again.environments = changes.environments;
    again.queues = changes.queues;
    again.definitions = changes.definitions;
    for (const auto& key : keys) again.tags.push_back(a_patch(key, R"({"b":null,"c":"3"})"));
    commit(again);
    reopen();
    const auto readable = reader();
    for (const auto& key : keys) {
        EXPECT_EQ(readable->tags(key).value(), R"({"a":"1","c":"3"})")
            << static_cast<int>(key.kind);
    }
}

TEST_F(RoundTrip, TagsOfWhatIsNotThere) {
    using ports::ResourceKind;
    ports::Changes changes;
    changes.queues = {a_queue(1, "default")};
    commit(changes);
    changes.queues[0].status = "DELETED";
    const ports::ResourceKey key{
        .kind = ResourceKind::JobQueue, .name = "default", .revision = 0, .job = {}};
    changes.tags = {a_patch(key, R"({"a":"1"})")};
    commit(changes);
    EXPECT_EQ(reader()->tags(key).value(), std::nullopt);
}

TEST_F(RoundTrip, TheInstanceIdStays) {
    const std::string id = store_->instance_id();
    EXPECT_TRUE(parse_uuid(id));
    reopen();
    EXPECT_EQ(store_->instance_id(), id);
}

}  // namespace
}  // namespace batchd::store
