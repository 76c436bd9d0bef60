// The terms by which the search index finds jobs, and how it answers for prefixes.
#pragma once

#include "store/job_bits.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace batchd::store {

/// Stored as these numbers. The terms of a ...Prefix are texts that several values begin with.
enum class SearchField : std::uint8_t {
    Queue,
    Status,    // of jobs that have ended
    ExitCode,  // likewise, of the newest attempt
    Tag,
    Name,
    NamePrefix,
    Image,
    ImagePrefix,
    Definition,
    DefinitionPrefix,
};

/// What a field's terms are, each with the jobs that have it.
using SearchTerms = std::map<std::string, JobBits>;

/// The term of a tag.
std::string tag_term(std::string_view key, std::string_view value);

/// The longest common beginnings of `terms`, each with all jobs whose term begins with it. So the
/// jobs of any prefix that several terms share are those of one entry: of the first that begins
/// with the prefix, in the order of bytes.
SearchTerms prefixes_of(const SearchTerms& terms);

}  // namespace batchd::store
