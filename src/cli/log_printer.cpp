#include "cli/log_printer.hpp"

#include <nlohmann/json.hpp>

namespace batchd::cli {

void LogPrinter::take(std::int64_t attempt, std::string_view text) {
    if (format_ == Format::Text) {
        print(text);
        return;
    }
    if (attempt != attempt_) finish();
    attempt_ = attempt;
    begun_ += text;
    std::size_t begin = 0;
    for (auto end = begun_.find('\n'); end != std::string::npos; end = begun_.find('\n', begin)) {
        print_line(std::string_view(begun_).substr(begin, end - begin));
        begin = end + 1;
    }
    begun_.erase(0, begin);
}

void LogPrinter::finish() {
    if (!begun_.empty()) print_line(begun_);
    begun_.clear();
}

void LogPrinter::print_line(std::string_view line) {
    print_json({{"event", "log"}, {"attempt", attempt_}, {"line", line}});
}

}  // namespace batchd::cli
