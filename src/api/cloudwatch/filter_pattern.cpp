#include "api/cloudwatch/filter_pattern.hpp"

#include <algorithm>

namespace batchd::api::cloudwatch {
namespace {

bool contains(std::string_view message, const std::string& term) {
    return message.find(term) != std::string_view::npos;
}

/// Takes the next term off `text`: a word, or what stands in quotes.
Result<std::string> take_term(std::string_view& text) {
    if (text.starts_with('"')) {
        const auto end = text.find('"', 1);
        if (end == std::string_view::npos) {
            return invalid_argument("filterPattern has a quote that is not closed");
        }
        std::string term(text.substr(1, end - 1));
        text.remove_prefix(end + 1);
        return term;
    }
    const auto end = std::min(text.find(' '), text.size());
    std::string term(text.substr(0, end));
    text.remove_prefix(end);
    return term;
}

}  // namespace

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
    FilterPattern pattern;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty()) return pattern;
        if (text.front() == '{' || text.front() == '[' || text.front() == '%') {
            return invalid_argument(
                "filterPattern: only terms are served, not JSON, column or regular expressions");
        }
        const char sign = text.front();
        if (sign == '?' || sign == '-') text.remove_prefix(1);
        auto term = take_term(text);
        if (!term) return std::unexpected(std::move(term).error());
        (sign == '?'   ? pattern.any_
         : sign == '-' ? pattern.none_
                       : pattern.all_)
            .push_back(std::move(*term));
    }
}

bool FilterPattern::matches(std::string_view message) const {
    const auto occurs = [&](const std::string& term) { return contains(message, term); };
    return std::ranges::all_of(all_, occurs) && std::ranges::none_of(none_, occurs) &&
           (any_.empty() || std::ranges::any_of(any_, occurs));
}

}  // namespace batchd::api::cloudwatch
