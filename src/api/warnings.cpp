#include "api/warnings.hpp"

#include <algorithm>

namespace batchd::api {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

void add_warnings(http::Response& response, const std::vector<std::string>& warnings) {
    for (std::size_t i = 0; i < std::min(warnings.size(), kMostWarningHeaders); ++i) {
        std::string text = warnings[i];
        std::ranges::replace_if(text, [](char c) { return !is_printable(c); }, '?');
        response.headers.add(std::string(kWarningHeader), std::move(text));
    }
}

}  // namespace batchd::api
