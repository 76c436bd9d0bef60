// CloudWatch's filter patterns for plain text.
#pragma once

#include "batchd/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace batchd::api::cloudwatch {

/// Terms separated by spaces, case-sensitive: all plain ones must occur, at least one of those with
/// `?`, none of those with `-`; "quotes" keep spaces together. The empty pattern matches
/// everything.
class FilterPattern {
  public:
    /// InvalidArgument for JSON ({ … }) and column ([ … ]) patterns, which are not served.
    static Result<FilterPattern> parse(std::string_view text);

    bool matches(std::string_view message) const;

  private:
    std::vector<std::string> all_;
    std::vector<std::string> any_;
    std::vector<std::string> none_;
};

}  // namespace batchd::api::cloudwatch
