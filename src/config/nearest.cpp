#include "config/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace batchd::config {
namespace {

/// Levenshtein's distance: how many characters to insert, delete or replace.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string suggestion(std::string_view typed, const std::vector<std::string>& known) {
    const std::string* nearest = nullptr;
    std::size_t least = std::clamp<std::size_t>(typed.size() / 3, 1, 3) + 1;
    for (const std::string& name : known) {
        // "idle_timeout" for "idle_timeout_seconds": a forgotten end is one change.
        const std::size_t changes = name.starts_with(typed) ? 1 : distance(typed, name);
        if (changes >= least) continue;
        least = changes;
        nearest = &name;
    }
    return nearest == nullptr ? std::string{} : "; did you mean '" + *nearest + "'?";
}

}  // namespace batchd::config
