// Logging: spdlog to stderr, as text or as JSON lines. Any thread.
#pragma once

#include "batchd/base/result.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace batchd::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// Call once, before other threads start. `level`: debug, info, warn or error. `format`: text or
/// json.
Result<> init(std::string_view level, std::string_view format);

}  // namespace batchd::log
