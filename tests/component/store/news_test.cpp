// The event feed as it is stored: batches come back as they were, the oldest go, numbers stay.
#include "fixtures.hpp"
#include "store/database.hpp"
#include "store/news_codec.hpp"

namespace batchd::store {
namespace {

using model::JobNews;
using model::JobStatus;
using model::NewsBatch;
using model::ResourceNews;

JobNews some_news(std::int64_t job) {
    JobNews news{.id = job_id(job), .count = 1, .queue = "default", .state = {}, .children = {}};
    news.state.status = JobStatus::Running;
    news.state.attempt = 2;
    news.state.started_at = at(7);
    return news;
}

NewsBatch a_batch(std::int64_t first_seq, std::int32_t count = 1) {
    NewsBatch batch{.first_seq = first_seq, .at = at(first_seq), .entries = {}};
    batch.entries.emplace_back(some_news(first_seq));
    std::get<JobNews>(batch.entries[0]).count = count;
    return batch;
}

TEST(NewsCodec, EverythingComesBack) {
    NewsBatch batch{.first_seq = 3, .at = at(1000), .entries = {}};
    JobNews child = some_news(1);
    child.id.part = 999'999;
    child.count = 1000;
    JobNews node = some_news(2);
    node.id.part = -7;
    node.state.stopped_at = at(5'000'000'000);
    node.state.is_terminated = true;
    node.state.status_reason = "because \xc3\xa4\n";
    JobNews array = some_news(3);
    array.state.is_cancelled = true;
    array.state.started_at.reset();
    array.children = {0, 1, 2, 3, 4, 5, 1'000'000};
    batch.entries = {child, node, array,
                     ResourceNews{.kind = ResourceNews::Kind::Host,
                                  .name = "h",
                                  .state = "",
                                  .status = "UP",
                                  .status_reason = "default"}};
    NewsBatch read{.first_seq = 3, .at = at(1000), .entries = {}};
    ASSERT_TRUE(decode(encode(batch), read));
    EXPECT_EQ(read.entries, batch.entries);
    EXPECT_EQ(read.count(), 1003);
}

TEST(NewsCodec, TheUsualEventIsSmall) {
    NewsBatch batch{.first_seq = 1, .at = at(0), .entries = {}};
    for (std::int64_t i = 0; i < 1000; ++i) {
        JobNews news = some_news(i);
        news.state = {};
        news.state.status = JobStatus::Runnable;
        batch.entries.emplace_back(std::move(news));
    }
    EXPECT_LT(encode(batch).size(), 26U * 1000);
}

TEST(NewsCodec, NoDamageIsReadAsEvents) {
    NewsBatch batch = a_batch(1);
    batch.entries.emplace_back(some_news(2));
    const std::string sound = encode(batch);
    for (std::size_t size = 0; size < sound.size(); ++size) {
        NewsBatch read;
        const auto done = decode(sound.substr(0, size), read);
        if (done) EXPECT_LT(read.entries.size(), 2U) << "cut to " << size;
    }
    for (std::size_t i = 0; i < sound.size(); ++i) {
        std::string damaged = sound;
        damaged[i] = static_cast<char>(0xff);
        NewsBatch read;
        (void)decode(damaged, read);  // whatever it says, it ends
    }
}

class NewsTest : public StoreTest {
  protected:
    void tell(NewsBatch batch) {
        ports::Changes changes;
        changes.news = std::move(batch);
        commit(changes);
    }
    /// The numbers of the events that a page's batches hold.
    std::vector<std::int64_t> first_seqs(std::int64_t after, std::int64_t limit) {
        const auto page = reader()->news(after, limit);
        EXPECT_TRUE(page) << page.error().message;
        std::vector<std::int64_t> list;
        for (const auto& batch : page->batches) list.push_back(batch.first_seq);
        return list;
    }
    void open_with(EventRetention retention) {
        store_.reset();
        auto store = SqliteStore::open(path(), retention);
        ASSERT_TRUE(store) << store.error().message;
        store_ = std::move(*store);
    }
};

using Seqs = std::vector<std::int64_t>;

/// A page without events, or of those that the reader has, would be asked for again and again.
TEST_F(NewsTest, ABatchWithAWrongCountIsToldAndNotReadForEver) {
    tell(a_batch(1));
    tell(a_batch(2, 10));
    tell(a_batch(12));
    const auto told = [&](const std::string& sql, std::int64_t after) {
        auto database = Database::open(path(), Database::Access::ReadWrite);
        EXPECT_TRUE(database->execute("UPDATE event_batch SET " + sql + " WHERE first_seq = 2"));
        const auto page = reader()->news(after, 3);
        return page ? "nothing" : page.error().message;
    };
    const std::string damaged = "the database " + path() + " is damaged: ";
    EXPECT_EQ(told("count = 10", 5), "nothing") << "it is whole";
    for (const auto* count : {"1", "9", "11"}) {
        EXPECT_TRUE(told("count = " + std::string(count), 1)
                        .starts_with(damaged + "count is " + count + " of 10 events"));
    }
    EXPECT_EQ(told("count = 1", 5), "event 6 is not stored, but later ones are");
    EXPECT_TRUE(told("count = 1", 10).starts_with(damaged + "event 11 is not stored"));
    EXPECT_EQ(told("count = 0", 1), "event 2 is not stored, but later ones are");
}

TEST_F(NewsTest, DamageWithholdsNothingThatStandsBeforeIt) {
    for (std::int64_t seq = 1; seq <= 4; ++seq) tell(a_batch(seq));
    const auto spoil = [&](const std::string& sql) {
        auto database = Database::open(path(), Database::Access::ReadWrite);
        EXPECT_TRUE(database->execute("UPDATE event_batch SET " + sql + " WHERE first_seq = 3"));
    };
    for (const auto* sql : {"count = 2", "count = 1, body = x'ff'"}) {
        spoil(sql);
        EXPECT_EQ(first_seqs(0, 10), (Seqs{1, 2})) << sql;
        EXPECT_FALSE(reader()->news(2, 10)) << sql;
    }
}

TEST_F(NewsTest, AnEmptyFeedHasNoNumbers) {
    const auto page = reader()->news(0, 100);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->oldest, 1);
    EXPECT_EQ(page->newest, 0);
    EXPECT_TRUE(page->batches.empty());
    EXPECT_EQ(load().next_event, 1);
}

TEST_F(NewsTest, PagesBeginInsideABatchAndEndWithOne) {
    tell(a_batch(1));
    tell(a_batch(2, 10));
    tell(a_batch(12));
    EXPECT_EQ(first_seqs(0, 100), (Seqs{1, 2, 12}));
    EXPECT_EQ(first_seqs(1, 100), (Seqs{2, 12}));
    EXPECT_EQ(first_seqs(5, 100), (Seqs{2, 12}));
    EXPECT_EQ(first_seqs(5, 1), (Seqs{2}));
    EXPECT_EQ(first_seqs(11, 1), (Seqs{12}));
    EXPECT_EQ(first_seqs(12, 1), Seqs{});
    EXPECT_EQ(first_seqs(500, 1), Seqs{});
    const auto page = reader()->news(0, 1);
    EXPECT_EQ(page->newest, 12);
    EXPECT_EQ(page->batches[0].at, at(1));
    EXPECT_EQ(page->batches[0].entries, a_batch(1).entries);
    reopen();
    EXPECT_EQ(load().next_event, 13);
}

TEST_F(NewsTest, ACommitThatFailsTakesNoNumber) {
    tell(a_batch(1));
    ports::Changes changes;
    changes.jobs = {{.seq = 99, .state = {}, .array = {}}};  // not stored
    changes.news = a_batch(2);
    EXPECT_FALSE(store_->commit(changes));
    EXPECT_EQ(load().next_event, 2);
    EXPECT_EQ(first_seqs(0, 10), Seqs{1});
}

TEST_F(NewsTest, TheOldestGoByNumberAndTheCountGoesOn) {
    open_with({.events = 100, .age = std::chrono::hours{1}});
    for (std::int64_t seq = 1; seq <= 300; ++seq) tell(a_batch(seq));
    const auto page = reader()->news(0, 10);
    EXPECT_EQ(page->newest, 300);
    EXPECT_GT(page->oldest, 300 - 100 - 64);
    EXPECT_LE(page->oldest, 300 - 99);
    EXPECT_EQ(page->batches.front().first_seq, page->oldest) << "a page begins with what is there";
    reopen();
    EXPECT_EQ(load().next_event, 301);
}

TEST_F(NewsTest, TheOldestGoByAgeButNeverTheNewest) {
    open_with({.events = 1'000'000, .age = Seconds{10}});
    tell(a_batch(1));
    tell(a_batch(2));
    open_with({.events = 1, .age = Seconds{10}});
    NewsBatch later = a_batch(3);
    later.at = at(1'000'000);
    tell(later);
    EXPECT_EQ(first_seqs(0, 10), Seqs{3});
    EXPECT_EQ(load().next_event, 4);
}

class JobAsTest : public NewsTest {
  protected:
    JobAsTest() {
        commit_queue();
        ports::Changes changes;
        changes.new_jobs = {a_job(1)};
        auto array = a_job(2);
        array.row.traits.array_size = 1000;
        array.row.state.status = JobStatus::Pending;
        changes.new_jobs.push_back(array);
        auto first = an_attempt(1, 1);
        first.attempt.stopped_at = at(200);
        first.attempt.exit_code = 1;
        auto second = an_attempt(1, 2);
        second.attempt.stopped_at = at(300);
        second.attempt.exit_code = 0;
        second.attempt.status_reason = "Essential container in task exited";
        changes.attempts = {first, second};
        commit(changes);
    }
    JobDetail job_as(const model::JobId& id, JobStatus status, std::int32_t attempt) {
        model::JobState state;
        state.status = status;
        state.attempt = attempt;
        const auto job = reader()->job_as(id, state);
        EXPECT_TRUE(job && *job);
        return **job;
    }
};

TEST_F(JobAsTest, AttemptsAreThoseOfThen) {
    EXPECT_TRUE(job_as(job_id(1), JobStatus::Runnable, 0).attempts.empty());
    const auto starting = job_as(job_id(1), JobStatus::Starting, 2);
    ASSERT_EQ(starting.attempts.size(), 2U);
    EXPECT_EQ(starting.attempts[0].exit_code, 1);
    EXPECT_EQ(starting.attempts[1].started_at, std::nullopt);
    EXPECT_EQ(starting.attempts[1].log_stream, "");
    const auto running = job_as(job_id(1), JobStatus::Running, 2);
    EXPECT_EQ(running.attempts[1].started_at, at(102));
    EXPECT_EQ(running.attempts[1].stopped_at, std::nullopt);
    EXPECT_EQ(running.attempts[1].exit_code, std::nullopt);
    const auto ended = job_as(job_id(1), JobStatus::Succeeded, 2);
    EXPECT_EQ(ended.attempts[1].exit_code, 0);
    const auto retried = job_as(job_id(1), JobStatus::Runnable, 1);
    ASSERT_EQ(retried.attempts.size(), 1U);
    EXPECT_EQ(retried.attempts[0].stopped_at, at(200));
}

TEST_F(JobAsTest, AChildIsItsArrayUnderItsOwnId) {
    const auto child = job_as(job_id(2).child(999), JobStatus::Runnable, 0);
    EXPECT_EQ(child.id, job_id(2).child(999));
    EXPECT_EQ(child.name, "job-2");
    EXPECT_EQ(child.state.status, JobStatus::Runnable);
}

TEST_F(JobAsTest, AnUnknownJobIsNone) {
    const auto job = reader()->job_as(job_id(77), {});
    ASSERT_TRUE(job);
    EXPECT_FALSE(job->has_value());
}

TEST_F(NewsTest, WebhooksAndWhatTheyDidNotGet) {
    model::WebhookRow row{.document = {.name = "ci",
                                       .url = "http://127.0.0.1/x",
                                       .queues = {"default"},
                                       .statuses = {"FAILED"},
                                       .secret = "s"},
                          .is_configured = true,
                          .created_at = at(1),
                          .progress = {.done = 7,
                                       .tries = 3,
                                       .failing_since = at(2),
                                       .next_try = at(3),
                                       .last_error = "HTTP 500"}};
    ports::Changes changes;
    changes.webhooks = {row};
    changes.undelivered = {{.webhook = "ci",
                            .first_seq = 4,
                            .last_seq = 4,
                            .at = at(9),
                            .tries = 5,
                            .error = "HTTP 400"},
                           {.webhook = "ci",
                            .first_seq = 5,
                            .last_seq = 6,
                            .at = at(9),
                            .tries = 0,
                            .error = "pruned"}};
    commit(changes);
    reopen();
    const auto stored = load().webhooks;
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].document, row.document);
    EXPECT_EQ(stored[0].progress, row.progress);
    EXPECT_TRUE(stored[0].is_configured);
    EXPECT_EQ(reader()->webhooks()->size(), 1U);
    const auto page = reader()->undelivered("ci", 0, 1);
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->next, 4);
    EXPECT_EQ(reader()->undelivered("ci", 4, 10)->items[0].last_seq, 6);
    changes = {};
    row.is_gone = true;
    changes.webhooks = {row};
    commit(changes);
    EXPECT_TRUE(load().webhooks.empty());
    EXPECT_TRUE(reader()->undelivered("ci", 0, 10)->items.empty());
}

}  // namespace
}  // namespace batchd::store
