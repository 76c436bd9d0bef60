#include "batchd/docker/log_decoder.hpp"

#include "batchd/docker/answers.hpp"

#include <algorithm>

namespace batchd::docker {
namespace {

constexpr std::size_t kHeaderBytes = 8;
/// The Engine's records have some 16 KiB; a length far beyond is damage, not a record.
constexpr std::size_t kMaxFrameBytes = 4 * 1024 * 1024;

std::size_t payload_size(std::string_view header) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < kHeaderBytes; ++i) {
        size = size << 8 | static_cast<unsigned char>(header[i]);
    }
    return size;
}

bool is_header(std::string_view header) {
    return header[0] >= 0 && header[0] <= 2 && header[1] == 0 && header[2] == 0 && header[3] == 0 &&
           payload_size(header) <= kMaxFrameBytes;
}

}  // namespace

Result<> LogDecoder::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t want =
            frame_.size() < kHeaderBytes ? kHeaderBytes : kHeaderBytes + payload_size(frame_);
        const std::size_t take = std::min(want - frame_.size(), bytes.size());
        frame_ += bytes.substr(0, take);
        bytes.remove_prefix(take);
        if (frame_.size() < kHeaderBytes) break;
        if (!is_header(frame_)) {
            return fail(ErrorKind::Internal, "the Engine's log stream is damaged");
        }
        if (frame_.size() < kHeaderBytes + payload_size(frame_)) continue;
        const auto channel =
            frame_[0] == 2 ? ports::OutputChannel::Stderr : ports::OutputChannel::Stdout;
        take_record(channel, std::string_view(frame_).substr(kHeaderBytes));
        last_record_.swap(frame_);
        frame_.clear();
    }
    return {};
}

void LogDecoder::finish() {
    for (const auto channel : {ports::OutputChannel::Stdout, ports::OutputChannel::Stderr}) {
        Pending& pending = pending_[static_cast<std::size_t>(channel)];
        if (!pending.line.empty()) on_line_(pending.time_ns, channel, pending.line);
        pending = {};
    }
}

void LogDecoder::take_record(ports::OutputChannel channel, std::string_view payload) {
    Pending& pending = pending_[static_cast<std::size_t>(channel)];
    const auto space = payload.find(' ');
    if (const auto time = parse_time_ns(payload.substr(0, space)); time) {
        if (!pending.is_open) pending.time_ns = *time;
        payload.remove_prefix(space == std::string_view::npos ? payload.size() : space + 1);
    }
    take_text(pending, channel, payload);
}

void LogDecoder::take_text(Pending& pending, ports::OutputChannel channel, std::string_view text) {
    while (!text.empty()) {
        const auto newline = text.find('\n');
        const auto part = text.substr(0, std::min(newline, kMaxLineBytes - pending.line.size()));
        pending.line += part;
        text.remove_prefix(part.size());
        const bool at_newline = text.starts_with('\n');
        // A newline right after a cut ends the line that was cut; it is not an empty one.
        const bool ends_cut_line = at_newline && pending.line.empty() && pending.is_open;
        if ((at_newline && !ends_cut_line) || pending.line.size() == kMaxLineBytes) {
            on_line_(pending.time_ns, channel, pending.line);
            pending.line.clear();
        }
        pending.is_open = !at_newline;
        if (at_newline) text.remove_prefix(1);
    }
}

}  // namespace batchd::docker
