// The parts of an Engine's stream of a container's output: frames, each of one channel, and the
// lines in them. Pure; one thread at a time.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/log_sink.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace batchd::docker {

/// Takes frames out of bytes that are cut anywhere.
class FrameReader {
  public:
    using OnFrame = std::function<void(ports::OutputChannel, std::string_view payload)>;

    /// Internal if the bytes are not such a stream; the reader is of no use after that.
    Result<> feed(std::string_view bytes, const OnFrame& on_frame);

    /// The newest frame as it came, header included; empty before the first.
    std::string_view last() const { return last_; }

  private:
    std::string frame_;  ///< header and payload so far
    std::string last_;
};

/// Makes lines of text that is cut anywhere. A line beyond kMaxLineBytes becomes several lines of
/// that size. The cuts depend on nothing but the content, so that a replay gives the same lines.
class LineCutter {
  public:
    static constexpr std::size_t kMaxLineBytes = std::size_t{256} * 1024;
    using OnLine =
        std::function<void(std::int64_t time_ns, ports::OutputChannel, std::string_view line)>;

    explicit LineCutter(OnLine on_line) : on_line_(std::move(on_line)) {}

    /// A line has the time of its first piece; without one, that of the line before it.
    void add(std::optional<std::int64_t> time_ns, ports::OutputChannel channel,
             std::string_view text);

    /// Nothing more comes: hands over what came without a newline at its end.
    void finish();

  private:
    struct Pending {
        std::string line;
        std::int64_t time_ns = 0;
        bool is_open = false;  ///< a line has begun and its newline has not come
    };

    OnLine on_line_;
    std::array<Pending, 2> pending_;
};

}  // namespace batchd::docker
