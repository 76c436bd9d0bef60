// Durable SubmitJob.
#include "batchd/base/uuid.hpp"
#include "load.hpp"
#include "sections.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_set>

namespace batchd::bench {
namespace {

constexpr std::size_t kConnections = 64;
constexpr int kRounds = 3;  // alternating; the median of each counts

std::unexpected<Error> database_error(sqlite3* database) {
    return fail(ErrorKind::Internal, sqlite3_errmsg(database));
}

Result<std::unordered_set<Uuid>> stored_jobs(const std::string& path) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(raw, sqlite3_close);
    if (opened != SQLITE_OK) return database_error(raw);
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(raw, "SELECT id FROM job", -1, &statement, nullptr) != SQLITE_OK) {
        return database_error(raw);
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
    std::unordered_set<Uuid> ids;
    int stepped = SQLITE_ROW;
    while ((stepped = sqlite3_step(statement)) == SQLITE_ROW) {
        Uuid id;
        std::memcpy(id.bytes.data(), sqlite3_column_blob(statement, 0), id.bytes.size());
        ids.insert(id);
    }
    if (stepped != SQLITE_DONE) return database_error(raw);
    return ids;
}

Result<> check_stored(const std::string& database, const std::vector<std::string>& acknowledged) {
    const auto stored = stored_jobs(database);
    if (!stored) return std::unexpected(stored.error());
    std::size_t missing = 0;
    for (const auto& text : acknowledged) {
        const auto id = parse_uuid(text);
        if (!id || !stored->contains(*id)) ++missing;
    }
    if (missing == 0) return {};
    return fail(ErrorKind::Internal, fmt::format("{} of {} acknowledged jobs are not stored",
                                                 missing, acknowledged.size()));
}

Load submit_load(Endpoint endpoint) {
    return {
        .endpoint = std::move(endpoint),
        .connections = kConnections,
        .next_request = [number = std::size_t{0}]() mutable { return submit_request(number++); }};
}

Result<LoadResult> run_bare(const Setup& setup) {
    const auto server = Process::start(
        {.arguments = {setup.self, "bare-server"}, .log_file = setup.scratch / "bare-server.log"});
    if (!server) return std::unexpected(server.error());
    return run(submit_load(loopback(server->port())));
}

Result<LoadResult> run_durable(const Setup& setup, std::size_t& acknowledged_jobs) {
    auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    std::vector<std::string> acknowledged;
    Load load = submit_load(batchd->endpoint());
    load.on_answer = [&](const std::string& answer) { acknowledged.push_back(job_id(answer)); };
    auto result = run(load);
    if (!result) return result;
    batchd->kill();
    BATCHD_TRY(check_stored(batchd->database(), acknowledged));
    acknowledged_jobs += acknowledged.size();
    return result;
}

LoadResult median(std::vector<LoadResult> results) {
    const auto middle = results.begin() + static_cast<std::ptrdiff_t>(results.size() / 2);
    std::ranges::nth_element(results, middle, {}, &LoadResult::per_second);
    return std::move(*middle);
}

}  // namespace

Result<> measure_submit(const Setup& setup, Report& report) {
    std::vector<LoadResult> bare_results;
    std::vector<LoadResult> durable_results;
    std::size_t acknowledged = 0;
    for (int round = 0; round < kRounds; ++round) {
        auto bare = run_bare(setup);
        if (!bare) return std::unexpected(std::move(bare).error());
        auto durable = run_durable(setup, acknowledged);
        if (!durable) return std::unexpected(std::move(durable).error());
        bare_results.push_back(std::move(*bare));
        durable_results.push_back(std::move(*durable));
    }
    const LoadResult bare = median(std::move(bare_results));
    const LoadResult durable = median(std::move(durable_results));
    report.add({"bare Beast server, same requests", bare.per_second, "/s"});
    report.add({"durable SubmitJob, 64 connections", durable.per_second, "/s", at_least(25'000)});
    report.add(
        {"  against the bare server", durable.per_second / bare.per_second, "", at_least(0.35)});
    report.add({"  p50", durable.latencies.percentile_ms(0.5), "ms"});
    report.add({"  p99", durable.latencies.percentile_ms(0.99), "ms"});
    report.add({"  acknowledged jobs, all in SQLite after SIGKILL",
                static_cast<double>(acknowledged), ""});
    return {};
}

}  // namespace batchd::bench
