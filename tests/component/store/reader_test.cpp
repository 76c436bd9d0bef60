// What clients read.
#include "batchd/store/reader_pool.hpp"
#include "fixtures.hpp"

#include <atomic>
#include <thread>

namespace batchd::store {
namespace {

using model::JobStatus;

class ReaderTest : public StoreTest {
  protected:
    ReaderTest() {
        commit_queue();
        reader_ = reader();
    }

    void add_jobs(std::int64_t first, std::int64_t last) {
        ports::Changes changes;
        for (auto seq = first; seq <= last; ++seq) changes.new_jobs.push_back(a_job(seq));
        commit(changes);
    }

    void add_attempt(ports::AttemptPut attempt) {
        ports::Changes changes;
        changes.jobs = {{.seq = attempt.job_seq, .state = {}, .array = {}}};
        changes.jobs[0].state.status = JobStatus::Failed;
        changes.jobs[0].state.attempt = attempt.attempt.id.number;
        changes.attempts = {std::move(attempt)};
        commit(changes);
    }

    std::unique_ptr<Reader> reader_;
};

template <class Page>
std::vector<std::int64_t> seqs(const Page& page) {
    std::vector<std::int64_t> list;
    for (const auto& job : page.items) list.push_back(job.seq);
    return list;
}

TEST_F(ReaderTest, SeesEachCommitAtOnce) {
    for (std::int64_t seq = 1; seq <= 50; ++seq) {
        ASSERT_EQ(reader_->job_status(job_id(seq)).value(), std::nullopt);
        add_jobs(seq, seq);
        ASSERT_EQ(reader_->job_status(job_id(seq)).value(), JobStatus::Runnable);
    }
}

TEST_F(ReaderTest, JobsInTheOrderOfTheRequest) {
    add_jobs(1, 3);
    add_attempt(an_attempt(2, 1));
    add_attempt(an_attempt(2, 2));
    const std::vector ids{job_id(3), job_id(99), job_id(2), job_id(3)};
    const auto jobs = reader_->jobs(ids);
    ASSERT_TRUE(jobs) << jobs.error().message;
    ASSERT_EQ(jobs->size(), 3U);
    EXPECT_EQ((*jobs)[0].id, job_id(3));
    EXPECT_EQ((*jobs)[2].id, job_id(3));
    const JobDetail& job = (*jobs)[1];
    EXPECT_EQ(job.seq, 2);
    EXPECT_EQ(job.queue, "default");
    EXPECT_EQ(job.name, "job-2");
    EXPECT_EQ(job.shape.resources.vcpu, vcpus(1));
    EXPECT_EQ(job.created_at, at(2));
    EXPECT_EQ(job.state.status, JobStatus::Failed);
    EXPECT_EQ(job.spec, a_job(2).spec);
    EXPECT_EQ(job.tags, "{}");
    ASSERT_EQ(job.attempts.size(), 2U);
    EXPECT_EQ(job.attempts[0], an_attempt(2, 1).attempt);
    EXPECT_EQ(job.attempts[1], an_attempt(2, 2).attempt);
    EXPECT_EQ(reader_->attempts(job_id(2)).value(), job.attempts);
    EXPECT_TRUE(reader_->attempts(job_id(99)).value().empty());
}

TEST_F(ReaderTest, JobsOfADeletedQueueStayReadable) {
    add_jobs(1, 1);
    ports::Changes changes;
    changes.queues = {a_queue(1, "default")};
    changes.queues[0].status = "DELETED";
    commit(changes);
    EXPECT_EQ(reader_->jobs(std::vector{job_id(1)}).value().at(0).queue, "default");
    EXPECT_FALSE(reader_->queue_by_name("default").value().has_value());
}

TEST_F(ReaderTest, ListsJobsNewestFirstWithTheNewestAttempt) {
    add_jobs(1, 2);
    for (std::int32_t number = 1; number <= 2; ++number) {
        auto attempt = an_attempt(1, number);
        attempt.attempt.exit_code = number + 40;
        attempt.attempt.reason = "reason " + std::to_string(number);
        add_attempt(attempt);
    }
    const auto failed = reader_->list_jobs(1, JobStatus::Failed, {}, 10).value();
    ASSERT_EQ(failed.items.size(), 1U);
    EXPECT_EQ(failed.items[0].id, job_id(1));
    EXPECT_EQ(failed.items[0].exit_code, 42);
    EXPECT_EQ(failed.items[0].reason, "reason 2");
    EXPECT_EQ(failed.items[0].state.attempt, 2);
    EXPECT_EQ(failed.items[0].definition_name, "hello");
    EXPECT_EQ(failed.items[0].definition_revision, 3);
    const auto runnable = reader_->list_jobs(1, JobStatus::Runnable, {}, 10).value();
    EXPECT_EQ(seqs(runnable), std::vector<std::int64_t>{2});
    EXPECT_EQ(runnable.items[0].exit_code, std::nullopt);
}

TEST_F(ReaderTest, CursorsOfJobsAreStableUnderInserts) {
    add_jobs(1, 5);
    const auto first = reader_->list_jobs(1, JobStatus::Runnable, {}, 2).value();
    EXPECT_EQ(seqs(first), (std::vector<std::int64_t>{5, 4}));
    add_jobs(6, 9);
    const auto second = reader_->list_jobs(1, JobStatus::Runnable, first.next, 2).value();
    EXPECT_EQ(seqs(second), (std::vector<std::int64_t>{3, 2}));
    const auto third = reader_->list_jobs(1, JobStatus::Runnable, second.next, 2).value();
    EXPECT_EQ(seqs(third), std::vector<std::int64_t>{1});
    EXPECT_EQ(third.next, std::nullopt);
}

TEST_F(ReaderTest, AFullLastPageHasNoCursor) {
    add_jobs(1, 2);
    EXPECT_EQ(reader_->list_jobs(1, JobStatus::Runnable, {}, 2).value().next, std::nullopt);
}

TEST_F(ReaderTest, QueuesAndEnvironmentsByName) {
    ports::Changes changes;
    changes.queues = {a_queue(2, "b"), a_queue(3, "a"), a_queue(4, "gone")};
    changes.queues[2].status = "DELETED";
    changes.environments = {an_environment(5, "y"), an_environment(6, "x")};
    changes.tags = {
        a_patch({.kind = ports::ResourceKind::JobQueue, .name = "a", .revision = 0, .job = {}},
                R"({"k":"v"})")};
    commit(changes);
    const auto first = reader_->queues({}, {}, 2).value();
    ASSERT_EQ(first.items.size(), 2U);
    EXPECT_EQ(first.items[0].row.id, 3);
    EXPECT_EQ(first.items[0].tags, R"({"k":"v"})");
    EXPECT_EQ(first.next, "b");
    const auto second = reader_->queues({}, first.next, 2).value();
    ASSERT_EQ(second.items.size(), 1U);
    EXPECT_EQ(second.items[0].row.document.job_queue_name, "default");
    const auto named = reader_->queues({"b", "gone", "nobody", "b\"'"}, {}, 100).value();
    ASSERT_EQ(named.items.size(), 1U);
    EXPECT_EQ(named.items[0].row.id, 2);
    EXPECT_EQ(reader_->queue_by_name("a").value()->row.id, 3);
    const auto environments = reader_->environments({}, {}, 100).value();
    ASSERT_EQ(environments.items.size(), 2U);
    EXPECT_EQ(environments.items[0].row.uuid, "uuid-of-x");
    EXPECT_EQ(reader_->environments({"y"}, {}, 100).value().items.at(0).row.id, 5);
}

class DefinitionReaderTest : public ReaderTest {
  protected:
    DefinitionReaderTest() {
        ports::Changes changes;
        changes.definitions = {a_definition("a", 1), a_definition("a", 2),
                               a_definition("a", 3, false), a_definition("b", 1)};
        commit(changes);
    }

    std::string list(const DefinitionFilter& filter) {
        std::string text;
        std::optional<DefinitionKey> after;
        do {
            const auto page = reader_->definitions(filter, after, 2).value();
            for (const auto& item : page.items) {
                text += item.row.name + std::to_string(item.row.revision) + " ";
            }
            text += "| ";
            after = page.next;
        } while (after);
        return text;
    }
};

TEST_F(DefinitionReaderTest, NewestRevisionFirstInPages) {
    EXPECT_EQ(list({}), "a3 a2 | a1 b1 | ");
    EXPECT_EQ(list({.only = {}, .name = "a", .active = {}}), "a3 a2 | a1 | ");
    EXPECT_EQ(list({.only = {}, .name = "a", .active = true}), "a2 a1 | ");
    EXPECT_EQ(list({.only = {}, .name = {}, .active = false}), "a3 | ");
    EXPECT_EQ(list({.only = {}, .name = {}, .active = true}), "a2 a1 | b1 | ");
}

TEST_F(DefinitionReaderTest, ExactlyThoseAskedFor) {
    EXPECT_EQ(
        list(
            {.only = {{"b", 1}, {"a", 1}, {"a", 3}, {"b", 1}, {"c", 1}}, .name = {}, .active = {}}),
        "a3 a1 | b1 | ");
    EXPECT_EQ(list({.only = {{"a", 2}, {"a", std::nullopt}, {"c", std::nullopt}},
                    .name = {},
                    .active = {}}),
              "a3 a2 | a1 | ")
        << "all revisions of a name";
}

/// a:3 was deregistered at 4.
TEST_F(DefinitionReaderTest, OneThatWasDeregisteredAfterATime) {
    const auto found = [&](std::optional<std::int32_t> revision, std::int64_t after) {
        const auto one = reader_->inactive_definition("a", revision, at(after)).value();
        return one ? one->row.revision : 0;
    };
    EXPECT_EQ(found(3, 3), 3);
    EXPECT_EQ(found({}, 3), 3);
    EXPECT_EQ(found(3, 4), 0);
    EXPECT_EQ(found({}, 4), 0);
    EXPECT_EQ(found(2, 0), 0) << "it is ACTIVE";
}

TEST_F(ReaderTest, LogStreams) {
    add_jobs(1, 4);
    for (std::int64_t seq = 1; seq <= 3; ++seq) add_attempt(an_attempt(seq, 1));
    auto other = an_attempt(4, 1);
    other.attempt.log_group = "my/group";
    other.attempt.log_stream = "zeta/default/1";
    add_attempt(other);
    EXPECT_EQ(reader_->log_groups().value(),
              (std::vector<std::string>{"/aws/batch/job", "my/group"}));
    const auto log = reader_->log_by_name("my/group", "zeta/default/1").value();
    ASSERT_TRUE(log);
    EXPECT_EQ(log->id, model::LogId(other.attempt.id));
    EXPECT_EQ(log->started_at, other.attempt.started_at);
    EXPECT_FALSE(reader_->log_by_name("/aws/batch/job", "zeta/default/1").value());
    const auto first = reader_->log_streams("/aws/batch/job", "hello/", {}, 2).value();
    ASSERT_EQ(first.items.size(), 2U);
    EXPECT_EQ(first.items[1].id, model::LogId(an_attempt(2, 1).attempt.id));
    const auto rest = reader_->log_streams("/aws/batch/job", "hello/", first.next, 2).value();
    ASSERT_EQ(rest.items.size(), 1U);
    EXPECT_EQ(rest.items[0].id, model::LogId(an_attempt(3, 1).attempt.id));
    EXPECT_EQ(rest.next, std::nullopt);
    EXPECT_TRUE(reader_->log_streams("/aws/batch/job", "z", {}, 2).value().items.empty());
    const auto exact = reader_->log_streams("/aws/batch/job", "hello/default/2-1", {}, 2).value();
    EXPECT_EQ(exact.items.size(), 1U);
}

/// An attempt's row has no log of its own then; each container's stands among the others.
TEST_F(ReaderTest, LogStreamsOfSeveralContainers) {
    add_jobs(1, 2);
    add_attempt(an_attempt(1, 1));
    auto task = an_attempt(2, 1);
    task.attempt.log_group.clear();
    task.attempt.log_stream.clear();
    const std::string group = "/aws/batch/job";
    task.attempt.containers = {
        {.name = "main", .exit_code = 3, .reason = "r", .log_group = group, .log_stream = "a/main"},
        {.name = "never", .exit_code{}, .reason{}, .log_group{}, .log_stream{}},
        {.name = "side", .exit_code{}, .reason{}, .log_group = "g", .log_stream = "z/side"}};
    add_attempt(task);
    add_attempt(task);  // written again when it changes
    EXPECT_EQ(reader_->log_groups().value(), (std::vector<std::string>{group, "g"}));
    const auto side = reader_->log_by_name("g", "z/side").value();
    ASSERT_TRUE(side);
    EXPECT_EQ(side->id, model::LogId(task.attempt.id, 2));
    const auto first = reader_->log_streams(group, "", {}, 1).value();
    ASSERT_EQ(first.items.size(), 1U);
    EXPECT_EQ(first.items[0].id, model::LogId(task.attempt.id, 0));
    EXPECT_EQ(first.items[0].log_stream, "a/main");
    const auto rest = reader_->log_streams(group, "", first.next, 5).value();
    ASSERT_EQ(rest.items.size(), 1U);
    EXPECT_EQ(rest.items[0].id, model::LogId(an_attempt(1, 1).attempt.id));
    EXPECT_EQ(reader_->attempts(task.attempt.id.job).value().front(), task.attempt);
}

TEST_F(ReaderTest, ABackupIsACompleteDatabase) {
    add_jobs(1, 100);
    ASSERT_TRUE(reader_->backup(path("backup.db")));
    auto copy = SqliteStore::open(path("backup.db"));
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(load_all(**copy).value().jobs.size(), 100U);
    EXPECT_EQ((*copy)->instance_id(), store_->instance_id());
    EXPECT_EQ(reader_->backup(path("backup.db")).error().kind, ErrorKind::Conflict);
}

TEST_F(ReaderTest, ThePoolSharesItsReadersAmongThreads) {
    add_jobs(1, 1);
    auto pool = ReaderPool::open(path(), 2);
    ASSERT_TRUE(pool) << pool.error().message;
    std::atomic<int> inside = 0;
    std::atomic<int> found = 0;
    std::atomic<bool> too_many = false;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 50; ++n) {
                    (*pool)->with([&](Reader& lent) {
                        if (++inside > 2) too_many = true;
                        if (lent.job_status(job_id(1)).value()) ++found;
                        --inside;
                    });
                }
            });
        }
    }
    EXPECT_EQ(found, 400);
    EXPECT_FALSE(too_many);
}

TEST_F(ReaderTest, JobsByConsumableResource) {
    ports::Changes changes;
    for (int i = 1; i <= 5; ++i) {
        auto job = a_job(100 + i);
        if (i != 3) job.row.traits.shape.consumables = {{.name = "licence", .quantity = i}};
        if (i == 5) job.row.state.status = JobStatus::Failed;
        changes.new_jobs.push_back(std::move(job));
    }
    commit(changes);
    const auto found = reader()->list_consumers("licence", {}, std::nullopt, 2);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->items.size(), 2U);
    EXPECT_EQ(found->items[0].id, job_id(105));
    EXPECT_EQ(found->items[0].quantity, 5);
    EXPECT_EQ(found->items[0].queue, "default");
    EXPECT_EQ(found->items[1].shape.consumables[0].quantity, 4);
    const auto rest = reader()->list_consumers("licence", {}, found->next, 10);
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->items.size(), 2U);
    const auto failed = reader()->list_consumers(
        "licence", {.status = JobStatus::Failed, .name = "JOB-1*"}, std::nullopt, 10);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->items.size(), 1U);
    EXPECT_TRUE(reader()->list_consumers("tape", {}, std::nullopt, 10)->items.empty());
}

}  // namespace
}  // namespace batchd::store
