// A job's output on stdout: as it is, or as JSON, one document a line.
#pragma once

#include "cli/output.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::cli {

class LogPrinter {
  public:
    explicit LogPrinter(Format format) : format_(format) {}
    ~LogPrinter() { finish(); }
    LogPrinter(const LogPrinter&) = delete;
    LogPrinter& operator=(const LogPrinter&) = delete;

    void take(std::int64_t attempt, std::string_view text);
    /// Prints a line that was begun.
    void finish();

  private:
    void print_line(std::string_view line);

    Format format_;
    std::int64_t attempt_ = 1;
    std::string begun_{};  ///< of a line, for JSON
};

}  // namespace batchd::cli
