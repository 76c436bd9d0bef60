#include "store/definition_retainer.hpp"

#include "batchd/base/log.hpp"

#include <algorithm>

namespace batchd::store {
namespace {

constexpr Seconds kLongestInterval = std::chrono::hours{1};
constexpr Seconds kShortestInterval{1};
constexpr std::size_t kMostDoomed = 500;
constexpr std::int64_t kJobsPerSlice = 2000;

}  // namespace

Result<Timestamp> DefinitionRetainer::advance(Timestamp now) {
    if (age_ == Seconds{0}) return now + kLongestInterval;
    if (!doomed_.empty()) {
        const auto looked_at_all = spare_used();
        if (!looked_at_all) return std::unexpected(looked_at_all.error());
        if (*looked_at_all) BATCHD_TRY(remove());
        return now;
    }
    if (!chosen_to_ && next_pass_ && now < *next_pass_) return *next_pass_;
    if (!chosen_to_) next_pass_ = now + std::clamp(age_ / 4, kShortestInterval, kLongestInterval);
    BATCHD_TRY(choose(now));
    return doomed_.empty() ? *next_pass_ : now;
}

/// Those that were deregistered first; the next ones of the pass when these are done with.
Result<> DefinitionRetainer::choose(Timestamp now) {
    const Place from = chosen_to_.value_or(Place{});
    chosen_to_.reset();
    looked_to_ = 0;
    Place last;
    auto on_row = [&](Row& row) -> Result<> {
        std::string name;
        std::int32_t revision = 0;
        row.read(last.at, last.row, name, revision);
        doomed_.emplace(std::move(name), revision);
        return {};
    };
    BATCHD_TRY(
        database_.each("SELECT deregistered_at, rowid, name, revision FROM job_definition"
                       " WHERE deregistered_at <= ? AND (deregistered_at, rowid) > (?, ?)"
                       " ORDER BY deregistered_at, rowid LIMIT ?",
                       on_row, now - age_, from.at, from.row, kMostDoomed));
    if (doomed_.size() == kMostDoomed) chosen_to_ = last;
    return {};
}

/// True if all jobs have been looked at. Who was submitted while this went on has a greater seq,
/// and nobody is submitted between the last slice and what follows it.
Result<bool> DefinitionRetainer::spare_used() {
    std::int64_t first = 0;
    std::int64_t last = 0;
    BATCHD_TRY(database_.each(
        "SELECT (SELECT coalesce(min(seq), 0) FROM job), (SELECT coalesce(max(seq), 0) FROM job)",
        [&](Row& row) -> Result<> {
            row.read(first, last);
            return {};
        }));
    const std::int64_t from = std::max(looked_to_, first - 1);
    auto on_row = [&](Row& row) -> Result<> {
        std::pair<std::string, std::int32_t> used;
        row.read(used.first, used.second);
        doomed_.erase(used);
        return {};
    };
    BATCHD_TRY(
        database_.each("SELECT definition_name, definition_revision FROM job"
                       " WHERE seq > ? AND seq <= ? AND status < ?",
                       on_row, from, from + kJobsPerSlice, model::JobStatus::Succeeded));
    looked_to_ = from + kJobsPerSlice;
    return looked_to_ >= last;
}

Result<> DefinitionRetainer::remove() {
    auto transaction = Transaction::begin(database_, Transaction::Kind::Write);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    for (const auto& [name, revision] : doomed_) {
        BATCHD_TRY(
            database_.run("INSERT INTO removed_definition (name, last_revision) VALUES (?, ?)"
                          " ON CONFLICT (name) DO UPDATE SET last_revision = max(last_revision,"
                          " excluded.last_revision)",
                          name, revision));
        BATCHD_TRY(database_.run("DELETE FROM job_definition WHERE name = ? AND revision = ?", name,
                                 revision));
    }
    BATCHD_TRY(transaction->commit());
    if (!doomed_.empty()) log::info("removed {} INACTIVE job definitions", doomed_.size());
    doomed_.clear();
    return {};
}

}  // namespace batchd::store
