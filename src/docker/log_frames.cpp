#include "batchd/docker/log_frames.hpp"

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

Result<> FrameReader::feed(std::string_view bytes, const OnFrame& on_frame) {
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
        on_frame(channel, std::string_view(frame_).substr(kHeaderBytes));
        last_.swap(frame_);
        frame_.clear();
    }
    return {};
}

void LineCutter::add(std::optional<std::int64_t> time_ns, ports::OutputChannel channel,
                     std::string_view text) {
    Pending& pending = pending_[static_cast<std::size_t>(channel)];
    while (!text.empty()) {
        if (time_ns && !pending.is_open) pending.time_ns = *time_ns;
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

void LineCutter::finish() {
    for (const auto channel : {ports::OutputChannel::Stdout, ports::OutputChannel::Stderr}) {
        Pending& pending = pending_[static_cast<std::size_t>(channel)];
        if (!pending.line.empty()) on_line_(pending.time_ns, channel, pending.line);
        pending = {};
    }
}

}  // namespace batchd::docker
