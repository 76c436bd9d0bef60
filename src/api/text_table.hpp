// Plain text for people: tables whose columns are as wide as what stands in them.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/http/message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::api {

class TextTable {
  public:
    explicit TextTable(std::vector<std::string> head) { add(std::move(head)); }

    /// As many cells as the head has. An empty one is shown as "-"; control characters become
    /// spaces, so that a row stays a line.
    void add(std::vector<std::string> cells);

    /// The head in capitals first; two spaces between columns, none at a line's end.
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// ISO 8601; empty for no time.
std::string time_text(const std::optional<Timestamp>& time);

/// Whether the client would rather read text/plain than JSON: whichever its Accept header names
/// first; without one of them JSON.
bool wants_text(const http::Request& request);

http::Response text_response(std::string body);

}  // namespace batchd::api
