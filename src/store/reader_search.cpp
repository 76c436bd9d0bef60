#include "batchd/store/search.hpp"
#include "store/children.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"
#include "store/search_sql.hpp"
#include "store/search_terms.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace batchd::store {
namespace {

/// So many jobs of a block are looked up one by one; more by a walk through an index.
constexpr std::size_t kFewJobs = 64;

Result<> decode(const std::string& bytes, JobBits& bits) {
    if (JobBits::decode(bytes, bits)) return {};
    return fail(ErrorKind::Internal, "a set of jobs in the search index is damaged");
}

/// What the index says of a block as a whole.
struct Block {
    std::int64_t number = 0;
    JobBits jobs{};
    JobBits open{};
    std::optional<Timestamp> first_created{};
    std::optional<Timestamp> last_created{};
    std::optional<Timestamp> last_stopped{};

    std::int64_t first_seq() const { return number * JobBits::kJobs; }
    std::int64_t last_seq() const { return first_seq() + JobBits::kJobs - 1; }
};

/// A query, on its way through the blocks.
class Search {
  public:
    Search(Database& database, const SearchQuery& query) : database_(database), query_(query) {
        for (const auto status : query.statuses) wanted_ |= 1U << std::to_underlying(status);
        if (query.statuses.empty()) wanted_ = kAnyStatus;
        model::StringMap tags;
        for (const auto& [key, value] : query.tags) tags[key] = value;
        if (!tags.empty()) tags_ = to_json(tags);
    }

    Result<std::vector<std::int64_t>> run() {
        BATCHD_TRY(find_ends());
        const auto step = query_.oldest_first ? 1 : -1;
        const auto first = JobBits::block_of(first_);
        const auto last = JobBits::block_of(last_);
        for (auto block = query_.oldest_first ? first : last;
             !is_full() && block >= first && block <= last; block += step) {
            BATCHD_TRY(look_at(block));
        }
        return std::move(found_);
    }

  private:
    static constexpr unsigned kAnyStatus = (1U << model::kJobStatusCount) - 1;
    static constexpr unsigned kEndedStatus = 1U << std::to_underlying(model::JobStatus::Succeeded) |
                                             1U << std::to_underlying(model::JobStatus::Failed);

    /// One more than the page has.
    bool is_full() const { return found_.size() > query_.limit; }

    /// The first and the last seq that can be found.
    Result<> find_ends() {
        const auto min =
            query_value<std::optional<std::int64_t>>(database_, "SELECT MIN(seq) FROM job");
        if (!min) return std::unexpected(min.error());
        const auto max =
            query_value<std::optional<std::int64_t>>(database_, "SELECT MAX(seq) FROM job");
        if (!max) return std::unexpected(max.error());
        first_ = min->value_or(std::nullopt).value_or(0);
        last_ = max->value_or(std::nullopt).value_or(-1);
        if (!query_.after) return {};
        if (query_.oldest_first) {
            first_ = std::max(first_, *query_.after + 1);
        } else {
            last_ = std::min(last_, *query_.after - 1);
        }
        return {};
    }

    Result<> look_at(std::int64_t number) {
        Block block{.number = number};
        const auto is_indexed = read_block(block);
        if (!is_indexed) return std::unexpected(is_indexed.error());
        const auto first = std::max(first_, block.first_seq());
        const auto last = std::min(last_, block.last_seq());
        if (!*is_indexed) return scan(first, last);
        JobBits jobs = block.jobs;
        jobs.clip(JobBits::place_of(first), JobBits::place_of(last));
        if (jobs.empty()) return {};
        BATCHD_TRY(keep_static(block, jobs));
        BATCHD_TRY(keep_status(block, jobs));
        BATCHD_TRY(keep_times(block, jobs));
        jobs.each(query_.oldest_first, [&](std::size_t place) {
            found_.push_back(block.first_seq() + static_cast<std::int64_t>(place));
            return !is_full();
        });
        return {};
    }

    Result<bool> read_block(Block& block) {
        bool is_there = false;
        auto on_row = [&](Row& row) -> Result<> {
            is_there = true;
            std::string jobs;
            std::string open;
            row.read(jobs, open, block.first_created, block.last_created, block.last_stopped);
            BATCHD_TRY(decode(open, block.open));
            return decode(jobs, block.jobs);
        };
        BATCHD_TRY(database_.each(search_sql().block, on_row, block.number));
        return is_there;
    }

    /// The jobs of the block that have the term.
    Result<JobBits> with_term(const Block& block, SearchField field, const std::string& term) {
        JobBits jobs;
        auto on_row = [&](Row& row) -> Result<> {
            std::string bytes;
            row.read(bytes);
            return decode(bytes, jobs);
        };
        BATCHD_TRY(database_.each(search_sql().term, on_row, block.number, field, term));
        return jobs;
    }

    /// The jobs of the first term from `prefix` on, if that begins with it.
    Result<std::optional<JobBits>> with_prefix(const Block& block, SearchField field,
                                               const std::string& prefix) {
        std::optional<JobBits> jobs;
        auto on_row = [&](Row& row) -> Result<> {
            std::string value;
            std::string bytes;
            row.read(value, bytes);
            return value.starts_with(prefix) ? decode(bytes, jobs.emplace()) : Result<>{};
        };
        BATCHD_TRY(database_.each(search_sql().prefix, on_row, block.number, field, prefix));
        return jobs;
    }

    Result<> keep_term(const Block& block, SearchField field, const std::string& term,
                       JobBits& jobs) {
        if (jobs.empty()) return {};
        const auto with = with_term(block, field, term);
        if (!with) return std::unexpected(with.error());
        jobs &= *with;
        return {};
    }

    /// A prefix of several terms is an entry of its own; else at most one term begins with it.
    Result<> keep_name(const Block& block, SearchField field, SearchField prefixes,
                       const std::optional<JobFilter::Name>& name, JobBits& jobs) {
        if (!name || jobs.empty()) return {};
        if (!name->is_prefix) return keep_term(block, field, name->text, jobs);
        auto with = with_prefix(block, prefixes, name->text);
        if (with && !*with) with = with_prefix(block, field, name->text);
        if (!with) return std::unexpected(with.error());
        jobs &= with->value_or(JobBits{});
        return {};
    }

    /// By what never changes.
    Result<> keep_static(const Block& block, JobBits& jobs) {
        if (query_.queue) BATCHD_TRY(keep_term(block, SearchField::Queue, *query_.queue, jobs));
        for (const auto& [key, value] : query_.tags) {
            BATCHD_TRY(keep_term(block, SearchField::Tag, tag_term(key, value), jobs));
        }
        BATCHD_TRY(keep_name(block, SearchField::Name, SearchField::NamePrefix, query_.name, jobs));
        BATCHD_TRY(
            keep_name(block, SearchField::Image, SearchField::ImagePrefix, query_.image, jobs));
        return keep_name(block, SearchField::Definition, SearchField::DefinitionPrefix,
                         query_.definition, jobs);
    }

    /// By what changes while a job lives: of the jobs that were open it is looked up.
    Result<> keep_status(const Block& block, JobBits& jobs) {
        if (wanted_ == kAnyStatus && !query_.exit_code) return {};
        JobBits open = block.open;
        open &= jobs;
        JobBits with = query_.exit_code ? JobBits{} : block.jobs;
        if (query_.exit_code) {
            auto found = with_term(block, SearchField::ExitCode, std::to_string(*query_.exit_code));
            if (!found) return std::unexpected(found.error());
            with = *found;
        }
        if ((wanted_ & kEndedStatus) != kEndedStatus || !query_.exit_code) {
            const auto ended = with_ended_status(block);
            if (!ended) return std::unexpected(ended.error());
            with &= *ended;
        }
        BATCHD_TRY(look_up_open(block, open, with));
        jobs &= with;
        return {};
    }

    /// Those that had ended, in a status that is wanted, when the block was looked at.
    Result<JobBits> with_ended_status(const Block& block) {
        JobBits jobs;
        for (const auto status : {model::JobStatus::Succeeded, model::JobStatus::Failed}) {
            const auto number = std::to_underlying(status);
            if ((wanted_ & 1U << number) == 0) continue;
            const auto with = with_term(block, SearchField::Status, std::to_string(number));
            if (!with) return with;
            jobs |= *with;
        }
        return jobs;
    }

    /// Adds those of `open` whose status and exit code are wanted.
    Result<> look_up_open(const Block& block, const JobBits& open, JobBits& jobs) {
        auto on_row = [&](Row& row) -> Result<> {
            std::int64_t seq = 0;
            row.read(seq);
            const auto place = JobBits::place_of(seq);
            if (open.contains(place)) jobs.add(place);
            return {};
        };
        if (open.count() > kFewJobs) {
            return database_.each(search_sql().many_by_status, on_row, block.first_seq(),
                                  block.last_seq(), wanted_, query_.exit_code);
        }
        Result<> done;
        open.each(true, [&](std::size_t place) {
            const auto seq = block.first_seq() + static_cast<std::int64_t>(place);
            done = database_.each(search_sql().few_by_status, on_row, seq, seq, wanted_,
                                  query_.exit_code);
            return done.has_value();
        });
        return done;
    }

    /// Only where the times of the block's jobs do not all lie on one side are they looked at.
    Result<> keep_times(const Block& block, JobBits& jobs) {
        const auto& [since, until, ended_since] =
            std::tie(query_.since, query_.until, query_.ended_since);
        const bool too_old = since && block.last_created < *since;
        const bool too_new = until && block.first_created >= *until;
        const bool all_ended_before =
            ended_since && block.open.empty() && block.last_stopped < *ended_since;
        if (jobs.empty() || too_old || too_new || all_ended_before) {
            jobs = {};
            return {};
        }
        const bool is_within = (!since || block.first_created >= *since) &&
                               (!until || block.last_created < *until) && !ended_since;
        if (is_within) return {};
        JobBits in_time;
        auto on_row = [&](Row& row) -> Result<> {
            std::int64_t seq = 0;
            row.read(seq);
            in_time.add(JobBits::place_of(seq));
            return {};
        };
        BATCHD_TRY(database_.each(search_sql().by_time, on_row, block.first_seq(), block.last_seq(),
                                  since, until, ended_since));
        jobs &= in_time;
        return {};
    }

    /// Looks at each job of a block that is not indexed.
    Result<> scan(std::int64_t first, std::int64_t last) {
        auto on_row = [&](Row& row) -> Result<> {
            row.read(found_.emplace_back());
            return {};
        };
        const auto text = [](const auto& name) {
            return name ? std::optional(name->text) : std::nullopt;
        };
        const auto is_prefix = [](const auto& name) { return name && name->is_prefix; };
        return database_.each(
            query_.oldest_first ? search_sql().scan_up : search_sql().scan_down, on_row, first,
            last, wanted_, query_.queue, query_.since, query_.until, query_.ended_since,
            text(query_.name), is_prefix(query_.name), text(query_.definition),
            is_prefix(query_.definition), query_.exit_code, tags_, text(query_.image),
            is_prefix(query_.image), one_more(query_.limit - found_.size()));
    }

    Database& database_;
    const SearchQuery& query_;
    unsigned wanted_ = 0;  ///< a bit for each status
    std::optional<std::string> tags_;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
    std::vector<std::int64_t> found_;  ///< in the order that is asked for
};

Result<> read_found(Database& database, std::int64_t seq, std::vector<FoundJob>& jobs) {
    auto on_row = [&](Row& row) -> Result<> {
        FoundJob& job = jobs.emplace_back();
        row.read(job.seq, job.id, job.name, job.queue, job.created_at, job.array_size,
                 job.exit_code, job.image, job.tags);
        BATCHD_TRY(read_shape(row, job.shape));
        read_state(row, job.state);
        return {};
    };
    return database.each(search_sql().found, on_row, seq);
}

}  // namespace

Result<SearchPage> Reader::search(const SearchQuery& query) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    const auto found = Search(*database_, query).run();
    if (!found) return std::unexpected(found.error());
    std::vector<FoundJob> jobs;
    jobs.reserve(found->size());
    for (const auto seq : *found) BATCHD_TRY(read_found(*database_, seq, jobs));
    BATCHD_TRY(read_pending_arrays(*database_, jobs));
    return make_page(std::move(jobs), query.limit, [](const FoundJob& job) { return job.seq; });
}

}  // namespace batchd::store
