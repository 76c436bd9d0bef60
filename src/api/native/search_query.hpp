// The parameters of GET /api/v1/jobs, as a query of the store.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/http/message.hpp"
#include "batchd/model/names.hpp"
#include "batchd/store/search.hpp"

#include <string>
#include <string_view>

namespace batchd::api::native {

/// InvalidArgument names the parameter, its value and the rule: unknown and repeated parameters,
/// too, so that no misspelt one widens a search.
Result<store::SearchQuery> read_search(const http::Request& request, const model::Scope& scope,
                                       Timestamp now);

/// The cursor that continues the search of `request` after the job with that seq. It carries a
/// check of itself and of the search: what somebody made up or took from another search is refused
/// by read_search.
std::string make_cursor(const http::Request& request, std::int64_t seq);

/// Milliseconds since the epoch, ISO 8601 (a date alone is its midnight in UTC), or a time before
/// `now`: a number with s, m, h, d or w.
Result<Timestamp> parse_time(std::string_view parameter, std::string_view text, Timestamp now);

}  // namespace batchd::api::native
