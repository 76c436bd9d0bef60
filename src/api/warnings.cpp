#include "api/warnings.hpp"

#include "batchd/model/warnings.hpp"

#include <algorithm>

namespace batchd::api {
namespace {

/// In all, names included: nginx has a buffer of 4 KB for all headers of an answer.
constexpr std::size_t kMostBytes = 2048;

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

void add_warnings(http::Response& response, const std::vector<std::string>& warnings) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < warnings.size(); ++i) {
        std::string text = warnings[i];
        bytes += kWarningHeader.size() + text.size() + 4;  // ": " and the line's end
        if (i == model::kMostWarnings || bytes > kMostBytes) {
            response.headers.add(std::string(kWarningHeader), model::kMoreWarnings);
            return;
        }
        std::ranges::replace_if(text, [](char c) { return !is_printable(c); }, '?');
        response.headers.add(std::string(kWarningHeader), std::move(text));
    }
}

}  // namespace batchd::api
