// What somebody can do about an error: one table for all of /api/v1.
#pragma once

#include <string_view>

namespace batchd::api {

/// The next step after an error with this message; empty if none is known.
std::string_view hint_for(std::string_view message);

}  // namespace batchd::api
