// Service jobs, which wait, and the quota shares of their queues.
#include "builders.hpp"

namespace batchd::core::test {
namespace {

constexpr const char* kReason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY";

class ServiceWorld : public World {
  public:
    ServiceWorld() {
        model::ServiceEnvironment environment;
        environment.service_environment_name = "s";
        environment.state = "ENABLED";
        EXPECT_TRUE(tell(CreateServiceEnvironment{.document = environment, .tags = {}}));
        add_service_queue("q");
    }
    void add_service_queue(const std::string& name, std::optional<std::string> policy = {}) {
        model::JobQueue document;
        document.job_queue_name = name;
        document.state = "ENABLED";
        document.job_queue_type = model::kSageMakerTraining;
        document.service_environment_order = {{1, "s"}};
        document.scheduling_policy_arn = std::move(policy);
        document.job_state_time_limit_actions = {{kReason, "RUNNABLE", 600, "TERMINATE"}};
        const auto made = tell(CreateQueue{.document = document, .tags = {}});
        ASSERT_TRUE(made) << made.error().message;
    }
    void add_quota_queue() {
        model::SchedulingPolicy policy;
        policy.name = "quota";
        policy.quota_share_policy = {"FIFO"};
        ASSERT_TRUE(tell(CreateSchedulingPolicy{.document = policy, .tags = {}}));
        add_service_queue("quotas", "quota");
    }
    Result<Reply> add_share(const std::string& queue, const std::string& name) {
        model::QuotaShare share;
        share.quota_share_name = name;
        share.job_queue = queue;
        share.capacity_limits = {{1, "NUM_INSTANCES"}};
        share.resource_sharing_configuration.emplace().strategy = "RESERVE";
        share.preemption_configuration.emplace().in_share_preemption = "DISABLED";
        share.state = "ENABLED";
        return tell(CreateQuotaShare{.document = share, .tags = {}});
    }
    Result<Reply> submit_service(std::uint64_t id, model::ServiceJob document = {},
                                 const std::string& queue = "q") {
        return tell(SubmitServiceJob{
            .id = job_id(id), .queue = queue, .document = std::move(document), .tags = {}});
    }
    void expect_ended(std::uint64_t id, const std::string& reason) {
        EXPECT_FALSE(state.service_jobs.contains(job_id(id)));
        ASSERT_FALSE(last.changes.service_jobs.empty());
        const auto& row = last.changes.service_jobs.back();
        EXPECT_EQ(row.id, job_id(id));
        EXPECT_EQ(row.status_reason, reason);
        EXPECT_EQ(row.stopped_at, now);
    }
};

void expect_refused(const Result<Reply>& reply, const std::string& text) {
    ASSERT_FALSE(reply) << text;
    EXPECT_TRUE(reply.error().message.contains(text)) << reply.error().message;
}

TEST(ServiceJobs, WaitAndSayWhatIsMissing) {
    ServiceWorld world;
    ASSERT_TRUE(world.submit_service(100));
    const auto& row = world.state.service_jobs.at(job_id(100));
    EXPECT_FALSE(row.stopped_at);
    EXPECT_TRUE(row.status_reason.starts_with(std::string(kReason) + " - "));
    EXPECT_TRUE(row.status_reason.contains("no SageMaker"));
}

TEST(ServiceJobs, NeedAQueueOfTheirKind) {
    ServiceWorld world;
    expect_refused(world.submit_service(100, {}, "nowhere"), "JobQueue nowhere not found.");
    expect_refused(world.submit_service(100, {}, "default"), "not of type SAGEMAKER_TRAINING");
    expect_refused(world.tell(world.a_job().in("q").event), "takes service jobs");
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "q", .update = disable}));
    expect_refused(world.submit_service(100), "it is DISABLED");
}

TEST(ServiceJobs, ARepeatedTokenIsRejected) {
    ServiceWorld world;
    model::ServiceJob job;
    job.client_token = "t";
    const auto submit = [&](std::uint64_t id) {
        return SubmitServiceJob{.id = job_id(id), .queue = "q", .document = job, .tags = {}};
    };
    ASSERT_TRUE(world.tell_within_step(submit(100)));
    expect_refused(world.tell_within_step(submit(101)), "clientToken 't' was used");
    world.step();
    EXPECT_TRUE(world.tell(submit(103))) << "once stored, it is for the store to find";
    expect_refused(world.tell(SubmitServiceJob{.id = job_id(102),
                                               .queue = "q",
                                               .document =
                                                   [] {
                                                       model::ServiceJob other;
                                                       other.client_token = "of an ended job";
                                                       return other;
                                                   }(),
                                               .tags = {},
                                               .is_repeated = true}),
                   "clientToken 'of an ended job' was used");
}

TEST(ServiceJobs, AreTerminatedOnce) {
    ServiceWorld world;
    ASSERT_TRUE(world.submit_service(100));
    ASSERT_TRUE(world.tell(TerminateServiceJob{.id = job_id(100), .reason = "enough"}));
    world.expect_ended(100, "enough");
    ASSERT_TRUE(world.tell(TerminateServiceJob{.id = job_id(100), .reason = "again"}));
    EXPECT_TRUE(world.last.changes.service_jobs.empty());
    ASSERT_FALSE(world.tell(UpdateServiceJob{.id = job_id(100), .scheduling_priority = 1}));
}

TEST(ServiceJobs, AreServedByPriorityThenAge) {
    ServiceWorld world;
    for (const std::uint64_t id : {100U, 101U, 102U}) ASSERT_TRUE(world.submit_service(id));
    ASSERT_TRUE(world.tell(UpdateServiceJob{.id = job_id(101), .scheduling_priority = 7}));
    const auto& queue = world.state.queue(*world.state.find_queue("q"));
    std::vector<model::JobId> front;
    for (const auto& job : front_of_service_queue(world.state, queue, "", 2)) {
        front.push_back(job.id);
    }
    EXPECT_EQ(front, (std::vector{job_id(101), job_id(100)}));
}

TEST(ServiceJobs, TheHeadEndsWhenItsTimeIsUp) {
    ServiceWorld world;
    ASSERT_TRUE(world.submit_service(100));
    world.now += Seconds{599};
    ASSERT_TRUE(world.submit_service(101));
    world.step();
    EXPECT_EQ(world.state.service_jobs.size(), 2U);
    EXPECT_EQ(next_deadline(world.state), world.now + Seconds{1});
    world.now += Seconds{1};
    world.step();
    world.expect_ended(
        100, std::string("Terminated by JobStateTimeLimit action due to reason: ") + kReason);
    EXPECT_TRUE(world.state.service_jobs.contains(job_id(101))) << "its own time begins now";
    world.now += Seconds{600};
    world.step();
    EXPECT_TRUE(world.state.service_jobs.empty());
    EXPECT_FALSE(next_deadline(world.state));
}

TEST(ServiceJobs, GoWithTheirQueue) {
    ServiceWorld world;
    ASSERT_TRUE(world.submit_service(100));
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "q", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteQueue{"q"}));
    world.expect_ended(100, "JobQueue q deleted");
    EXPECT_TRUE(world.state.service_lines.empty());
}

TEST(ServiceJobs, AreRestored) {
    ServiceWorld world;
    ASSERT_TRUE(world.submit_service(100));
    model::Snapshot stored;
    for (const auto& environment : world.state.environments) {
        stored.environments.push_back(environment.row);
    }
    for (const auto& queue : world.state.queues) stored.queues.push_back(queue.row);
    stored.service_jobs.push_back(world.state.service_jobs.at(job_id(100)));
    stored.next_service_seq = 2;
    State restored;
    ASSERT_TRUE(restore(restored, stored, world.now));
    EXPECT_TRUE(restored.service_jobs.contains(job_id(100)));
    EXPECT_EQ(restored.next_service_seq, 2);
    EXPECT_EQ(next_deadline(restored), world.now + Seconds{600});
}

TEST(QuotaShares, BelongToQueuesWithAQuotaPolicy) {
    ServiceWorld world;
    expect_refused(world.add_share("nowhere", "a"), "JobQueue nowhere not found.");
    expect_refused(world.add_share("q", "a"), "no scheduling policy with a quotaSharePolicy");
    world.add_quota_queue();
    ASSERT_TRUE(world.add_share("quotas", "a"));
    expect_refused(world.add_share("quotas", "a"), "already exists");
    model::JobQueue document;
    document.job_queue_name = "containers";
    document.compute_environment_order = {{1, "local"}};
    document.scheduling_policy_arn = "quota";
    expect_refused(world.tell(CreateQueue{.document = document, .tags = {}}),
                   "Quota Management feature is only supported for SageMaker Training job queues.");
}

TEST(QuotaShares, AQueueKeepsTheKindOfItsPolicy) {
    ServiceWorld world;
    world.add_quota_queue();
    model::SchedulingPolicy fair;
    fair.name = "fair";
    fair.fairshare_policy.emplace();
    ASSERT_TRUE(world.tell(CreateSchedulingPolicy{.document = fair, .tags = {}}));
    model::JobQueueUpdate update;
    update.scheduling_policy_arn = "fair";
    expect_refused(world.tell(UpdateQueue{.name = "quotas", .update = update}), "another kind");
}

TEST(QuotaShares, TakeJobsByName) {
    ServiceWorld world;
    world.add_quota_queue();
    ASSERT_TRUE(world.add_share("quotas", "a"));
    model::ServiceJob job;
    expect_refused(world.submit_service(100, job, "quotas"), "quotaShareName is required");
    job.quota_share_name = "b";
    expect_refused(world.submit_service(100, job, "quotas"), "no ENABLED quota share");
    expect_refused(world.submit_service(100, job, "q"), "no quota-share scheduling policy");
    job.quota_share_name = "a";
    ASSERT_TRUE(world.submit_service(100, job, "quotas"));
    job.quota_share_name.reset();
    job.share_identifier = "red";
    expect_refused(world.submit_service(101, job, "q"), "fair share scheduling policy");
}

TEST(QuotaShares, AreDeletedDisabledAndWithoutJobs) {
    ServiceWorld world;
    world.add_quota_queue();
    ASSERT_TRUE(world.add_share("quotas", "a"));
    model::ServiceJob job;
    job.quota_share_name = "a";
    ASSERT_TRUE(world.submit_service(100, job, "quotas"));
    expect_refused(world.tell(DeleteQuotaShare{"quotas/a"}), "must be DISABLED");
    model::QuotaShareUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQuotaShare{.key = "quotas/a", .update = disable}));
    expect_refused(world.tell(DeleteQuotaShare{"quotas/a"}), "have not ended");
    ASSERT_TRUE(world.tell(TerminateServiceJob{.id = job_id(100), .reason = "r"}));
    ASSERT_TRUE(world.tell(DeleteQuotaShare{"quotas/a"}));
    expect_refused(world.tell(DeleteQuotaShare{"quotas/a"}), "does not exist");
}

TEST(QuotaShares, GoWithTheirQueue) {
    ServiceWorld world;
    world.add_quota_queue();
    ASSERT_TRUE(world.add_share("quotas", "a"));
    model::JobQueueUpdate disable;
    disable.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "quotas", .update = disable}));
    ASSERT_TRUE(world.tell(DeleteQueue{"quotas"}));
    EXPECT_TRUE(world.state.quota_shares.empty());
}

}  // namespace
}  // namespace batchd::core::test
