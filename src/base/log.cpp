#include "batchd/base/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace batchd::log {
namespace {

/// %* in a pattern: the message as a quoted JSON string.
class JsonMessageFlag final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const nlohmann::json text = std::string(message.payload.data(), message.payload.size());
        const std::string quoted =
            text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        out.append(quoted.data(), quoted.data() + quoted.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JsonMessageFlag>();
    }
};

spdlog::level::level_enum of(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warn:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

void write(Level level, fmt::string_view format, fmt::format_args args) {
    spdlog::logger& logger = *spdlog::default_logger_raw();
    if (logger.should_log(of(level))) logger.log(of(level), fmt::vformat(format, args));
}

Result<> init(std::string_view level, std::string_view format) {
    auto parsed = spdlog::level::from_str(std::string(level));
    if (parsed == spdlog::level::off && level != "off") {
        return invalid_argument("log.level '" + std::string(level) +
                                "' is not one of debug, info, warn, error, off");
    }
    auto logger = std::make_shared<spdlog::logger>(
        "batchd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    if (format == "json") {
        formatter->add_flag<JsonMessageFlag>('*').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})");
    } else if (format == "text") {
        formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v");
    } else {
        return invalid_argument("log.format '" + std::string(format) +
                                "' is not one of text, json");
    }
    logger->set_formatter(std::move(formatter));
    logger->set_level(parsed);
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    return {};
}

}  // namespace batchd::log
