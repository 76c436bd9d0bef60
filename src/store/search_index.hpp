// Builds the search index, a few milliseconds at a time. Belongs to the writer's thread.
#pragma once

#include "batchd/ports/changes.hpp"
#include "store/database.hpp"
#include "store/search_terms.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace batchd::store {

class SearchIndex {
  public:
    /// The database must outlive the index.
    explicit SearchIndex(Database& database) : database_(database) {}

    /// Tells what was committed.
    void committed(const ports::Changes& changes);

    /// Forgets a job whose row is being deleted, in the transaction that is open.
    Result<> remove(std::int64_t seq);

    /// One slice of work; false if there was none to do.
    Result<bool> advance(Timestamp now);

  private:
    /// A block on its way into the tables. It is read first, then written: terms in transactions of
    /// their own, and at last the row of the block, which makes them count.
    struct Build {
        std::int64_t block = 0;
        bool is_whole = true;  ///< else only what changes when jobs end
        std::int64_t next_seq = 0;
        std::map<SearchField, SearchTerms> terms{};
        JobBits jobs{};
        JobBits open{};
        std::optional<Timestamp> first_created{};
        std::optional<Timestamp> last_created{};
        std::optional<Timestamp> last_stopped{};
    };
    struct Entry;

    Result<> start();
    Result<std::optional<Build>> next_build(Timestamp now);
    Result<std::int64_t> oldest_block();
    Result<std::optional<std::int64_t>> find_missing(std::int64_t oldest);
    Result<> find_left_behind(std::int64_t oldest);
    Result<> read_slice();
    Result<> read_entry(Row& row);
    Result<> write_slice();
    Result<> finish();
    Result<bool> drop_terms();

    Database& database_;
    std::optional<Build> build_;
    bool is_started_ = false;
    std::int64_t last_seq_ = 0;
    Timestamp look_for_missing_at_{};
    /// A block with open jobs.
    struct Unsettled {
        std::size_t open = 0;     ///< jobs, when it was read
        std::size_t ended = 0;    ///< since then
        bool is_in_line = false;  ///< to be settled, or under way
    };
    void put_in_line(std::int64_t block, Unsettled& unsettled);

    std::unordered_map<std::int64_t, Unsettled> unsettled_;
    std::vector<std::int64_t> due_;      ///< blocks to settle
    std::vector<std::int64_t> emptied_;  ///< blocks whose jobs are all gone, but not their terms
};

}  // namespace batchd::store
