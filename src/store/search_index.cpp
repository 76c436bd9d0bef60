#include "store/search_index.hpp"

#include "store/rows.hpp"
#include "store/search_sql.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace batchd::store {
namespace {

constexpr std::int64_t kJobsPerSlice = 256;
constexpr std::size_t kTermsPerSlice = 512;
/// Blocks whose jobs changed their tags are found this late; until then they are looked at one by
/// one.
constexpr Seconds kLookForMissing{10};
/// So many ended jobs of a block may wait to be settled, or a quarter of those that were open.
constexpr std::size_t kMostUnsettled = 32;

std::int64_t first_seq(std::int64_t block) { return block * JobBits::kJobs; }

}  // namespace

void SearchIndex::committed(const ports::Changes& changes) {
    const std::int64_t end = JobBits::block_of(last_seq_ + 1);
    for (const auto& insert : changes.new_jobs) last_seq_ = std::max(last_seq_, insert.row.seq);
    if (JobBits::block_of(last_seq_ + 1) > end) look_for_missing_at_ = {};
    for (const auto& update : changes.jobs) {
        if (!model::is_terminal(update.state.status)) continue;
        const auto found = unsettled_.find(JobBits::block_of(update.seq));
        if (found == unsettled_.end()) continue;
        ++found->second.ended;
        put_in_line(found->first, found->second);
    }
}

void SearchIndex::put_in_line(std::int64_t block, Unsettled& unsettled) {
    const bool is_due =
        unsettled.ended > 0 && (unsettled.ended >= unsettled.open ||
                                unsettled.ended >= std::max(kMostUnsettled, unsettled.open / 4));
    if (!is_due || unsettled.is_in_line) return;
    unsettled.is_in_line = true;
    due_.push_back(block);
}

Result<bool> SearchIndex::advance(Timestamp now) {
    if (!is_started_) BATCHD_TRY(start());
    if (!build_) {
        auto next = next_build(now);
        if (!next) return std::unexpected(std::move(next).error());
        build_ = std::move(*next);
        if (!build_) return drop_terms();
    }
    const bool is_read = build_->next_seq > first_seq(build_->block + 1) - 1;
    Result<> done = is_read ? write_slice() : read_slice();
    if (done) return true;
    if (!build_->is_whole) due_.push_back(build_->block);
    build_.reset();  // it begins anew
    return std::unexpected(std::move(done).error());
}

/// What ended while no index was there to hear of it is settled first of all.
Result<> SearchIndex::start() {
    const auto newest =
        query_value<std::optional<std::int64_t>>(database_, "SELECT MAX(seq) FROM job");
    if (!newest) return std::unexpected(newest.error());
    last_seq_ = std::max(last_seq_, newest->value_or(std::nullopt).value_or(0));
    auto on_row = [&](Row& row) -> Result<> {
        row.read(due_.emplace_back());
        unsettled_[due_.back()].is_in_line = true;
        return {};
    };
    BATCHD_TRY(database_.each(
        "SELECT block FROM search_block WHERE length(open) > 0 ORDER BY block", on_row));
    auto on_emptied = [&](Row& row) -> Result<> {
        row.read(emptied_.emplace_back());
        return {};
    };
    BATCHD_TRY(database_.each("SELECT block FROM search_block WHERE length(jobs) = 0", on_emptied));
    is_started_ = true;
    return {};
}

Result<std::optional<SearchIndex::Build>> SearchIndex::next_build(Timestamp now) {
    if (!due_.empty()) {
        const auto block = due_.back();
        due_.pop_back();
        unsettled_[block].ended = 0;
        return Build{.block = block, .is_whole = false, .next_seq = first_seq(block)};
    }
    if (now < look_for_missing_at_) return std::nullopt;
    const auto oldest = oldest_block();
    if (!oldest) return std::unexpected(oldest.error());
    const auto missing = find_missing(*oldest);
    if (!missing) return std::unexpected(missing.error());
    if (!*missing) {
        BATCHD_TRY(find_left_behind(*oldest));
        look_for_missing_at_ = now + kLookForMissing;
        return std::nullopt;
    }
    const auto block = **missing;
    BATCHD_TRY(database_.run("DELETE FROM search_term WHERE block = ?", block));
    BATCHD_TRY(database_.run("INSERT OR REPLACE INTO search_block (block) VALUES (?)", block));
    unsettled_[block] = {.is_in_line = true};
    return Build{.block = block, .next_seq = first_seq(block)};
}

/// That of the oldest job, or of the next one if there is none.
Result<std::int64_t> SearchIndex::oldest_block() {
    const auto oldest =
        query_value<std::optional<std::int64_t>>(database_, "SELECT MIN(seq) FROM job");
    if (!oldest) return std::unexpected(oldest.error());
    return JobBits::block_of(oldest->value_or(std::nullopt).value_or(last_seq_ + 1));
}

/// The first block that is full and has no row that is ready.
Result<std::optional<std::int64_t>> SearchIndex::find_missing(std::int64_t oldest) {
    std::int64_t next = oldest;
    const std::int64_t end = JobBits::block_of(last_seq_ + 1);
    auto on_row = [&](Row& row) -> Result<> {
        std::int64_t block = 0;
        row.read(block);
        if (block == next) ++next;
        return {};
    };
    BATCHD_TRY(database_.each(
        "SELECT block FROM search_block WHERE block >= ? AND jobs IS NOT NULL ORDER BY block",
        on_row, next));
    return next < end ? std::optional(next) : std::nullopt;
}

struct SearchIndex::Entry {
    std::int64_t seq = 0;
    std::string queue;
    std::string name;
    std::string definition;
    std::string tags;
    Timestamp created_at;
    model::JobStatus status{};
    std::optional<Timestamp> stopped_at;
    std::optional<std::int32_t> exit_code;
    std::optional<std::string> image;
};

Result<> SearchIndex::read_slice() {
    Build& build = *build_;
    const std::int64_t last =
        std::min(build.next_seq + kJobsPerSlice, first_seq(build.block + 1)) - 1;
    auto on_row = [&](Row& row) { return read_entry(row); };
    BATCHD_TRY(database_.each(search_sql().slice, on_row, build.next_seq, last, build.is_whole));
    build.next_seq = last + 1;
    if (build.next_seq < first_seq(build.block + 1)) return {};
    for (const auto [field, prefix] :
         {std::pair{SearchField::Name, SearchField::NamePrefix},
          std::pair{SearchField::Image, SearchField::ImagePrefix},
          std::pair{SearchField::Definition, SearchField::DefinitionPrefix}}) {
        if (build.is_whole) build.terms[prefix] = prefixes_of(build.terms[field]);
    }
    return {};
}

Result<> SearchIndex::read_entry(Row& row) {
    Entry job;
    row.read(job.seq, job.queue, job.name, job.definition, job.tags, job.created_at, job.status,
             job.stopped_at, job.exit_code, job.image);
    Build& build = *build_;
    const std::size_t place = JobBits::place_of(job.seq);
    const auto add = [&](SearchField field, const std::string& term) {
        build.terms[field][term].add(place);
    };
    build.jobs.add(place);
    build.first_created = std::min(build.first_created.value_or(job.created_at), job.created_at);
    build.last_created = std::max(build.last_created.value_or(job.created_at), job.created_at);
    if (!model::is_terminal(job.status)) {
        build.open.add(place);
    } else {
        build.last_stopped = std::max(build.last_stopped, job.stopped_at);
        add(SearchField::Status, std::to_string(std::to_underlying(job.status)));
        if (job.exit_code) add(SearchField::ExitCode, std::to_string(*job.exit_code));
    }
    if (!build.is_whole) return {};
    add(SearchField::Queue, job.queue);
    add(SearchField::Name, job.name);
    add(SearchField::Definition, job.definition);
    if (job.image) add(SearchField::Image, *job.image);
    if (job.tags == "{}") return {};
    const auto tags = from_json<model::StringMap>(job.tags);
    if (!tags) return std::unexpected(tags.error());
    for (const auto& [key, value] : *tags) add(SearchField::Tag, tag_term(key, value));
    return {};
}

/// Those of a block that is only settled are few, and written with its row.
Result<> SearchIndex::write_slice() {
    Build& build = *build_;
    auto transaction = Transaction::begin(database_, Transaction::Kind::Write);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    if (!build.is_whole) {
        for (const auto field : {SearchField::Status, SearchField::ExitCode}) {
            BATCHD_TRY(database_.run("DELETE FROM search_term WHERE block = ? AND field = ?",
                                     build.block, field));
        }
    }
    std::size_t written = 0;
    while (!build.terms.empty() && written < kTermsPerSlice) {
        auto& [field, terms] = *build.terms.begin();
        while (!terms.empty() && written < kTermsPerSlice) {
            const auto term = terms.begin();
            BATCHD_TRY(database_.run(
                "INSERT INTO search_term (block, field, value, jobs) VALUES (?, ?, ?, ?)",
                build.block, field, term->first, Blob{term->second.encode()}));
            terms.erase(term);
            ++written;
        }
        if (terms.empty()) build.terms.erase(build.terms.begin());
    }
    const bool is_last = build.terms.empty();
    if (is_last) BATCHD_TRY(finish());
    BATCHD_TRY(transaction->commit());
    if (is_last) build_.reset();
    return {};
}

/// A block that is being built is built anew.
Result<> SearchIndex::remove(std::int64_t seq) {
    const auto block = JobBits::block_of(seq);
    const auto bytes = query_value<std::string>(
        database_, "SELECT jobs FROM search_block WHERE block = ? AND jobs IS NOT NULL", block);
    if (!bytes) return std::unexpected(bytes.error());
    if (build_ && build_->block == block) {
        BATCHD_TRY(database_.run("DELETE FROM search_block WHERE block = ?", block));
        return {};
    }
    JobBits jobs;
    if (!*bytes || !JobBits::decode(**bytes, jobs)) return {};
    jobs.remove(JobBits::place_of(seq));
    BATCHD_TRY(database_.run("UPDATE search_block SET jobs = ? WHERE block = ?",
                             Blob{jobs.encode()}, block));
    if (jobs.empty()) emptied_.push_back(block);
    return {};
}

/// What is left of blocks before the oldest job: terms of those whose row was gone, because tags
/// had changed, when their last job went; rows of all.
Result<> SearchIndex::find_left_behind(std::int64_t oldest) {
    if (!emptied_.empty()) return {};
    for (std::int64_t block = -1;;) {
        const auto next = query_value<std::optional<std::int64_t>>(
            database_, "SELECT MIN(block) FROM search_term WHERE block > ?", block);
        if (!next) return std::unexpected(next.error());
        block = next->value_or(std::nullopt).value_or(oldest);
        if (block >= oldest) break;
        emptied_.push_back(block);
    }
    BATCHD_TRY(database_.run("DELETE FROM search_block WHERE block < ?", oldest));
    return {};
}

/// False if there were none.
Result<bool> SearchIndex::drop_terms() {
    if (emptied_.empty()) return false;
    const auto block = emptied_.back();
    const auto dropped = database_.run(
        "DELETE FROM search_term WHERE block = ?1 AND (field, value) IN"
        " (SELECT field, value FROM search_term WHERE block = ?1 LIMIT ?2)"
        " AND NOT EXISTS (SELECT 1 FROM job WHERE seq >= ?3 AND seq < ?4)",
        block, kTermsPerSlice, first_seq(block), first_seq(block + 1));
    if (!dropped) return std::unexpected(dropped.error());
    if (*dropped == 0) emptied_.pop_back();
    return true;
}

/// If its row is gone, a job of the block has changed meanwhile: it is built anew later.
Result<> SearchIndex::finish() {
    Build& build = *build_;
    BATCHD_TRY(database_.run(
        "UPDATE search_block SET jobs = ?, open = ?, first_created = ?, last_created = ?,"
        " last_stopped = ? WHERE block = ?",
        Blob{build.jobs.encode()}, Blob{build.open.encode()}, build.first_created,
        build.last_created, build.last_stopped, build.block));
    auto& unsettled = unsettled_[build.block];
    unsettled.open = build.open.count();
    unsettled.is_in_line = false;
    put_in_line(build.block, unsettled);
    if (unsettled.open == 0) unsettled_.erase(build.block);
    return {};
}

}  // namespace batchd::store
