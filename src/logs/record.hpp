// One line of a log file: "<time ns> <o|e> <text>\n".
#pragma once

#include "batchd/ports/log_sink.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::logs {

struct Record {
    std::int64_t time_ns = 0;
    ports::OutputChannel channel = ports::OutputChannel::Stdout;
    std::string_view text;  ///< points into what was parsed
};

/// Enough bytes to parse a record's time.
inline constexpr std::size_t kRecordHeadBytes = 32;

inline void append_record(std::string& to, const Record& record) {
    to += std::to_string(record.time_ns);
    to += record.channel == ports::OutputChannel::Stdout ? " o " : " e ";
    to += record.text;
    to += '\n';
}

/// `line` without its newline, or the first bytes of it. nullopt for what is no record.
inline std::optional<Record> parse_record(std::string_view line) {
    Record record;
    const char* const begin = line.data();
    const char* const end = begin + line.size();
    const auto [rest, ec] = std::from_chars(begin, end, record.time_ns);
    if (ec != std::errc{} || end - rest < 3 || rest[0] != ' ' || rest[2] != ' ') return {};
    if (rest[1] != 'o' && rest[1] != 'e') return {};
    if (rest[1] == 'e') record.channel = ports::OutputChannel::Stderr;
    record.text = std::string_view(rest + 3, end);
    return record;
}

}  // namespace batchd::logs
