#include "batchd/docker/slot_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <utility>

namespace batchd::docker {
namespace {

constexpr std::size_t kMostNumbers = 200;  // bytes of a record behind its token

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

template <class Number>
Number next_number(std::string_view& text) {
    Number number{};
    const auto word = next_word(text);
    std::from_chars(word.data(), word.data() + word.size(), number);
    return number;
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
    message += command.token + '\0';
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

void SlotReader::begin(std::string_view token, SlotListener& listener) {
    stop();
    marker_ = std::string(1, '\0') + "batchd " + std::string(token) + " ";
    listener_ = &listener;
}

void SlotReader::stop() {
    listener_ = nullptr;
    held_ = {};
    has_ended_ = {};
    failure_.reset();
    end_ = {};
}

Result<> SlotReader::feed(std::string_view bytes) {
    return frames_.feed(bytes, [this](ports::OutputChannel channel, std::string_view payload) {
        if (listener_) take(channel, payload);
    });
}

void SlotReader::take(ports::OutputChannel channel, std::string_view payload) {
    std::string text = std::exchange(held_[static_cast<std::size_t>(channel)], {});
    text += payload;
    std::string_view rest = text;
    const auto pass_on = [&](std::size_t size) {
        if (size > 0) listener_->on_output(channel, rest.substr(0, size));
        rest.remove_prefix(size);
    };
    while (listener_ && !rest.empty()) {
        const auto at = rest.find(marker_);
        if (at == std::string_view::npos) {
            pass_on(rest.size() - tail_of(rest, marker_));
            break;
        }
        pass_on(at);
        const auto end = rest.find('\n', marker_.size());
        if (end == std::string_view::npos && rest.size() < marker_.size() + kMostNumbers) break;
        if (end == std::string_view::npos) {
            pass_on(marker_.size());  // no record of the agent's is so long
            continue;
        }
        const auto record = rest.substr(marker_.size(), end - marker_.size());
        rest.remove_prefix(end + 1);
        take_record(channel, record);
    }
    if (listener_) held_[static_cast<std::size_t>(channel)] = rest;
}

void SlotReader::take_record(ports::OutputChannel channel, std::string_view text) {
    const auto word = next_word(text);
    if (word == "started") {
        listener_->on_started();
    } else if (word == "failed") {
        failure_ =
            SlotFailure{.step = std::string(next_word(text)), .error = next_number<int>(text)};
        finish(channel);
    } else if (word == "ended") {
        end_.exit_code = next_number<std::int32_t>(text);
        end_.peak_memory_kib = next_number<std::int64_t>(text);
        end_.cpu_milliseconds = next_number<std::int64_t>(text);
        end_.is_clean = next_number<int>(text) != 0;
        finish(channel);
    }
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
