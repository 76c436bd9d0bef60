// A database file in a directory of its own, and rows to put into it.
#pragma once

#include "batchd/store/reader.hpp"
#include "batchd/store/sqlite_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace batchd::store {

inline Timestamp at(std::int64_t ms) { return from_epoch_ms(1'700'000'000'000 + ms); }

/// Ids grow with the number, as UUIDv7s do in time.
inline model::JobId job_id(std::int64_t number) {
    model::JobId id;
    id.uuid.bytes[6] = 0x70;
    for (std::size_t i = 0; i < 4; ++i) {
        id.uuid.bytes[12 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    }
    return id;
}

inline ports::EnvironmentRow an_environment(std::int64_t id, const std::string& name) {
    ports::EnvironmentRow row{.id = id,
                              .document = {},
                              .uuid = "uuid-of-" + name,
                              .status = "VALID",
                              .status_reason = "ComputeEnvironment Healthy",
                              .created_at = at(id)};
    row.document.compute_environment_name = name;
    row.document.type = "UNMANAGED";
    row.document.state = "ENABLED";
    row.document.compute_resources.emplace().instance_types = {"m5.large", "optimal"};
    return row;
}

inline ports::QueueRow a_queue(std::int64_t id, const std::string& name) {
    ports::QueueRow row{.id = id,
                        .document = {},
                        .status = "VALID",
                        .status_reason = "JobQueue Healthy",
                        .created_at = at(id)};
    row.document = {.job_queue_name = name,
                    .state = "ENABLED",
                    .priority = 7,
                    .compute_environment_order = {{.order = 1, .compute_environment = "local"}},
                    .job_state_time_limit_actions = {{.reason = "CAPACITY:HOST_UNAVAILABLE",
                                                      .state = "RUNNABLE",
                                                      .max_time_seconds = 600,
                                                      .action = "CANCEL"}}};
    return row;
}

inline ports::DefinitionRow a_definition(const std::string& name, std::int32_t revision,
                                         bool active = true) {
    auto document = std::make_shared<model::JobDefinition>();
    document->job_definition_name = name;
    document->type = "container";
    document->container_properties.emplace().image = "alpine:" + std::to_string(revision);
    return {.name = name,
            .revision = revision,
            .document = document,
            .created_at = at(revision),
            .deregistered_at = active ? std::nullopt : std::optional(at(revision + 1))};
}

inline ports::JobInsert a_job(std::int64_t seq, std::int64_t queue_id = 1) {
    ports::JobRow row{.seq = seq,
                      .id = job_id(seq),
                      .queue_id = queue_id,
                      .name = "job-" + std::to_string(seq),
                      .definition_name = "hello",
                      .definition_revision = 3,
                      .traits = {},
                      .created_at = at(seq),
                      .state = {},
                      .array = {}};
    row.traits.shape.resources = {.vcpu = vcpus(1), .memory = MiB{512}, .gpus = 0};
    row.state.status = model::JobStatus::Runnable;
    return {.row = std::move(row),
            .spec = R"({"jobDefinition":"arn:aws:batch:us-east-1:1:job-definition/hello:3"})",
            .tags = "{}"};
}

inline ports::AttemptPut an_attempt(std::int64_t job_seq, std::int32_t number) {
    const std::string name = std::to_string(job_seq) + "-" + std::to_string(number);
    return {.job_seq = job_seq,
            .attempt = {.id = {.job = job_id(job_seq), .number = number},
                        .compute_environment = "local",
                        .host = "host-1",
                        .container_id = "c0ffee",
                        .log_group = "/aws/batch/job",
                        .log_stream = "hello/default/" + name,
                        .started_at = at(100 + number),
                        .stopped_at = {},
                        .exit_code = {},
                        .reason = "",
                        .status_reason = ""}};
}

inline ports::TagPatch a_patch(ports::ResourceKey key, std::string patch) {
    return {.key = std::move(key), .patch = std::move(patch)};
}

/// What the store loads, with the waiting jobs among the others.
inline Result<ports::Snapshot> load_all(SqliteStore& store) {
    auto snapshot = store.load();
    if (!snapshot) return snapshot;
    BATCHD_TRY(snapshot->waiting([&](const ports::JobRow& job, bool has_started) {
        snapshot->jobs.push_back(job);
        if (has_started) snapshot->started.push_back(job.id);
        return Result<>{};
    }));
    std::ranges::sort(snapshot->jobs, {}, &ports::JobRow::seq);
    return snapshot;
}

class StoreTest : public testing::Test {
  protected:
    StoreTest() {
        std::string pattern = testing::TempDir() + "batchd-store-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        open();
    }
    ~StoreTest() override {
        store_.reset();
        std::filesystem::remove_all(directory_);
    }

    std::string path(const std::string& name = "batchd.db") const { return directory_ / name; }

    void open() {
        auto store = SqliteStore::open(path());
        ASSERT_TRUE(store) << store.error().message;
        store_ = std::move(*store);
    }

    void reopen() {
        store_.reset();
        open();
    }

    void commit(const ports::Changes& changes) {
        const auto done = store_->commit(changes);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().context;
    }

    /// Queue 1, "default", that jobs can refer to.
    void commit_queue() {
        ports::Changes changes;
        changes.queues = {a_queue(1, "default")};
        commit(changes);
    }

    ports::Snapshot load() {
        auto snapshot = load_all(*store_);
        EXPECT_TRUE(snapshot) << snapshot.error().message;
        return snapshot ? std::move(*snapshot) : ports::Snapshot{};
    }

    std::unique_ptr<Reader> reader(const std::string& name = "batchd.db") const {
        auto opened = Reader::open(path(name));
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }

    std::unique_ptr<SqliteStore> store_;
    std::filesystem::path directory_;
};

}  // namespace batchd::store
