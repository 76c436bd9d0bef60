// The statements of the search index, of its builder and of its reader. None walks over a table of
// jobs: a test explains each.
#pragma once

#include <string>

namespace batchd::store {

struct SearchSql {
    /// A block as a whole: (block).
    std::string block;
    /// Of a block the jobs with a term: (block, field, value).
    std::string term;
    /// Of a block the first term from a prefix on: (block, field, prefix).
    std::string prefix;
    /// Jobs by what changes while they live: (first seq, last seq, statuses as bits, exit code).
    /// The first looks at the jobs themselves, the second goes through the index by status.
    std::string few_by_status;
    std::string many_by_status;
    /// Jobs by time: (first seq, last seq, since, until, ended since).
    std::string by_time;
    /// Jobs of a block that is not indexed, by everything: (first seq, last seq, statuses, queue,
    /// since, until, ended since, name, is it a prefix, definition, ..., exit code, tags, image,
    /// ..., limit).
    std::string scan_up;
    std::string scan_down;
    /// All that a page shows of a job: (seq).
    std::string found;
    /// What the builder reads: (first seq, last seq, is it a whole block).
    std::string slice;
};

const SearchSql& search_sql();

}  // namespace batchd::store
