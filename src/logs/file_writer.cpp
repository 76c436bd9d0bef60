#include "logs/file_writer.hpp"

#include "logs/file.hpp"
#include "logs/reading.hpp"
#include "logs/record.hpp"

#include <algorithm>

namespace batchd::logs {
namespace {

using Position = ports::LogWriter::Position;

/// Cuts off a record that a crash left incomplete.
Result<> cut_torn_record(File& file) {
    const auto size = file.size();
    if (!size) return std::unexpected(size.error());
    const auto end = record_start(file, 0, *size);
    if (!end) return std::unexpected(end.error());
    return *end < *size ? file.truncate(*end) : Result<>{};
}

/// Reads back from the end until the time is another one.
Result<Position> position_of(const File& file) {
    Position position;
    LogPage page{.events = {}, .begin = LogStore::kEnd, .end = LogStore::kEnd};
    do {
        auto before = read_backward(file, page.begin, {.events = 16});
        if (!before) return std::unexpected(std::move(before).error());
        page = std::move(*before);
        for (auto event = page.events.rbegin(); event != page.events.rend(); ++event) {
            if (position.lines_at_that_time == 0) position.time_ns = event->time_ns;
            if (event->time_ns != position.time_ns) return position;
            ++position.lines_at_that_time;
        }
    } while (page.begin > 0 && !page.events.empty());
    return position;
}

Result<> sync_folder(const std::filesystem::path& path) {
    auto folder = File::open_folder(path);
    if (!folder) return std::unexpected(std::move(folder).error());
    return folder->sync();
}

}  // namespace

FileWriter::FileWriter(std::filesystem::path path, Registration registration, Position position)
    : path_(std::move(path)),
      registration_(std::move(registration)),
      stored_(position),
      appended_(position) {}

FileWriter::~FileWriter() = default;

Result<std::unique_ptr<ports::LogWriter>> FileWriter::open(const std::filesystem::path& path,
                                                           const model::LogId& id, GrowthHub& hub) {
    if (!hub.mark_open(id)) {
        return fail(ErrorKind::Conflict,
                    "the log of attempt " + to_string(id.attempt) + " is open");
    }
    Registration registration(hub, id);
    auto file = File::open_to_append(path);
    if (!file) return std::unexpected(std::move(file).error());
    BATCHD_TRY(cut_torn_record(*file));
    const auto position = position_of(*file);
    if (!position) return std::unexpected(position.error());
    return std::unique_ptr<ports::LogWriter>(
        new FileWriter(path, std::move(registration), *position));
}

void FileWriter::append(std::int64_t time_ns, ports::OutputChannel channel, std::string_view line) {
    // Stdout and stderr are stamped apart, so that times can go back a little; the search by time
    // needs them in order.
    if (time_ns > appended_.time_ns) appended_ = {.time_ns = time_ns, .lines_at_that_time = 0};
    ++appended_.lines_at_that_time;
    append_record(buffer_, {.time_ns = appended_.time_ns, .channel = channel, .text = line});
}

Result<> FileWriter::flush() {
    if (buffer_.empty()) return {};
    auto file = File::open_to_append(path_);
    if (!file) return std::unexpected(std::move(file).error());
    std::size_t written = 0;
    auto done = file->append(buffer_, written);
    buffer_.erase(0, written);
    if (written > 0) registration_.notify();
    if (done) stored_ = appended_;
    return done;
}

Result<> FileWriter::close() {
    BATCHD_TRY(flush());
    auto file = File::open_to_append(path_);
    if (!file) return std::unexpected(std::move(file).error());
    BATCHD_TRY(file->sync());
    BATCHD_TRY(sync_folder(path_.parent_path()));  // the file may be new
    registration_.end();
    return {};
}

}  // namespace batchd::logs
