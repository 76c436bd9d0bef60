// Reading long lists without having all of them in memory.
#pragma once

#include "batchd/base/json.hpp"

#include <functional>

namespace batchd::json {

/// Parses an object, and gives each element of its member `member`, if that is a list, to `visit`,
/// which may change it. Returns the object without those elements. InvalidArgument as for parse(),
/// and if the member is given more than once; `visit` may have been called before.
Result<Json> parse_each(std::string_view text, std::string_view member,
                        const std::function<void(Json& element)>& visit);

}  // namespace batchd::json
