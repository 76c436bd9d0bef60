// How the daemon talks with the agent of a warm slot (src/docker/pause/slot_agent.c), which runs
// one command after another in one container. Pure.
//
// To the agent's standard input: messages, each a length (32 bits, big-endian) and so many bytes.
//   'r'  two counts (32 bits, big-endian), then texts that end with a zero: the two tokens of the
//        run, its arguments, its environment (NAME=VALUE, above that of the container)
//   's'  a signal's number (8 bits), for the command that runs
// From it, first "\0batchd ready\n" on standard output, then, in between what the commands write:
// records "\0batchd TOKEN WORD NUMBERS\n".
//   started                on standard output, when the command is executed
//   failed STEP ERRNO      on both: it never was; STEP is folder, fork or exec
//   ended CODE PEAK_KIB CPU_MS IS_CLEAN OOM_KILLS
//                          on both, when nothing of it runs any more; OOM_KILLS -1: not known
// The last two have the second token. A command can read what it shares with the agent, so it may
// know the first, but nothing of it is left when the second one is told.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/docker/log_frames.hpp"
#include "batchd/ports/log_sink.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::docker {

/// Of one run, so that no output is taken for its records. At most 64 bytes each, not the same, and
/// not to be guessed.
struct SlotTokens {
    std::string start;
    std::string end;
};

/// One command for a slot. None of the texts may have a zero in it.
struct SlotCommand {
    SlotTokens tokens;
    std::vector<std::string> arguments;    ///< the first is the program
    std::vector<std::string> environment;  ///< NAME=VALUE
};

/// InvalidArgument, in the words of an Engine, for what no program can be given.
Result<std::string> slot_message(const SlotCommand& command);
std::string slot_signal(int number);

struct SlotFailure {
    std::string step;
    int error = 0;  ///< errno
};

struct SlotEnd {
    std::int32_t exit_code = 0;
    std::int64_t peak_memory_kib = 0;  ///< of its largest process
    std::int64_t cpu_milliseconds = 0;
    bool is_clean = true;  ///< nothing of it is left that the next command could meet
    std::optional<std::int64_t> oom_kills;  ///< of its processes; nullopt: not known
};

/// What a slot tells of its command.
class SlotListener {
  public:
    virtual ~SlotListener() = default;
    virtual void on_started() = 0;
    virtual void on_output(ports::OutputChannel channel, std::string_view text) = 0;
    /// All of the output has come. Either is the last call.
    virtual void on_failed(const SlotFailure& failure) = 0;
    virtual void on_ended(const SlotEnd& end) = 0;
};

/// Takes the records out of what a slot's container writes, and leaves all else as it is. One
/// thread at a time.
class SlotReader {
  public:
    /// What comes from now on is of this run, and for `listener`, which has to stay until its last
    /// call or stop().
    void begin(const SlotTokens& tokens, SlotListener& listener);
    /// What comes from now on is for nobody.
    void stop();

    /// Whether the agent said that it waits for commands. Nobody asks after the first begin().
    bool is_ready() const { return is_ready_; }

    /// The bytes of an attached stream, cut anywhere. Internal if they are none, or the agent's
    /// word is none of the above.
    Result<> feed(std::string_view bytes);

  private:
    void greet(std::string_view payload);
    void take(ports::OutputChannel channel, std::string_view payload);
    /// `text`: between the token and the newline.
    void take_start(std::string_view text);
    void take_end(ports::OutputChannel channel, std::string_view text);
    void finish(ports::OutputChannel channel);

    FrameReader frames_;
    SlotListener* listener_ = nullptr;
    std::string greeting_;  ///< until it is ready
    bool is_ready_ = false;
    bool is_broken_ = false;
    bool has_started_ = false;
    std::string start_marker_;  ///< that records with the first token begin with
    std::string end_marker_;
    std::array<std::string, 2> held_;  ///< by channel: what may be the beginning of a record
    std::array<bool, 2> has_ended_{};  ///< by channel
    std::optional<SlotFailure> failure_;
    SlotEnd end_;
};

/// Why a command could not be executed, in the words of an Engine, and the exit code that it has
/// then.
std::string describe(const SlotFailure& failure, const std::string& program);
std::int32_t exit_code_of(const SlotFailure& failure);

}  // namespace batchd::docker
