// Ended jobs go when their time is over, with all that belongs to them.
#include "batchd/store/search.hpp"
#include "fixtures.hpp"
#include "store/database.hpp"
#include "store/job_bits.hpp"

#include <set>

namespace batchd::store {
namespace {

using model::JobStatus;

constexpr std::int64_t kHourMs = 3'600'000;

class FakeLogs final : public ports::LogRemover {
  public:
    void remove(std::vector<model::LogId> logs) override {
        for (const auto& id : logs) removed.insert(id);
    }
    bool is_idle() const override { return is_idle_now; }

    std::set<model::LogId> removed;
    bool is_idle_now = true;
};

class FakeSink final : public ports::RetentionSink {
  public:
    void job_removed(const std::string& queue, JobStatus status, Reason reason) override {
        removed.push_back(queue + " " + std::string(to_string(status)) +
                          (reason == Reason::Age ? " age" : " size"));
    }
    void database_measured(std::int64_t now, std::int64_t) override { bytes = now; }

    std::vector<std::string> removed;
    std::int64_t bytes = 0;
};

class RetentionTest : public StoreTest {
  protected:
    RetentionTest() {
        ports::Changes changes;
        changes.queues = {a_queue(1, "default"), a_queue(2, "ci")};
        commit(changes);
    }

    /// Ended, `age` hours before hour 1000.
    void add_job(std::int64_t seq, JobStatus status, std::int64_t hours, std::int64_t queue = 1) {
        ports::Changes changes;
        auto job = a_job(seq, queue);
        job.row.created_at = at((999 - hours) * kHourMs);
        job.row.state.status = status;
        job.row.state.attempt = 1;
        job.row.state.stopped_at = at((1000 - hours) * kHourMs);
        job.row.traits.shape.consumables = {{.name = "licence", .quantity = 1}};
        changes.new_jobs = {std::move(job)};
        auto attempt = an_attempt(seq, 1);
        attempt.attempt.containers = {{.name = "a",
                                       .exit_code = 0,
                                       .reason = "",
                                       .log_group = "g",
                                       .log_stream = "a/" + std::to_string(seq)},
                                      {.name = "b",
                                       .exit_code = 0,
                                       .reason = "",
                                       .log_group = "g",
                                       .log_stream = "b/" + std::to_string(seq)}};
        changes.attempts = {std::move(attempt)};
        commit(changes);
    }

    /// A live one.
    void add_dependent(std::int64_t seq, const model::JobId& on) {
        ports::Changes changes;
        auto job = a_job(seq);
        job.row.traits.depends_on = {{.id = on}};
        changes.new_jobs = {std::move(job)};
        commit(changes);
    }

    void keep(Retention retention) {
        load();
        store_->retain(std::move(retention), logs_, sink_);
        tend();
    }

    void tend() {
        now_ms_ += 1;
        const Timestamp now = at(1000 * kHourMs + now_ms_);
        for (int slices = 0; slices < 10'000; ++slices) {
            const auto next = store_->tend(now);
            ASSERT_TRUE(next) << next.error().message << " " << next.error().context;
            if (*next > now) return;
        }
        FAIL() << "it does not come to an end";
    }

    bool is_stored(std::int64_t seq) {
        const auto id = job_id(seq);
        const auto found = reader()->jobs(std::span(&id, 1));
        EXPECT_TRUE(found);
        return found && !found->empty();
    }

    std::int64_t count(const std::string& what) {
        auto database = Database::open(path(), Database::Access::ReadOnly);
        std::int64_t count = 0;
        const auto done = database->each("SELECT count(*) FROM " + what, [&](Row& row) -> Result<> {
            row.read(count);
            return {};
        });
        EXPECT_TRUE(done) << what;
        return count;
    }

    FakeLogs logs_;
    FakeSink sink_;
    std::int64_t now_ms_ = 0;
};

constexpr Retention::Ages kDay{.succeeded = std::chrono::days{1}, .failed = std::chrono::days{2}};

TEST_F(RetentionTest, WhatIsPastItsTimeGoesWithAllThatBelongsToIt) {
    add_job(1, JobStatus::Failed, 50);
    add_job(2, JobStatus::Succeeded, 30);
    add_job(3, JobStatus::Failed, 30);
    add_job(4, JobStatus::Succeeded, 20);
    keep({.ages = kDay, .queues = {}});
    EXPECT_FALSE(is_stored(1));
    EXPECT_FALSE(is_stored(2));
    EXPECT_TRUE(is_stored(3));
    EXPECT_TRUE(is_stored(4));
    EXPECT_EQ(sink_.removed,
              (std::vector<std::string>{"default FAILED age", "default SUCCEEDED age"}));
    EXPECT_EQ(logs_.removed, (std::set<model::LogId>{{{.job = job_id(1), .number = 1}, 0},
                                                     {{.job = job_id(1), .number = 1}, 1},
                                                     {{.job = job_id(2), .number = 1}, 0},
                                                     {{.job = job_id(2), .number = 1}, 1}}));
    EXPECT_EQ(count("job"), 2);
    EXPECT_EQ(count("job_spec"), 2);
    EXPECT_EQ(count("job_consumable"), 2);
    EXPECT_EQ(count("attempt"), 2);
    EXPECT_EQ(count("container_log"), 4);
    tend();
    EXPECT_EQ(sink_.removed.size(), 2U);
}

/// Each table that refers to jobs must be emptied, or no job could be deleted.
TEST_F(RetentionTest, NoTableIsForgotten) {
    auto database = Database::open(path(), Database::Access::ReadOnly);
    std::set<std::string> tables;
    const auto done = database->each(
        "SELECT m.name FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f"
        " WHERE m.type = 'table' AND f.\"table\" = 'job'",
        [&](Row& row) -> Result<> {
            std::string name;
            row.read(name);
            tables.insert(name);
            return {};
        });
    ASSERT_TRUE(done);
    EXPECT_EQ(tables,
              (std::set<std::string>{"array", "attempt", "child", "job_consumable", "job_spec"}));
}

TEST_F(RetentionTest, AQueueMayKeepItsJobsLonger) {
    add_job(1, JobStatus::Succeeded, 30, 1);
    add_job(2, JobStatus::Succeeded, 30, 2);
    add_job(3, JobStatus::Failed, 60, 2);
    keep({.ages = kDay, .queues = {{"ci", {.succeeded = Seconds{0}, .failed = {}}}}});
    EXPECT_FALSE(is_stored(1));
    EXPECT_TRUE(is_stored(2));
    EXPECT_FALSE(is_stored(3));
}

TEST_F(RetentionTest, AQueuesTagsStandAboveTheConfiguration) {
    add_job(1, JobStatus::Succeeded, 30, 1);
    add_job(2, JobStatus::Succeeded, 30, 2);
    ports::Changes changes;
    changes.tags = {a_patch({.kind = ports::ResourceKind::JobQueue, .name = "default", .job = {}},
                            R"({"batchd:retain-succeeded":"7d"})"),
                    a_patch({.kind = ports::ResourceKind::JobQueue, .name = "ci", .job = {}},
                            R"({"batchd:retain-succeeded":"20h"})")};
    commit(changes);
    keep({.ages = {}, .queues = {{"default", kDay}}});
    EXPECT_TRUE(is_stored(1));
    EXPECT_FALSE(is_stored(2));
}

TEST_F(RetentionTest, WhatALiveJobDependsOnStays) {
    add_job(1, JobStatus::Succeeded, 30);
    add_dependent(2, job_id(1));
    keep({.ages = kDay, .queues = {}});
    EXPECT_TRUE(is_stored(1));
    reopen();
    keep({.ages = kDay, .queues = {}});
    EXPECT_TRUE(is_stored(1));
    ports::Changes changes;
    changes.jobs = {{.seq = 2, .state = {}, .array = {}}};
    changes.jobs[0].state.status = JobStatus::Succeeded;
    changes.jobs[0].state.stopped_at = at(1000 * kHourMs);
    commit(changes);
    now_ms_ += 60'000;
    tend();
    EXPECT_FALSE(is_stored(1));
    EXPECT_TRUE(is_stored(2));
}

TEST_F(RetentionTest, AJobThatIsNeededWhileItsLogsGoStays) {
    add_job(1, JobStatus::Succeeded, 30);
    logs_.is_idle_now = false;
    keep({.ages = kDay, .queues = {}});
    EXPECT_TRUE(is_stored(1));
    add_dependent(2, job_id(1));
    logs_.is_idle_now = true;
    tend();
    EXPECT_TRUE(is_stored(1));
}

TEST_F(RetentionTest, ASeqIsNeverGivenAgain) {
    add_job(1, JobStatus::Succeeded, 30);
    add_job(2, JobStatus::Succeeded, 30);
    keep({.ages = kDay, .queues = {}});
    EXPECT_EQ(count("job"), 0);
    reopen();
    EXPECT_EQ(load().next_seq, 3);
}

TEST_F(RetentionTest, AnIdOfThatTimeMayHaveBeenRemoved) {
    const auto made_at = [](std::int64_t hours) {
        return model::JobId{.uuid = make_uuid(at(hours * kHourMs))};
    };
    add_job(1, JobStatus::Succeeded, 30);
    EXPECT_FALSE(store_->may_have_removed(made_at(900)).value());
    keep({.ages = kDay, .queues = {}});
    EXPECT_TRUE(store_->may_have_removed(made_at(969)).value());
    EXPECT_FALSE(store_->may_have_removed(made_at(970)).value());
    model::JobId foreign = made_at(900);
    foreign.uuid.bytes[6] = 0x40;
    EXPECT_FALSE(store_->may_have_removed(foreign).value());
}

TEST_F(RetentionTest, NothingStaysOfABlockOfTheIndexWhoseTagsChanged) {
    ports::Changes changes;
    for (std::int64_t seq = 1; seq <= JobBits::kJobs; ++seq) {
        changes.new_jobs.push_back(a_job(seq));
        if (seq < JobBits::kJobs) changes.new_jobs.back().row.state.status = JobStatus::Succeeded;
    }
    commit(changes);
    tend();
    EXPECT_GT(count("search_term WHERE block = 0"), 1000);
    EXPECT_EQ(count("search_block"), 1);
    changes = {};
    changes.tags = {a_patch({.kind = ports::ResourceKind::Job, .name = {}, .job = job_id(7)},
                            R"({"team":"z"})")};
    commit(changes);
    EXPECT_EQ(count("search_block"), 0);
    keep({.ages = kDay, .queues = {}});
    EXPECT_EQ(count("job"), 1);
    now_ms_ += 11'000;
    tend();
    EXPECT_EQ(count("search_term"), 0);
    EXPECT_EQ(count("search_block"), 0);
}

TEST_F(RetentionTest, AboveTheLargestSizeTheOldestGo) {
    ports::Changes changes;
    for (std::int64_t seq = 1; seq <= 3000; ++seq) {
        auto job = a_job(seq);
        job.spec.insert(1, R"("parameters":{"x":")" + std::string(1500, 'x') + "\"},");
        if (seq != 10) job.row.state.status = JobStatus::Succeeded;
        changes.new_jobs.push_back(std::move(job));
    }
    commit(changes);
    keep({.ages = {}, .queues = {}, .max_bytes = 2 << 20});
    EXPECT_LT(sink_.bytes, 2 << 20);
    EXPECT_GT(sink_.bytes, 1 << 20);
    EXPECT_FALSE(is_stored(1));
    EXPECT_TRUE(is_stored(10));  // it has not ended
    EXPECT_TRUE(is_stored(2999));
    EXPECT_EQ(sink_.removed.front(), "default SUCCEEDED size");
}

}  // namespace
}  // namespace batchd::store
