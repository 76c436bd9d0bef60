// Turns the Engine's log stream (multiplexed, with timestamps) into lines. Pure.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/log_sink.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace batchd::docker {

/// Feed it the bytes as they come, cut anywhere. One thread at a time.
///
/// The Engine cuts long lines into pieces that all carry the time of the first; they are joined
/// again. A line beyond kMaxLineBytes becomes several lines of that size. The cuts depend on
/// nothing but the content, so that a replay gives the same lines.
class LogDecoder {
  public:
    static constexpr std::size_t kMaxLineBytes = 256 * 1024;
    using OnLine =
        std::function<void(std::int64_t time_ns, ports::OutputChannel, std::string_view line)>;

    explicit LogDecoder(OnLine on_line) : on_line_(std::move(on_line)) {}

    /// Internal if the bytes are not such a stream; the decoder is of no use after that.
    Result<> feed(std::string_view bytes);

    /// The newest record as it came, header included; empty before the first.
    std::string_view last_record() const { return last_record_; }

    /// The output is complete: hands over what came without a newline at its end.
    void finish();

  private:
    struct Pending {
        std::string line;
        std::int64_t time_ns = 0;
        bool is_open = false;  ///< a line has begun and its newline has not come
    };

    void take_record(ports::OutputChannel channel, std::string_view payload);
    void take_text(Pending& pending, ports::OutputChannel channel, std::string_view text);

    OnLine on_line_;
    std::string frame_;  ///< header and payload so far
    std::string last_record_;
    std::array<Pending, 2> pending_;
};

}  // namespace batchd::docker
