#include "batchd/model/job_options.hpp"

#include "batchd/base/time_text.hpp"
#include "model/rules.hpp"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <type_traits>

namespace batchd::model {
namespace {

namespace describe = boost::describe;
using Members = describe::describe_members<JobOptions, describe::mod_public>;

constexpr std::int32_t kMostSeconds = 366 * 24 * 3600;
constexpr std::int32_t kMostRetries = 100;
constexpr double kMostFactor = 10;

/// "max-parallel" for max_parallel.
std::string kebab_case(std::string_view snake) {
    std::string text(snake);
    for (char& c : text) c = c == '_' ? '-' : c;
    return text;
}

template <class T>
bool parse(std::string_view text, std::optional<T>& out) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    out = value;
    return true;
}

bool parse(std::string_view text, std::optional<bool>& out) {
    if (text != "true" && text != "false") return false;
    out = text == "true";
    return true;
}

/// A deadline may be an ISO 8601 time, too.
std::string as_number(std::string_view name, const std::string& value) {
    const auto time = name == "deadline" ? parse_iso8601(value) : std::nullopt;
    return time ? std::to_string(to_epoch_ms(*time)) : value;
}

Result<> read_tag(const std::string& key, const std::string& value, JobOptions& options) {
    std::string known;
    Result<> result = invalid_argument("");
    bool is_found = false;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        const std::string name = kebab_case(member.name);
        known += (known.empty() ? "" : ", ") + std::string(kOptionTag) + name;
        if (key != std::string(kOptionTag) + name) return;
        is_found = true;
        if (parse(as_number(name, value), options.*member.pointer)) {
            result = {};
        } else {
            const bool is_flag =
                std::is_same_v<decltype(options.*member.pointer), std::optional<bool>&>;
            result = invalid_argument(fmt::format("tag {}: {} is not {}{}", key, quote(value),
                                                  is_flag ? "true or false" : "a number",
                                                  name == "deadline" ? " or ISO 8601 time" : ""));
        }
    });
    if (is_found) return result;
    return invalid_argument(fmt::format("tag {} is none that batchd knows: {}", quote(key), known));
}

Result<> expect(std::string_view field, const auto& value, std::int64_t low, std::int64_t high) {
    return value ? expect_between(field, *value, low, high) : Result<>{};
}

}  // namespace

Result<> validate(const JobOptions& options) {
    BATCHD_TRY(expect("maxParallel", options.max_parallel, 1, 1'000'000));
    BATCHD_TRY(expect("infrastructureRetries", options.infrastructure_retries, 0, kMostRetries));
    BATCHD_TRY(expect("outOfMemoryLimit", options.out_of_memory_limit, 4, 1LL << 32));
    BATCHD_TRY(expect("maxQueueSeconds", options.max_queue_seconds, 1, kMostSeconds));
    BATCHD_TRY(expect("maxStartingSeconds", options.max_starting_seconds, 1, kMostSeconds));
    BATCHD_TRY(expect("deadline", options.deadline, 1, 1LL << 45));
    BATCHD_TRY(expect("stopTimeout", options.stop_timeout, 0, kMostSeconds));
    BATCHD_TRY(expect("maxRunning", options.max_running, 1, std::numeric_limits<int>::max()));
    const auto& factor = options.out_of_memory_factor;
    if (factor && !(*factor >= 1 && *factor <= kMostFactor)) {
        return invalid_argument(fmt::format("outOfMemoryFactor must be between 1 and {}, got {}",
                                            kMostFactor, *factor));
    }
    if (options.out_of_memory_limit && !factor) {
        return invalid_argument("outOfMemoryLimit goes with outOfMemoryFactor, which is absent");
    }
    return {};
}

Result<JobOptions> options_of_tags(const StringMap& tags) {
    JobOptions options;
    for (auto tag = tags.lower_bound(std::string(kOptionTag));
         tag != tags.end() && tag->first.starts_with(kOptionTag); ++tag) {
        BATCHD_TRY(read_tag(tag->first, tag->second, options));
    }
    return options;
}

void complete(JobOptions& options, const JobOptions& base) {
    boost::mp11::mp_for_each<Members>([&](auto member) {
        auto& value = options.*member.pointer;
        if (!value) value = base.*member.pointer;
    });
}

}  // namespace batchd::model
