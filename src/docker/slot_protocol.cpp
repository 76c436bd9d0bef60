#include "batchd/docker/slot_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

namespace batchd::docker {
namespace {

constexpr std::size_t kMostNumbers = 200;  // bytes of a record behind its token
constexpr std::string_view kReady("\0batchd ready\n", 14);
constexpr std::int64_t kMostKib = std::numeric_limits<std::int64_t>::max() / 1024;

void put_number(std::string& out, std::size_t number) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        out += static_cast<char>(number >> shift & 0xffU);
    }
}

std::string with_length(const std::string& message) {
    std::string out;
    put_number(out, message.size());
    return out + message;
}

std::string_view next_word(std::string_view& text) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    return word;
}

/// False if there is none.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto word = next_word(text);
    const auto* const end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end;
}

std::optional<SlotFailure> failure_of(std::string_view numbers) {
    SlotFailure failure{.step = std::string(next_word(numbers))};
    if (!take_number(numbers, failure.error) || !numbers.empty()) return std::nullopt;
    return failure;
}

std::optional<SlotEnd> end_of(std::string_view numbers) {
    SlotEnd end;
    int is_clean = 0;
    std::int64_t oom_kills = 0;
    const bool is_whole =
        take_number(numbers, end.exit_code) && take_number(numbers, end.peak_memory_kib) &&
        take_number(numbers, end.cpu_milliseconds) && take_number(numbers, is_clean) &&
        take_number(numbers, oom_kills) && numbers.empty();
    if (!is_whole || end.peak_memory_kib < 0 || end.peak_memory_kib > kMostKib) return std::nullopt;
    end.is_clean = is_clean != 0;
    if (oom_kills >= 0) end.oom_kills = oom_kills;
    return end;
}

std::string marker_of(const std::string& token) {
    return std::string(1, '\0') + "batchd " + token + " ";
}

/// How many bytes at the end of `text` may be the beginning of the marker.
std::size_t tail_of(std::string_view text, std::string_view marker) {
    for (auto size = std::min(text.size(), marker.size() - 1); size > 0; --size) {
        if (text.ends_with(marker.substr(0, size))) return size;
    }
    return 0;
}

}  // namespace

Result<std::string> slot_message(const SlotCommand& command) {
    std::string message = "r";
    put_number(message, command.arguments.size());
    put_number(message, command.environment.size());
    message += command.tokens.start + '\0' + command.tokens.end + '\0';
    for (const auto* list : {&command.arguments, &command.environment}) {
        for (const auto& text : *list) {
            if (text.contains('\0')) {
                return invalid_argument("a command or variable has a zero byte in it");
            }
            message += text + '\0';
        }
    }
    return with_length(message);
}

std::string slot_signal(int number) {
    return with_length(std::string{'s', static_cast<char>(number)});
}

void SlotReader::begin(const SlotTokens& tokens, SlotListener& listener) {
    stop();
    start_marker_ = marker_of(tokens.start);
    end_marker_ = marker_of(tokens.end);
    is_ready_ = true;
    listener_ = &listener;
}

void SlotReader::stop() {
    listener_ = nullptr;
    held_ = {};
    has_started_ = false;
    has_ended_ = {};
    failure_.reset();
    end_ = {};
}

Result<> SlotReader::feed(std::string_view bytes) {
    auto fed = frames_.feed(bytes, [this](ports::OutputChannel channel, std::string_view payload) {
        if (listener_) {
            take(channel, payload);
        } else if (!is_ready_ && channel == ports::OutputChannel::Stdout) {
            greet(payload);
        }
    });
    if (fed && is_broken_) return fail(ErrorKind::Internal, "the agent's word makes no sense");
    return fed;
}

void SlotReader::greet(std::string_view payload) {
    greeting_ += payload.substr(0, kReady.size() - greeting_.size());
    is_ready_ = greeting_ == kReady;
    if (!is_ready_ && !kReady.starts_with(greeting_)) is_broken_ = true;
}

void SlotReader::take(ports::OutputChannel channel, std::string_view payload) {
    std::string text = std::exchange(held_[static_cast<std::size_t>(channel)], {});
    text += payload;
    std::string_view rest = text;
    const auto pass_on = [&](std::size_t size) {
        if (size > 0) listener_->on_output(channel, rest.substr(0, size));
        rest.remove_prefix(size);
    };
    while (listener_ && !is_broken_ && !rest.empty()) {
        const auto start_at = rest.find(start_marker_);
        const auto end_at = rest.find(end_marker_);
        const auto at = std::min(start_at, end_at);
        if (at == std::string_view::npos) {
            pass_on(rest.size() -
                    std::max(tail_of(rest, start_marker_), tail_of(rest, end_marker_)));
            break;
        }
        const bool is_end = end_at == at;
        const auto head = (is_end ? end_marker_ : start_marker_).size();
        const auto newline = rest.find('\n', at);
        const bool has_end_in_it = !is_end && end_at < newline;
        pass_on(at);
        if (newline == std::string_view::npos && !has_end_in_it &&
            rest.size() < head + kMostNumbers) {
            break;
        }
        if (newline == std::string_view::npos || has_end_in_it) {
            pass_on(head);  // no record of the agent's is so
            continue;
        }
        const auto record = rest.substr(head, newline - at - head);
        rest.remove_prefix(newline - at + 1);
        if (is_end) {
            take_end(channel, record);
        } else {
            take_start(record);
        }
    }
    if (listener_) held_[static_cast<std::size_t>(channel)] = rest;
}

/// A command may say it again: it can know the token.
void SlotReader::take_start(std::string_view text) {
    if (next_word(text) != "started" || std::exchange(has_started_, true)) return;
    listener_->on_started();
}

void SlotReader::take_end(ports::OutputChannel channel, std::string_view text) {
    const auto word = next_word(text);
    if (word == "failed") failure_ = failure_of(text);
    const auto end = word == "ended" ? end_of(text) : std::nullopt;
    if (end) end_ = *end;
    is_broken_ = !end && !failure_;
    if (!is_broken_) finish(channel);
}

void SlotReader::finish(ports::OutputChannel channel) {
    has_ended_[static_cast<std::size_t>(channel)] = true;
    if (!std::ranges::all_of(has_ended_, std::identity{})) return;
    SlotListener& listener = *listener_;
    const auto failure = std::exchange(failure_, {});
    const auto end = end_;
    stop();
    if (failure) {
        listener.on_failed(*failure);
    } else {
        listener.on_ended(end);
    }
}

std::string describe(const SlotFailure& failure, const std::string& program) {
    const std::string why = std::strerror(failure.error);
    if (failure.step == "folder") {
        return fmt::format("cannot make a working directory below /tmp: {}", why);
    }
    if (failure.step == "fork") return fmt::format("cannot start another process: {}", why);
    if (failure.error == ENOENT && !program.contains('/')) {
        return fmt::format("exec: \"{}\": executable file not found in $PATH", program);
    }
    std::string words = why;
    if (!words.empty()) words[0] = static_cast<char>(std::tolower(words[0]));
    return failure.error == ENOENT ? fmt::format("exec: \"{0}\": stat {0}: {1}", program, words)
                                   : fmt::format("exec: \"{}\": {}", program, words);
}

std::int32_t exit_code_of(const SlotFailure& failure) {
    constexpr std::int32_t kNotFound = 127;
    constexpr std::int32_t kNotExecutable = 126;
    return failure.step == "exec" && failure.error == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace batchd::docker
