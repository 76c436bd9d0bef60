// Logging to stderr, as text or as JSON lines. Any thread.
#pragma once

#include "batchd/base/result.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace batchd::log {

enum class Level { Debug, Info, Warn, Error };

/// Writes a line; formats nothing if the level is not logged.
void write(Level level, fmt::string_view format, fmt::format_args args);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::Debug, format, fmt::make_format_args(args...));
}

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::Info, format, fmt::make_format_args(args...));
}

template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::Warn, format, fmt::make_format_args(args...));
}

template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::Error, format, fmt::make_format_args(args...));
}

/// Call once, before other threads start. `level`: debug, info, warn or error. `format`: text or
/// json.
Result<> init(std::string_view level, std::string_view format);

}  // namespace batchd::log
