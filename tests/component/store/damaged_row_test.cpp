// Values that no batchd wrote are refused when they are read, with table, column, value and row.
#include "fixtures.hpp"
#include "store/database.hpp"

#include <cstdint>

namespace batchd::store {
namespace {

using model::JobStatus;

class DamagedRow : public StoreTest {
  protected:
    /// Queue 1 with a running job, an array of three with a child that runs, a multi-node job, a
    /// service job and an idle share.
    DamagedRow() {
        commit_queue();
        ports::Changes changes;
        for (std::int64_t seq = 1; seq <= 3; ++seq) changes.new_jobs.push_back(a_job(seq));
        auto& single = changes.new_jobs[0].row;
        single.state.status = JobStatus::Running;
        single.state.attempt = 1;
        single.state.started_at = at(1);
        single.traits.timeout = Seconds{60};
        single.traits.depends_on = {{.id = job_id(9)}};
        single.traits.shape.consumables = {{.name = "license", .quantity = 2}};
        auto& array = changes.new_jobs[1].row;
        array.state.status = JobStatus::Pending;
        array.traits.array_size = 3;
        array.array.updated_at = at(2);
        array.array.counts[static_cast<std::size_t>(JobStatus::Pending)] = 2;
        array.array.counts[static_cast<std::size_t>(JobStatus::Running)] = 1;
        changes.new_jobs[2].row.traits.shape.nodes = {{.count = 2, .resources{}}};
        changes.children = {{.job_seq = 2, .part = 1, .state = {}}};
        changes.children[0].state.status = JobStatus::Running;
        changes.children[0].state.attempt = 1;
        changes.attempts = {an_attempt(1, 1)};
        changes.service_jobs = {{.seq = 1,
                                 .id = job_id(4),
                                 .queue_id = 1,
                                 .document = {},
                                 .status_reason = "",
                                 .created_at = at(3),
                                 .stopped_at{}}};
        commit(changes);
    }

    /// Does it, tells what load() says then, and undoes it by a copy of the file.
    std::string after(const std::string& sql) {
        store_.reset();
        std::filesystem::copy_file(path(), path("whole.db"));
        {
            auto other = Database::open(path(), Database::Access::ReadWrite);
            EXPECT_TRUE(other && other->execute(sql)) << sql;
        }
        open();
        const auto loaded = load_all(*store_);
        store_.reset();
        std::filesystem::rename(path("whole.db"), path());
        open();
        if (loaded) return {};
        EXPECT_EQ(loaded.error().kind, ErrorKind::Internal) << sql;
        return loaded.error().message;
    }
};

TEST_F(DamagedRow, IsNamed) {
    const auto& [queue, id] = std::pair(", job.queue_id is 1", "job.id is 000000000000700");
    const struct {
        std::string sql;
        std::string what;
        std::string row;
    } cases[] = {
        {"UPDATE child SET status = 7", "child.status is 7",
         "(in the row where child.job_seq is 2, child.part is 1, child.status is 7)"},
        {"UPDATE child SET status = -1", "child.status is -1", "child.job_seq is 2"},
        {"UPDATE child SET status = 2, attempt = 0", "the child is RUNNABLE after 0 attempts", ""},
        {"UPDATE child SET status = 1", "the child is PENDING after 1 attempts", ""},
        {"UPDATE child SET part = -1", "part is -1 in an array", ""},
        {"UPDATE child SET part = 8589934593", "child.part is 8589934593", ""},
        {"UPDATE child SET attempt = -1", "child.attempt is -1", ""},
        {"UPDATE child SET is_cancelled = 2", "child.is_cancelled is 2", ""},
        {"UPDATE job SET flaw = 3 WHERE seq = 3", "job.flaw is 3", "job.seq is 3"},
        {"UPDATE job SET attempt = 2147483647 WHERE seq = 1", "job.attempt is 2147483647", id},
        {"UPDATE job SET started_at = 9223372036854775807 WHERE seq = 1",
         "job.started_at is 9223372036854775807", queue},
        {"UPDATE job SET started_at = -1 WHERE seq = 1", "job.started_at is -1", queue},
        {"UPDATE job SET timeout_seconds = -5 WHERE seq = 1", "job.timeout_seconds is -5", queue},
        {"UPDATE job SET milli_vcpu = -1000 WHERE seq = 1", "job.milli_vcpu is -1000", queue},
        {"UPDATE job SET memory_mib = -1 WHERE seq = 1", "job.memory_mib is -1", queue},
        {"UPDATE job SET gpus = -1 WHERE seq = 1", "job.gpus is -1", queue},
        {"UPDATE job SET id = x'00' WHERE seq = 1", "job.id is 00", "job.seq is 1"},
        {"UPDATE job SET depends_on = x'00' WHERE seq = 1", "job.depends_on is 00", queue},
        {"UPDATE job SET depends_on = x'000000000000000000000000000000000000000005000000' WHERE "
         "seq = 1",
         "job.depends_on is ", queue},
        {"UPDATE job SET array_size = -3 WHERE seq = 2", "job.array_size is -3", "job.seq is 2"},
        {"UPDATE job SET array_size = 2147483647 WHERE seq = 2", "array_size of job ", ""},
        {"UPDATE job SET array_size = 2 WHERE seq = 3", "array_size is 2 of a multi-node job", ""},
        {"UPDATE job SET main_node = 2 WHERE seq = 3", "main_node is 2 of 2 nodes", "job.seq is 3"},
        {"UPDATE job SET main_node = -1 WHERE seq = 3", "job.main_node is -1", "job.seq is 3"},
        {"UPDATE job SET nodes = '[[-2,0,0,0]]' WHERE seq = 3", "nodes is [[-2,0,0,0]]",
         "job.seq is 3"},
        {"UPDATE job SET nodes = '[[2,-1,0,0]]' WHERE seq = 3", "nodes is [[2,-1,0,0]]", ""},
        {"UPDATE job SET nodes = '[[600,0,0,0],[600,0,0,0]]' WHERE seq = 3", "nodes is [[600", ""},
        {"UPDATE job SET nodes = '[]' WHERE seq = 3", "nodes is []", ""},
        {"UPDATE job SET consumables = replace(consumables, '2', '-2') WHERE seq = 1",
         "consumables is ", "job.seq is 1"},
        {"UPDATE array SET running = -1, pending = 4", "array.running is -1", "array.job_seq is 2"},
        {"UPDATE array SET unstarted_status = 2", "unstarted_status is RUNNABLE", ""},
        {"UPDATE attempt SET number = 0; UPDATE job SET attempt = 0 WHERE seq = 1",
         "attempt.number is 0", id},
        {"UPDATE attempt SET exit_code = 4294967296", "attempt.exit_code is 4294967296", id},
        {"INSERT INTO share VALUES (1, 's', 9e999, 0)", "share.past_vcpus is ", "share.queue_id"},
        {"INSERT INTO host VALUES ('h', 1, 3, NULL, 0, 0, '{}')", "host.origin is 3",
         "host.name is h"},
        {"INSERT INTO resource VALUES (99, 'r', 0, '{}', '{}')", "resource.kind is 99",
         "resource.name is r"},
    };
    EXPECT_EQ(after("SELECT 1"), "") << "it is whole before";
    for (const auto& [sql, what, row] : cases) {
        const std::string told = after(sql);
        EXPECT_TRUE(told.starts_with("the database " + path() + " is damaged: ") ||
                    what.starts_with("array_size of"))
            << sql << ": " << told;
        EXPECT_TRUE(told.contains(what)) << sql << ": " << told;
        EXPECT_TRUE(told.contains(row)) << sql << ": " << told;
    }
}

}  // namespace
}  // namespace batchd::store
