// Searches, through the index and without it.
#include "batchd/store/search.hpp"

#include "fixtures.hpp"
#include "store/database.hpp"
#include "store/job_bits.hpp"
#include "store/search_sql.hpp"
#include "store/search_terms.hpp"

#include <random>

namespace batchd::store {
namespace {

using model::JobStatus;

/// More than two blocks.
constexpr std::int64_t kJobs = 2 * JobBits::kJobs + 700;

class SearchTest : public StoreTest {
  protected:
    SearchTest() {
        ports::Changes changes;
        changes.queues = {a_queue(1, "day"), a_queue(2, "night")};
        commit(changes);
        reader_ = reader();
    }

    /// Jobs of many kinds, a third of them not ended.
    void add_jobs(std::int64_t first, std::int64_t last) {
        ports::Changes changes;
        for (auto seq = first; seq <= last; ++seq) {
            auto job = a_job(seq, seq % 3 == 0 ? 2 : 1);
            const std::vector<std::string> stems{"etl", "etl-load", "train-a", "train-b", "x"};
            job.row.name = stems[random_() % stems.size()];
            if (random_() % 2 == 0) job.row.name += "-" + std::to_string(random_() % 1000);
            job.row.definition_name = seq % 5 == 0 ? "hello" : "other";
            job.row.definition_revision = static_cast<std::int32_t>(1 + seq % 12);
            job.tags = seq % 7 == 0   ? R"({"team":"a","run":")" + std::to_string(seq) + "\"}"
                       : seq % 7 == 1 ? R"({"team":"b"})"
                                      : "{}";
            job.spec = R"({"container":{"image":"registry/)" + std::to_string(seq % 4) +
                       R"(/tool:1"},"jobDefinition":"d"})";
            job.row.state = state_of(seq);
            if (job.row.state.attempt > 0) changes.attempts.push_back(attempt_of(seq));
            changes.new_jobs.push_back(std::move(job));
        }
        commit(changes);
    }

    static model::JobState state_of(std::int64_t seq) {
        model::JobState state;
        state.status = seq % 3 == 1 ? JobStatus::Runnable : JobStatus::Succeeded;
        if (seq % 11 == 0) state.status = JobStatus::Failed;
        if (!model::is_terminal(state.status)) return state;
        state.attempt = 1;
        state.stopped_at = at(seq + 5'000);
        return state;
    }

    static ports::AttemptPut attempt_of(std::int64_t seq) {
        auto attempt = an_attempt(seq, 1);
        attempt.attempt.exit_code =
            state_of(seq).status == JobStatus::Failed ? static_cast<std::int32_t>(seq % 3) + 1 : 0;
        return attempt;
    }

    /// Of the RUNNABLE jobs of add_jobs() those from `first` to `last`.
    void end_jobs(std::int64_t first, std::int64_t last, JobStatus status, std::int32_t exit_code) {
        ports::Changes changes;
        for (auto seq = first; seq <= last; ++seq) {
            if (state_of(seq).status != JobStatus::Runnable) continue;
            auto& update = changes.jobs.emplace_back();
            update.seq = seq;
            update.state.status = status;
            update.state.attempt = 1;
            update.state.stopped_at = at(80'000 + exit_code);
            changes.attempts.push_back(an_attempt(seq, 1));
            changes.attempts.back().attempt.exit_code = exit_code;
        }
        commit(changes);
    }

    /// What a look at each job finds.
    std::vector<std::int64_t> scanned(const SearchQuery& query) {
        auto database = Database::open(path("copy.db"), Database::Access::ReadWrite);
        EXPECT_TRUE(database->execute("DELETE FROM search_block"));
        auto copy = reader("copy.db");
        std::swap(copy, reader_);
        auto seqs = found(query);
        std::swap(copy, reader_);
        return seqs;
    }

    void tend() {
        const Timestamp now = at(1'000'000 + 20'000 * ++tended_);
        for (auto next = store_->tend(now); true; next = store_->tend(now)) {
            ASSERT_TRUE(next) << next.error().message;
            if (*next > now) return;
        }
    }

    std::int64_t blocks() {
        auto database = Database::open(path(), Database::Access::ReadOnly);
        std::int64_t count = 0;
        const auto done = database->each("SELECT count(*) FROM search_block WHERE jobs IS NOT NULL",
                                         [&](Row& row) -> Result<> {
                                             row.read(count);
                                             return {};
                                         });
        EXPECT_TRUE(done);
        return count;
    }

    /// Page by page.
    std::vector<std::int64_t> found(SearchQuery query) {
        std::vector<std::int64_t> seqs;
        query.limit = 137;
        while (true) {
            const auto page = reader_->search(query);
            if (!page) {
                ADD_FAILURE() << page.error().message << " " << page.error().context;
                return seqs;
            }
            for (const auto& job : page->items) seqs.push_back(job.seq);
            if (!page->next) return seqs;
            query.after = page->next;
        }
    }

    SearchQuery a_query() {
        const auto now_and_then = [&](unsigned n) { return random_() % n == 0; };
        const auto prefix = [](std::string text) {
            return JobFilter::Name{.text = std::move(text), .is_prefix = true};
        };
        SearchQuery query;
        if (now_and_then(2))
            query.queue = now_and_then(9) ? "none" : now_and_then(2) ? "day" : "night";
        if (now_and_then(3)) query.statuses = {JobStatus::Failed};
        if (now_and_then(4)) query.statuses.push_back(JobStatus::Succeeded);
        if (now_and_then(5)) query.statuses.push_back(JobStatus::Runnable);
        if (now_and_then(5)) query.name = JobFilter::Name{.text = "etl", .is_prefix = false};
        const std::vector<std::string> names{"e", "etl-", "etl-9", "train-a-12", "t", "nothing"};
        if (now_and_then(2)) query.name = prefix(names[random_() % names.size()]);
        if (now_and_then(4)) query.tags = {{"team", now_and_then(2) ? "a" : "b"}};
        if (now_and_then(6)) query.tags.emplace_back("run", "2100");
        if (now_and_then(5)) query.image = prefix("registry/" + std::to_string(random_() % 5));
        if (now_and_then(5)) query.definition = prefix(now_and_then(2) ? "hello:1" : "other:");
        if (now_and_then(5)) query.exit_code = static_cast<std::int32_t>(random_() % 4);
        if (now_and_then(4)) query.since = at(static_cast<std::int64_t>(random_() % kJobs));
        if (now_and_then(4)) query.until = at(static_cast<std::int64_t>(random_() % kJobs));
        if (now_and_then(6)) query.ended_since = at(static_cast<std::int64_t>(random_() % 14'000));
        query.oldest_first = now_and_then(2);
        return query;
    }

    std::mt19937 random_{7};
    std::int64_t tended_ = 0;
    std::unique_ptr<Reader> reader_;
};

TEST_F(SearchTest, TheIndexFindsWhatALookAtEachJobFinds) {
    add_jobs(1, kJobs);
    std::vector<SearchQuery> queries;
    std::vector<std::vector<std::int64_t>> expected;
    std::size_t hits = 0;
    for (int i = 0; i < 150; ++i) {
        queries.push_back(a_query());
        expected.push_back(found(queries.back()));
        hits += expected.back().size();
    }
    EXPECT_GT(hits, 10'000U);
    tend();
    ASSERT_EQ(blocks(), 2);
    for (std::size_t i = 0; i < queries.size(); ++i) EXPECT_EQ(found(queries[i]), expected[i]) << i;
}

TEST_F(SearchTest, TheIndexIsTrueWhileJobsEnd) {
    add_jobs(1, kJobs);
    tend();
    end_jobs(3000, 3300, JobStatus::Failed, 2);
    end_jobs(5000, 5030, JobStatus::Succeeded, 0);
    ASSERT_TRUE(reader_->backup(path("copy.db")));
    for (int i = 0; i < 100; ++i) {
        const auto query = a_query();
        EXPECT_EQ(found(query), scanned(query)) << i;
    }
}

TEST_F(SearchTest, WhatEndsAfterwardsIsFoundAtOnceAndSettledLater) {
    add_jobs(1, kJobs);
    tend();
    const SearchQuery by_code{.exit_code = 77};
    const SearchQuery failed{.statuses = {JobStatus::Failed}, .since = at(1), .until = at(3)};
    const SearchQuery ended{.ended_since = at(80'077)};
    const SearchQuery waiting{.statuses = {JobStatus::Runnable}, .until = at(5)};
    EXPECT_EQ(found(waiting), (std::vector<std::int64_t>{4, 1}));
    end_jobs(1, 1, JobStatus::Failed, 77);
    for (int settled = 0; settled < 2; ++settled) {
        EXPECT_EQ(found(by_code), (std::vector<std::int64_t>{1}));
        EXPECT_EQ(found(failed), (std::vector<std::int64_t>{1}));
        EXPECT_EQ(found(ended), (std::vector<std::int64_t>{1}));
        EXPECT_EQ(found(waiting), (std::vector<std::int64_t>{4}));
        end_jobs(7, 4000, JobStatus::Succeeded, 0);
        tend();
        end_jobs(4001, JobBits::kJobs, JobStatus::Succeeded, 0);
        reopen();
        tend();
    }
}

TEST_F(SearchTest, ATagThatChangesIsFound) {
    add_jobs(1, kJobs);
    tend();
    ports::Changes changes;
    changes.tags = {a_patch({.kind = ports::ResourceKind::Job, .name = {}, .job = job_id(7)},
                            R"({"team":"z"})")};
    commit(changes);
    EXPECT_EQ(blocks(), 1);
    EXPECT_EQ(found({.tags = {{"team", "z"}}}), (std::vector<std::int64_t>{7}));
    tend();
    EXPECT_EQ(blocks(), 2);
    EXPECT_EQ(found({.tags = {{"team", "z"}}}), (std::vector<std::int64_t>{7}));
}

TEST_F(SearchTest, AJobThatIsRunAgainLeavesTheEndedOnes) {
    add_jobs(1, kJobs);
    tend();
    ports::Changes changes;
    changes.jobs = {{.seq = 2, .state = {}, .array = {}}};
    changes.jobs[0].state.status = JobStatus::Runnable;
    commit(changes);
    const SearchQuery waiting{.statuses = {JobStatus::Runnable}, .until = at(3)};
    EXPECT_EQ(found(waiting), (std::vector<std::int64_t>{2, 1}));
    tend();
    EXPECT_EQ(found(waiting), (std::vector<std::int64_t>{2, 1}));
}

/// "SCAN job" would be a walk over all jobs; the few queues and a job's own tags may be walked
/// over.
TEST_F(SearchTest, NoStatementWalksOverATable) {
    auto database = Database::open(path(), Database::Access::ReadOnly);
    const auto& sql = search_sql();
    for (const auto& text : {sql.block, sql.term, sql.prefix, sql.few_by_status, sql.many_by_status,
                             sql.by_time, sql.scan_up, sql.scan_down, sql.found, sql.slice}) {
        std::string plan;
        const auto explained =
            database->each("EXPLAIN QUERY PLAN " + text, [&](Row& row) -> Result<> {
                std::int64_t id = 0;
                std::string detail;
                row.read(id, id, id, detail);
                plan += detail + "\n";
                const bool is_small = detail.starts_with("SCAN job_queue") ||
                                      detail.starts_with("SCAN wanted") ||
                                      detail.starts_with("SCAN tag");
                EXPECT_TRUE(is_small || !detail.starts_with("SCAN")) << detail;
                EXPECT_FALSE(detail.contains("TEMP B-TREE")) << detail;
                return {};
            });
        ASSERT_TRUE(explained) << text;
        EXPECT_NE(plan, "") << text;
        if (text == sql.many_by_status) {
            EXPECT_TRUE(plan.contains("INDEX job_by_queue (queue_id=? AND status=? AND seq>?"))
                << plan;
        }
    }
}

TEST_F(SearchTest, APageHasTheJobsThemselves) {
    add_jobs(1, 30);
    const auto page = reader_->search({.tags = {{"run", "21"}}});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->items.size(), 1U);
    const FoundJob& job = page->items[0];
    EXPECT_EQ(job.id, job_id(21));
    EXPECT_EQ(job.queue, "night");
    EXPECT_EQ(job.image, "registry/1/tool:1");
    EXPECT_EQ(job.tags, R"({"team":"a","run":"21"})");
    EXPECT_EQ(job.exit_code, 0);
    EXPECT_EQ(job.state.status, JobStatus::Succeeded);
    EXPECT_EQ(job.created_at, at(21));
}

TEST(SearchTermsTest, APrefixOfSeveralTermsIsTheFirstEntryFromItOn) {
    SearchTerms terms;
    const std::vector<std::string> names{"a", "ab", "abc-1", "abc-2", "abd", "b", "c"};
    for (std::size_t i = 0; i < names.size(); ++i) terms[names[i]].add(i);
    const auto prefixes = prefixes_of(terms);
    for (const std::string prefix : {"a", "ab", "abc", "abc-", "abc-1", "b", "d"}) {
        JobBits expected;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i].starts_with(prefix)) expected.add(i);
        }
        const auto entry = prefixes.lower_bound(prefix);
        if (expected.count() < 2) {
            EXPECT_TRUE(entry == prefixes.end() || !entry->first.starts_with(prefix)) << prefix;
        } else {
            ASSERT_TRUE(entry != prefixes.end() && entry->first.starts_with(prefix)) << prefix;
            EXPECT_EQ(entry->second, expected) << prefix;
        }
    }
}

TEST(JobBitsTest, AreStoredAndReadBack) {
    for (const std::size_t step : {1UL, 7UL, 16UL, 17UL, 4095UL}) {
        JobBits bits;
        for (std::size_t place = 0; place < JobBits::kJobs; place += step) bits.add(place);
        JobBits read;
        EXPECT_LE(bits.encode().size(), 512U);
        ASSERT_TRUE(JobBits::decode(bits.encode(), read));
        EXPECT_EQ(read, bits) << step;
    }
    JobBits bits;
    EXPECT_FALSE(JobBits::decode("abc", bits));
    EXPECT_FALSE(JobBits::decode("\xff\xff", bits));
}

}  // namespace
}  // namespace batchd::store
