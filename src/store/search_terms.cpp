#include "store/search_terms.hpp"

#include <algorithm>
#include <iterator>

namespace batchd::store {

std::string tag_term(std::string_view key, std::string_view value) {
    return std::to_string(key.size()) + ":" + std::string(key) + std::string(value);
}

SearchTerms prefixes_of(const SearchTerms& terms) {
    SearchTerms prefixes;
    for (auto term = terms.begin(); term != terms.end(); ++term) {
        const auto next = std::next(term);
        if (next == terms.end()) break;
        const auto end = std::ranges::mismatch(term->first, next->first).in1;
        if (end != term->first.begin()) {
            prefixes.try_emplace(std::string(term->first.begin(), end));
        }
    }
    for (auto& [prefix, jobs] : prefixes) {
        for (auto term = terms.lower_bound(prefix);
             term != terms.end() && term->first.starts_with(prefix); ++term) {
            jobs |= term->second;
        }
    }
    return prefixes;
}

}  // namespace batchd::store
