// GET /api/v1/jobs over a million jobs that have ended.
#include "load.hpp"
#include "sections.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::int64_t kStoredJobs = 1'000'000;
constexpr std::int64_t kBlock = 4096;  // jobs that the index takes together
constexpr std::size_t kSearches = 200;
constexpr std::chrono::minutes kIndexLimit{5};

/// Eight queues, fifty projects; every tenth job failed, half of the names are their jobs' own. An
/// even queue has no odd jobs. The specification is that of a job that was submitted.
constexpr const char* kFill = R"sql(
PRAGMA synchronous = OFF;
BEGIN;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 7)
INSERT INTO job_queue (name, status, status_reason, created_at, document, succeeded)
SELECT 'bench-' || i, status, status_reason, created_at,
    replace(document, '"default"', '"bench-' || i || '"'), 0
FROM n, job_queue WHERE name = 'default';
CREATE TEMP TABLE number AS WITH RECURSIVE n (i) AS
    (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= %lld) SELECT i FROM n;
INSERT INTO job (seq, id, queue_id, name, definition_name, definition_revision, created_at, status,
    status_reason, attempt, started_at, stopped_at, is_cancelled, is_terminated, milli_vcpu,
    memory_mib, gpus, fargate, share, scheduling_priority, attempts, array_size, sequence,
    main_node, flaw, infrastructure_failures, grown_memory_mib, tags)
SELECT i, CAST(CAST(x'0190' AS TEXT) || printf('%%014x', i) AS BLOB),
    (SELECT id FROM job_queue WHERE name = 'bench-' || (i %% 8)),
    CASE WHEN i %% 4 < 2 THEN printf('align-%%07d', i) ELSE 'nightly-' || (i %% 90) END, 'noop', 1,
    1790000000000 + i * 100, CASE WHEN i %% 10 = 3 THEN 6 ELSE 5 END,
    'Essential container in task exited', 1, 1790000001000 + i * 100, 1790000009000 + i * 100, 0, 0,
    1000, 16, 0, 0, '', 0, 1, 0, 0, 0, 0, 0, 0,
    json_object('project', 'p' || (i %% 50), 'parity', CASE WHEN i %% 2 THEN 'odd' ELSE 'even' END)
FROM number;
INSERT INTO job_spec SELECT i, replace((SELECT spec FROM job_spec LIMIT 1), 'busybox',
    'registry/team-' || (i %% 40) || '/tool:' || (i %% 7)) FROM number;
INSERT INTO attempt (job_seq, part, number, compute_environment, host, container_id, address,
    log_group, log_stream, started_at, stopped_at, exit_code, reason, status_reason, price)
SELECT i, 0, 1, 'local', 'local', printf('%%064x', i), '', '/aws/batch/job',
    'noop/default/' || printf('%%032x', i), 1790000001000 + i * 100, 1790000009000 + i * 100,
    CASE WHEN i %% 10 <> 3 THEN 0 WHEN i %% 100 = 13 THEN 137 ELSE 1 END, '',
    'Essential container in task exited', 0 FROM number;
COMMIT;
)sql";

using DatabaseHandle = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

Result<DatabaseHandle> open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    DatabaseHandle database(raw, sqlite3_close);
    if (opened == SQLITE_OK) return database;
    return fail(ErrorKind::Internal, sqlite3_errmsg(raw));
}

Result<> fill(const std::string& path) {
    const auto database = open(path);
    if (!database) return std::unexpected(database.error());
    char* raw = sqlite3_mprintf(kFill, static_cast<long long>(kStoredJobs));
    const std::unique_ptr<char, void (*)(void*)> sql(raw, sqlite3_free);
    if (sqlite3_exec(database->get(), raw, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return fail(ErrorKind::Internal, sqlite3_errmsg(database->get()));
}

Result<std::int64_t> indexed_blocks(sqlite3* database) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, "SELECT count(*) FROM search_block WHERE jobs IS NOT NULL", -1,
                       &statement, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
    if (sqlite3_step(statement) == SQLITE_ROW) return sqlite3_column_int64(statement, 0);
    return fail(ErrorKind::Internal, sqlite3_errmsg(database));
}

/// Until all full blocks are there.
Result<> wait_for_index(const Batchd& batchd) {
    const auto database = open(batchd.database());
    if (!database) return std::unexpected(database.error());
    const auto deadline = SteadyClock::now() + kIndexLimit;
    while (SteadyClock::now() < deadline) {
        const auto blocks = indexed_blocks(database->get());
        if (!blocks) return std::unexpected(blocks.error());
        if (*blocks >= kStoredJobs / kBlock) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return fail(ErrorKind::Unavailable, "the index is not there after five minutes");
}

/// A data folder with the jobs; no daemon runs on it.
Result<std::filesystem::path> make_history(const Setup& setup) {
    auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(std::move(batchd).error());
    const auto submitted = batchd->fetch(submit_request(0));
    if (!submitted) return std::unexpected(submitted.error());
    batchd->kill();
    BATCHD_TRY(fill(batchd->database()));
    return batchd->folder();
}

Result<> measure_page(const Batchd& batchd, Report& report, const std::string& name,
                      const std::string& query) {
    Load load{.endpoint = batchd.endpoint(), .warm_up = {}, .duration = std::chrono::minutes{1}};
    load.request_limit = kSearches;
    load.next_request = [&] { return http_request("GET", "/api/v1/jobs?" + query); };
    std::size_t jobs = 0;
    load.on_answer = [&](const std::string& answer) {
        jobs = 0;
        for (auto at = answer.find("\"jobId\""); at != std::string::npos;
             at = answer.find("\"jobId\"", at + 1)) {
            ++jobs;
        }
    };
    const auto result = run(load);
    if (!result) return std::unexpected(result.error());
    const auto label = fmt::format("{} ({} jobs)", name, jobs);
    report.add({label + ", p50", result->latencies.percentile_ms(0.5), "ms"});
    report.add({label + ", p99", result->latencies.percentile_ms(0.99), "ms", below(50)});
    return {};
}

Result<> measure_pages(const Batchd& batchd, Report& report) {
    const std::vector<std::pair<std::string, std::string>> searches{
        {"newest jobs", ""},
        {"queue, status", "queue=bench-3&status=FAILED"},
        {"name prefix", "name=align-00040*"},
        {"name", "name=align-0040001"},
        {"tag, status, time",
         "tag.project=p17&status=SUCCEEDED&since=1790030000000&until=1790040000000"},
        {"queue, status, name prefix, tag, time",
         "queue=bench-3&status=FAILED&name=nightly-1*&tag.parity=odd&since=1790010000000"},
        {"image prefix, exit code", "image=registry/team-13/*&exitCode=137"},
        {"nothing by name", "name=nothing*"},
        {"nothing, though each filter has many",
         "queue=bench-2&tag.parity=odd&name=align-*&status=SUCCEEDED"}};
    for (const auto& [name, query] : searches) {
        BATCHD_TRY(measure_page(batchd, report, name, query));
    }
    return {};
}

Result<double> submits_per_second(const Batchd& batchd) {
    const auto result = run(
        {.endpoint = batchd.endpoint(),
         .connections = 64,
         .next_request = [number = std::size_t{0}]() mutable { return submit_request(number++); }});
    if (!result) return std::unexpected(result.error());
    return result->per_second;
}

}  // namespace

Result<> measure_search(const Setup& setup, Report& report) {
    const auto folder = make_history(setup);
    if (!folder) return std::unexpected(folder.error());
    const auto began = SteadyClock::now();
    const auto batchd = Batchd::start_on(setup, *folder);
    if (!batchd) return std::unexpected(batchd.error());
    BATCHD_TRY(wait_for_index(*batchd));
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    report.add({"a million jobs indexed, from the start", took.count(), "s"});
    BATCHD_TRY(measure_pages(*batchd, report));
    const auto with_history = submits_per_second(*batchd);
    if (!with_history) return std::unexpected(with_history.error());
    const auto fresh = Batchd::start(setup);
    if (!fresh) return std::unexpected(fresh.error());
    const auto without = submits_per_second(*fresh);
    if (!without) return std::unexpected(without.error());
    report.add({"SubmitJob on an empty database", *without, "/s"});
    report.add({"SubmitJob beside a million ended jobs", *with_history, "/s"});
    report.add({"  against the empty one", *with_history / *without, "", at_least(0.8)});
    return {};
}

}  // namespace batchd::bench
