#include "logs/reading.hpp"

#include "logs/record.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace batchd::logs {
namespace {

/// To look for one newline, and to read records; the second grows when a record is longer.
constexpr std::int64_t kSearchBytes = 4 << 10;
constexpr std::int64_t kWindowBytes = 64 << 10;

std::int64_t length(std::string_view text) { return static_cast<std::int64_t>(text.size()); }

/// Behind the first newline in [from, before), or `before`.
Result<std::int64_t> record_end(const File& file, std::int64_t from, std::int64_t before) {
    while (from < before) {
        const auto block = file.read(from, std::min(kSearchBytes, before - from));
        if (!block) return std::unexpected(block.error());
        if (block->empty()) break;
        const auto newline = block->find('\n');
        if (newline != std::string::npos) return from + static_cast<std::int64_t>(newline) + 1;
        from += length(*block);
    }
    return before;
}

/// The end of the last complete record.
Result<std::int64_t> end_of_records(const File& file) {
    const auto size = file.size();
    if (!size) return size;
    return record_start(file, 0, *size);
}

/// Collects events until a limit is reached.
class Collector {
  public:
    explicit Collector(const LogLimits& limits) : limits_(limits) {}

    /// `line` without its newline. False, and nothing taken, if the page is full. Damaged lines are
    /// left out: the rest of the log is worth more to its reader than an error.
    bool take(std::string_view line, std::int64_t offset) {
        const auto record = parse_record(line);
        if (!record) return true;
        if (events_.size() >= limits_.events) return false;
        if (!events_.empty() && bytes_ + record->text.size() > limits_.message_bytes) return false;
        bytes_ += record->text.size();
        events_.push_back({.time_ns = record->time_ns,
                           .channel = record->channel,
                           .message = std::string(record->text),
                           .offset = offset});
        return true;
    }
    bool is_full() const { return events_.size() >= limits_.events; }
    std::vector<LogEvent> release() { return std::move(events_); }

  private:
    const LogLimits& limits_;
    std::vector<LogEvent> events_;
    std::size_t bytes_ = 0;
};

/// Takes the complete records of `text`, which begins at `page_end`, and moves `page_end` behind
/// them. False if the page is full.
bool take_forward(std::string_view text, Collector& collector, std::int64_t& page_end) {
    for (auto newline = text.find('\n'); newline != std::string_view::npos;
         newline = text.find('\n')) {
        if (!collector.take(text.substr(0, newline), page_end)) return false;
        page_end += static_cast<std::int64_t>(newline) + 1;
        text.remove_prefix(newline + 1);
    }
    return true;
}

/// Takes the records of `text` from its end, which is at `page_begin`, and moves `page_begin`
/// before them. The first one counts only if the file begins there. False if the page is full.
bool take_backward(std::string_view text, Collector& collector, std::int64_t& page_begin) {
    const bool is_whole = length(text) == page_begin;
    while (!text.empty()) {
        text.remove_suffix(1);  // the newline
        const auto newline = text.rfind('\n');
        if (newline == std::string_view::npos && !is_whole) return true;
        const auto start = newline == std::string_view::npos ? 0 : newline + 1;
        const std::string_view line = text.substr(start);
        const std::int64_t offset = page_begin - length(line) - 1;
        if (!collector.take(line, offset)) return false;
        page_begin = offset;
        text = text.substr(0, start);
    }
    return true;
}

}  // namespace

Result<std::int64_t> record_start(const File& file, std::int64_t from, std::int64_t before) {
    while (before > from) {
        const std::int64_t begin = std::max(from, before - kSearchBytes);
        const auto block = file.read(begin, before - begin);
        if (!block) return std::unexpected(block.error());
        const auto newline = block->rfind('\n');
        if (newline != std::string::npos) return begin + static_cast<std::int64_t>(newline) + 1;
        before = begin;
    }
    return from;
}

Result<LogPage> read_forward(const File& file, std::int64_t offset, const LogLimits& limits) {
    const auto end = end_of_records(file);
    if (!end) return std::unexpected(end.error());
    offset = std::clamp<std::int64_t>(offset, 0, *end);
    // From the byte before: at a record's start that is a newline.
    const auto begin = offset == 0 ? 0 : record_end(file, offset - 1, *end);
    if (!begin) return std::unexpected(begin.error());
    Collector collector(limits);
    LogPage page{.events = {}, .begin = *begin, .end = *begin};
    for (std::int64_t window = kWindowBytes; page.end < *end && !collector.is_full();) {
        const auto text = file.read(page.end, std::min(window, *end - page.end));
        if (!text) return std::unexpected(text.error());
        if (text->empty()) break;
        const std::int64_t before = page.end;
        if (!take_forward(*text, collector, page.end)) break;
        if (page.end == before) window *= 2;
    }
    page.events = collector.release();
    return page;
}

Result<LogPage> read_backward(const File& file, std::int64_t offset, const LogLimits& limits) {
    const auto size = file.size();
    if (!size) return std::unexpected(size.error());
    const auto end = record_start(file, 0, std::min(offset, *size));
    if (!end) return std::unexpected(end.error());
    Collector collector(limits);
    LogPage page{.events = {}, .begin = *end, .end = *end};
    for (std::int64_t window = kWindowBytes; page.begin > 0 && !collector.is_full();) {
        const std::int64_t from = std::max<std::int64_t>(0, page.begin - window);
        const auto text = file.read(from, page.begin - from);
        if (!text) return std::unexpected(text.error());
        if (length(*text) < page.begin - from) break;  // the file was cut meanwhile
        const std::int64_t before = page.begin;
        if (!take_backward(*text, collector, page.begin)) break;
        if (page.begin == before) window *= 2;
    }
    page.events = collector.release();
    std::ranges::reverse(page.events);
    return page;
}

Result<std::int64_t> offset_at(const File& file, std::int64_t time_ns) {
    const auto end = end_of_records(file);
    if (!end) return end;
    // All records that begin before `low` are older than time_ns, none from `high` on is.
    std::int64_t low = 0;
    std::int64_t high = *end;
    while (low < high) {
        const auto start = record_start(file, low, low + (high - low) / 2);
        if (!start) return start;
        const auto head = file.read(*start, kRecordHeadBytes);
        if (!head) return std::unexpected(head.error());
        const auto record = parse_record(*head);
        if (record && record->time_ns >= time_ns) {
            high = *start;
            continue;
        }
        const auto next = record_end(file, *start, high);
        if (!next) return next;
        low = *next;
    }
    return low;
}

}  // namespace batchd::logs
