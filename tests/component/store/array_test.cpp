// Arrays: most children have no row, and are what the array's row says of them.
#include "batchd/store/reader.hpp"
#include "fixtures.hpp"

namespace batchd::store {
namespace {

using model::JobStatus;

class ArrayTest : public StoreTest {
  protected:
    ArrayTest() {
        commit_queue();
        reader_ = reader();
    }

    static ports::JobInsert an_array(std::int64_t seq, std::int32_t size, bool is_released = true) {
        ports::JobInsert insert = a_job(seq);
        insert.row.state.status = JobStatus::Pending;
        insert.row.traits.array_size = size;
        insert.row.array.is_released = is_released;
        insert.row.array.counts[static_cast<std::size_t>(JobStatus::Pending)] = size;
        insert.row.array.updated_at = at(5);
        return insert;
    }

    void add(ports::JobInsert insert) {
        ports::Changes changes;
        changes.new_jobs.push_back(std::move(insert));
        commit(changes);
    }

    void put_child(std::int64_t seq, std::int32_t index, JobStatus status) {
        ports::Changes changes;
        changes.children = {{.job_seq = seq, .part = index + 1, .state = {}}};
        changes.children[0].state.status = status;
        changes.children[0].state.attempt = 1;
        commit(changes);
    }

    std::string statuses(std::int64_t seq) {
        std::string text;
        for (const auto status : store_->ended_children(job_id(seq)).value()) {
            text += (text.empty() ? "" : " ") + std::string(to_string(status));
        }
        return text;
    }

    std::vector<std::int32_t> listed(std::int64_t seq, JobStatus status) {
        std::vector<std::int32_t> indexes;
        for (const auto& child :
             reader_->list_children(job_id(seq), status, {}, 100).value().items) {
            indexes.push_back(child.id.index());
        }
        return indexes;
    }

    std::unique_ptr<Reader> reader_;
};

TEST_F(ArrayTest, ChildrenWithoutARowWaitAsTheirArraySays) {
    add(an_array(1, 3, false));
    EXPECT_EQ(statuses(1), "PENDING PENDING PENDING");
    ports::Changes changes;
    changes.jobs = {
        {.seq = 1, .state = an_array(1, 3).row.state, .array = an_array(1, 3).row.array}};
    commit(changes);
    EXPECT_EQ(statuses(1), "RUNNABLE RUNNABLE RUNNABLE");
    put_child(1, 1, JobStatus::Running);
    EXPECT_EQ(statuses(1), "RUNNABLE RUNNING RUNNABLE");
    EXPECT_EQ(listed(1, JobStatus::Runnable), (std::vector{0, 2}));
    EXPECT_EQ(listed(1, JobStatus::Running), std::vector{1});
    EXPECT_EQ(store_->ended_state(job_id(1).child(1)).value()->status, JobStatus::Running);
    EXPECT_EQ(store_->ended_state(job_id(1).child(3)).value(), std::nullopt);
}

TEST_F(ArrayTest, ChildrenThatNeverStartedEndTogether) {
    ports::JobInsert array = an_array(1, 3);
    model::JobState& how = array.row.array.unstarted.emplace();
    how.status = JobStatus::Failed;
    how.status_reason = "enough";
    how.stopped_at = at(9);
    how.is_cancelled = true;
    add(array);
    put_child(1, 0, JobStatus::Succeeded);
    EXPECT_EQ(statuses(1), "SUCCEEDED FAILED FAILED");
    const auto child = reader_->jobs(std::vector{job_id(1).child(2)}).value().at(0);
    EXPECT_EQ(child.state, how);
    EXPECT_EQ(reader_->jobs(std::vector{job_id(1)}).value().at(0).array.unstarted, how);
}

TEST_F(ArrayTest, ASequenceHoldsBackAllButTheNext) {
    ports::JobInsert array = an_array(1, 4);
    array.row.traits.sequence = model::Sequence::AfterOk;
    add(array);
    EXPECT_EQ(statuses(1), "RUNNABLE PENDING PENDING PENDING");
    put_child(1, 0, JobStatus::Succeeded);
    EXPECT_EQ(statuses(1), "SUCCEEDED RUNNABLE PENDING PENDING");
}

TEST_F(ArrayTest, ASequenceWhateverTheOutcomeGoesOnAfterAFailure) {
    ports::JobInsert array = an_array(1, 4);
    array.row.traits.sequence = model::Sequence::AfterAny;
    add(array);
    put_child(1, 2, JobStatus::Failed);
    EXPECT_EQ(statuses(1), "RUNNABLE PENDING FAILED PENDING") << "all before it must have ended";
    put_child(1, 0, JobStatus::Failed);
    EXPECT_EQ(statuses(1), "FAILED RUNNABLE FAILED PENDING");
    put_child(1, 1, JobStatus::Succeeded);
    EXPECT_EQ(statuses(1), "FAILED SUCCEEDED FAILED RUNNABLE");
    reopen();
    EXPECT_EQ(load().jobs.at(0).traits.sequence, model::Sequence::AfterAny);
}

TEST_F(ArrayTest, PairsWaitForTheirCounterparts) {
    add(an_array(1, 3));
    ports::JobInsert second = an_array(2, 3);
    second.row.traits.depends_on = {{.id = job_id(1), .kind = model::Dependency::Kind::NToN}};
    add(second);
    EXPECT_EQ(statuses(2), "PENDING PENDING PENDING");
    put_child(1, 2, JobStatus::Succeeded);
    EXPECT_EQ(statuses(2), "PENDING PENDING RUNNABLE");
}

TEST_F(ArrayTest, ARestartFindsChildrenAndAttempts) {
    add(an_array(1, 3));
    put_child(1, 1, JobStatus::Running);
    ports::AttemptPut attempt = an_attempt(1, 1);
    attempt.attempt.id.job = job_id(1).child(1);
    ports::Changes changes;
    changes.attempts = {attempt};
    changes.ended = {{.queue_id = 1, .succeeded = 7, .failed = 8}};
    commit(changes);
    reopen();
    const auto snapshot = load();
    ASSERT_EQ(snapshot.jobs.size(), 1U);
    EXPECT_EQ(snapshot.jobs[0].traits.array_size, 3);
    EXPECT_TRUE(snapshot.jobs[0].array.is_released);
    EXPECT_EQ(snapshot.jobs[0].array.updated_at, at(5));
    ASSERT_EQ(snapshot.children.size(), 1U);
    EXPECT_EQ(snapshot.children[0].part, 2);
    ASSERT_EQ(snapshot.attempts.size(), 1U);
    EXPECT_EQ(snapshot.attempts[0], attempt.attempt);
    EXPECT_EQ(snapshot.started, std::vector{job_id(1).child(1)});
    EXPECT_EQ(snapshot.ended.at(0).failed, 8);
}

TEST_F(ArrayTest, ChildrenComePageByPage) {
    add(an_array(1, 5));
    const auto first = reader_->list_children(job_id(1), JobStatus::Runnable, {}, 3).value();
    EXPECT_EQ(first.items.size(), 3U);
    const auto second =
        reader_->list_children(job_id(1), JobStatus::Runnable, first.next, 3).value();
    ASSERT_EQ(second.items.size(), 2U);
    EXPECT_EQ(second.items[0].id, job_id(1).child(3));
    EXPECT_EQ(second.next, std::nullopt);
    EXPECT_TRUE(
        reader_->list_children(job_id(9), JobStatus::Runnable, {}, 3).value().items.empty());
}

}  // namespace
}  // namespace batchd::store
