#include "api/text_table.hpp"

#include "batchd/base/result.hpp"

#include <algorithm>
#include <cctype>

namespace batchd::api {
namespace {

/// Code points: bytes that continue one of UTF-8 do not count.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::add(std::vector<std::string> cells) {
    BATCHD_CHECK(rows_.empty() || cells.size() == rows_.front().size(),
                 "a row has a cell for each column");
    for (std::string& cell : cells) {
        if (cell.empty()) cell = "-";
        const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
        std::ranges::replace_if(cell, is_control, ' ');
        if (!rows_.empty()) continue;
        std::ranges::transform(cell, cell.begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
    rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string time_text(const std::optional<Timestamp>& time) {
    return time ? to_iso8601(*time) : std::string();
}

bool wants_text(const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("");
    const auto text = accept.find("text/plain");
    return text != std::string_view::npos && text < accept.find("application/json");
}

http::Response text_response(std::string body) {
    http::Response response;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.body = std::move(body);
    return response;
}

}  // namespace batchd::api
