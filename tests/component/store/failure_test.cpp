// What the disk, a crash and other versions of batchd can do to the database.
#include "fixtures.hpp"
#include "store/database.hpp"

#include <csignal>
#include <fstream>
#include <sys/resource.h>

namespace batchd::store {
namespace {

using model::JobStatus;

class StoreFailure : public StoreTest {
  protected:
    void execute(const std::string& sql) {
        auto other = Database::open(path(), Database::Access::ReadWrite);
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->execute(sql));
    }

    /// Files of this process cannot grow beyond `bytes` while this lives, as on a full disk.
    class FileSizeLimit {
      public:
        explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
            ::getrlimit(RLIMIT_FSIZE, &old_);
            const rlimit lower{.rlim_cur = bytes, .rlim_max = old_.rlim_max};
            ::setrlimit(RLIMIT_FSIZE, &lower);
        }
        FileSizeLimit(const FileSizeLimit&) = delete;
        FileSizeLimit& operator=(const FileSizeLimit&) = delete;
        ~FileSizeLimit() {
            ::setrlimit(RLIMIT_FSIZE, &old_);
            std::signal(SIGXFSZ, old_handler_);
        }

      private:
        rlimit old_{};
        void (*old_handler_)(int);
    };

    ports::Changes jobs(std::int64_t first, std::int64_t last) {
        ports::Changes changes;
        for (auto seq = first; seq <= last; ++seq) changes.new_jobs.push_back(a_job(seq));
        return changes;
    }
};

TEST_F(StoreFailure, ACommitThatFailsInTheMiddleLeavesNothing) {
    commit_queue();
    execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON job WHEN NEW.seq = 3"
        " BEGIN SELECT RAISE(FAIL, 'refused'); END");
    EXPECT_FALSE(store_->commit(jobs(1, 4)));
    EXPECT_TRUE(load().jobs.empty());
    commit(jobs(5, 6));
    EXPECT_EQ(load().jobs.size(), 2U);
}

TEST_F(StoreFailure, AnUpdateOfAnUnknownJobIsRefused) {
    commit_queue();
    ports::Changes changes = jobs(1, 1);
    changes.jobs = {{.seq = 2, .state = {}, .array = {}}};
    const auto done = store_->commit(changes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::Internal);
    EXPECT_TRUE(load().jobs.empty());
}

TEST_F(StoreFailure, AFullDiskIsUnavailableAndTheStoreRecovers) {
    commit_queue();
    commit(jobs(1, 1));
    {
        const FileSizeLimit full(std::filesystem::file_size(path("batchd.db-wal")));
        const auto done = store_->commit(jobs(2, 500));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::Unavailable) << done.error().message;
        EXPECT_NE(done.error().message.find(path()), std::string::npos) << done.error().message;
        EXPECT_EQ(store_->probe().error().kind, ErrorKind::Unavailable);
        EXPECT_EQ(load().jobs.size(), 1U);
    }
    EXPECT_TRUE(store_->probe());
    commit(jobs(2, 500));
    reopen();
    EXPECT_EQ(load().jobs.size(), 500U);
}

TEST_F(StoreFailure, ANewerSchemaIsRefused) {
    execute("PRAGMA user_version = 99");
    store_.reset();
    const auto opened = SqliteStore::open(path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Conflict);
    EXPECT_NE(opened.error().message.find("schema version 99"), std::string::npos)
        << opened.error().message;
    execute("PRAGMA user_version = 2");
    open();
}

TEST_F(StoreFailure, ASchemaFromBeforeTheFirstReleaseIsRefused) {
    execute("PRAGMA user_version = 1");
    store_.reset();
    const auto opened = SqliteStore::open(path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Conflict);
    EXPECT_NE(opened.error().message.find("before its first release"), std::string::npos)
        << opened.error().message;
    execute("PRAGMA user_version = 2");
}

TEST_F(StoreFailure, AFileThatIsNoDatabaseIsNamed) {
    std::ofstream(path("garbage.db")) << std::string(8192, 'x');
    const auto opened = SqliteStore::open(path("garbage.db"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(opened.error().message.find(path("garbage.db") + " is damaged"), std::string::npos)
        << opened.error().message;
}

TEST_F(StoreFailure, ADamagedPageIsNamedByTheFile) {
    commit_queue();
    commit(jobs(1, 2000));
    store_.reset();  // the last connection moves all pages into the file
    {
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path()));
        constexpr std::streamoff kAfterTheSchema = 96 * 4096;
        for (std::streamoff page = kAfterTheSchema; page < size; page += 4096) {
            file.seekp(page);
            file << std::string(100, '\xff');
        }
    }
    auto opened = SqliteStore::open(path());
    ASSERT_TRUE(opened) << opened.error().message;
    const auto snapshot = load_all(**opened);
    ASSERT_FALSE(snapshot);
    EXPECT_EQ(snapshot.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(snapshot.error().message.find(path() + " is damaged"), std::string::npos)
        << snapshot.error().message;
}

TEST_F(StoreFailure, AFolderThatIsNotThereIsUnavailable) {
    const auto opened = SqliteStore::open(path("missing/batchd.db"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Unavailable);
}

TEST_F(StoreFailure, WhatWasAcknowledgedSurvivesAKill) {
    commit_queue();
    commit(jobs(1, 20));
    ports::Changes ended;
    ended.jobs = {{.seq = 4, .state = {}, .array = {}}};
    ended.jobs[0].state.status = JobStatus::Succeeded;
    commit(ended);
    // The files as they stand while the store is open are what a killed process leaves.
    std::filesystem::copy_file(path(), path("copy.db"));
    std::filesystem::copy_file(path("batchd.db-wal"), path("copy.db-wal"));
    auto copy = SqliteStore::open(path("copy.db"));
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(load_all(**copy).value().jobs.size(), 19U);
    EXPECT_EQ((*copy)->ended_state(job_id(4)).value()->status, JobStatus::Succeeded);
    EXPECT_EQ((*copy)->instance_id(), store_->instance_id());
}

TEST_F(StoreFailure, ATornEndOfTheWalLosesOnlyTheCommitThatWasNotAcknowledged) {
    commit_queue();
    commit(jobs(1, 20));
    const auto acknowledged = std::filesystem::file_size(path("batchd.db-wal"));
    commit(jobs(21, 40));
    std::filesystem::copy_file(path(), path("copy.db"));
    std::filesystem::copy_file(path("batchd.db-wal"), path("copy.db-wal"));
    std::filesystem::resize_file(path("copy.db-wal"), acknowledged + 5000);
    auto copy = SqliteStore::open(path("copy.db"));
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(load_all(**copy).value().jobs.size(), 20U);
}

}  // namespace
}  // namespace batchd::store
