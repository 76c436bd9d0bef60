// INACTIVE revisions of job definitions go when their time is over and no live job needs them.
#include "fixtures.hpp"
#include "store/database.hpp"
#include "store/definition_retainer.hpp"

namespace batchd::store {
namespace {

using model::JobStatus;

constexpr Seconds kAge{100};

class DefinitionRetentionTest : public StoreTest {
  protected:
    DefinitionRetentionTest() { commit_queue(); }

    /// Deregistered at that second.
    static ports::DefinitionRow deregistered(const std::string& name, std::int32_t revision,
                                             std::int64_t second) {
        auto row = a_definition(name, revision);
        row.deregistered_at = at(second * 1000);
        return row;
    }
    void add(std::vector<ports::DefinitionRow> rows) {
        ports::Changes changes;
        changes.definitions = std::move(rows);
        commit(changes);
    }
    void add_job(std::int64_t seq, JobStatus status, std::int32_t revision) {
        ports::Changes changes;
        changes.new_jobs = {a_job(seq)};
        changes.new_jobs[0].row.definition_name = "d";
        changes.new_jobs[0].row.definition_revision = revision;
        changes.new_jobs[0].row.state.status = status;
        commit(changes);
    }
    void begin(Seconds age = kAge) {
        database_.emplace(Database::open(path(), Database::Access::ReadWrite).value());
        retainer_.emplace(*database_, age);
    }
    /// All slices that are due at that second.
    void tend(std::int64_t second) {
        while (slice(second)) {
        }
    }
    /// False if there is nothing more to do now.
    bool slice(std::int64_t second) {
        const auto next = retainer_->advance(at(second * 1000));
        EXPECT_TRUE(next) << next.error().message << " " << next.error().context;
        return next && *next == at(second * 1000);
    }
    std::string stored() const {
        std::string text;
        const auto page = reader()->definitions({}, {}, 10'000).value();
        for (const auto& one : page.items) {
            text += one.row.name + std::to_string(one.row.revision) + " ";
        }
        return text;
    }

    std::optional<Database> database_;
    std::optional<DefinitionRetainer> retainer_;
};

TEST_F(DefinitionRetentionTest, OnlyInactiveOnesGoAndWhenItIsTime) {
    add({a_definition("d", 1), deregistered("d", 2, 10), deregistered("d", 3, 20)});
    begin();
    tend(109);
    EXPECT_EQ(stored(), "d3 d2 d1 ");
    tend(110 + kAge.count() / 4);
    EXPECT_EQ(stored(), "d1 ");
}

TEST_F(DefinitionRetentionTest, TheyAreKeptForEverUnlessSaidOtherwise) {
    add({deregistered("d", 1, 10)});
    begin(Seconds{0});
    tend(1'000'000);
    EXPECT_EQ(stored(), "d1 ");
}

TEST_F(DefinitionRetentionTest, WhatALiveJobWasSubmittedWithStays) {
    add({deregistered("d", 1, 0), deregistered("d", 2, 0), deregistered("d", 3, 0)});
    add_job(1, JobStatus::Failed, 1);
    add_job(2, JobStatus::Runnable, 2);
    add_job(9000, JobStatus::Running, 3);  // many slices later
    begin();
    tend(200);
    EXPECT_EQ(stored(), "d3 d2 ");
    ports::Changes changes;
    changes.jobs = {{.seq = 2, .state = {}, .array = {}}};
    changes.jobs[0].state.status = JobStatus::Succeeded;
    commit(changes);
    tend(300);
    EXPECT_EQ(stored(), "d3 ");
}

/// A job may be run again with what has been chosen by then.
TEST_F(DefinitionRetentionTest, AJobThatComesMeanwhileIsSeen) {
    add({deregistered("d", 1, 0), deregistered("d", 2, 0)});
    add_job(1, JobStatus::Failed, 1);
    add_job(9000, JobStatus::Failed, 1);
    begin();
    ASSERT_TRUE(slice(200)) << "chosen";
    ASSERT_TRUE(slice(200)) << "the first jobs have been looked at";
    add_job(9001, JobStatus::Runnable, 1);
    tend(200);
    EXPECT_EQ(stored(), "d1 ");
}

TEST_F(DefinitionRetentionTest, ThereMayBeMoreThanATransactionTakes) {
    std::vector<ports::DefinitionRow> rows;
    for (std::int32_t revision = 1; revision <= 1700; ++revision) {
        rows.push_back(deregistered("d", revision, 0));
    }
    add(std::move(rows));
    add_job(1, JobStatus::Runnable, 3);
    begin();
    tend(200);
    EXPECT_EQ(stored(), "d3 ");
}

TEST_F(DefinitionRetentionTest, ARevisionIsNeverGivenAgain) {
    add({a_definition("d", 1), deregistered("d", 2, 0), deregistered("e", 1, 0)});
    begin();
    tend(200);
    EXPECT_EQ(stored(), "d1 ");
    reopen();
    const std::vector<std::pair<std::string, std::int32_t>> expected{{"d", 2}, {"e", 1}};
    EXPECT_EQ(load().last_revisions, expected);
}

}  // namespace
}  // namespace batchd::store
