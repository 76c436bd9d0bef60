// Turns the Engine's log stream (multiplexed, with timestamps) into lines. Pure.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/docker/log_frames.hpp"
#include "batchd/ports/log_sink.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

namespace batchd::docker {

/// Feed it the bytes as they come, cut anywhere. One thread at a time.
///
/// The Engine cuts long lines into pieces that all carry the time of the first; they are joined
/// again.
class LogDecoder {
  public:
    static constexpr std::size_t kMaxLineBytes = LineCutter::kMaxLineBytes;
    using OnLine = LineCutter::OnLine;

    explicit LogDecoder(OnLine on_line) : lines_(std::move(on_line)) {}

    /// Internal if the bytes are not such a stream; the decoder is of no use after that.
    Result<> feed(std::string_view bytes);

    /// The newest record as it came, header included; empty before the first.
    std::string_view last_record() const { return frames_.last(); }

    /// The output is complete: hands over what came without a newline at its end.
    void finish() { lines_.finish(); }

  private:
    void take_record(ports::OutputChannel channel, std::string_view payload);

    FrameReader frames_;
    LineCutter lines_;
};

}  // namespace batchd::docker
