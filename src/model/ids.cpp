#include "batchd/model/ids.hpp"

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace batchd::model {
namespace {

/// splitmix64: spreads neighbouring inputs over all 64 bits.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/// A decimal number without leading zeros.
std::optional<std::int32_t> parse_index(std::string_view text) {
    std::int32_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    const bool is_canonical = text == "0" || (!text.empty() && text.front() != '0');
    if (error != std::errc{} || end != text.data() + text.size() || index < 0 || !is_canonical ||
        index == std::numeric_limits<std::int32_t>::max()) {
        return std::nullopt;
    }
    return index;
}

}  // namespace

std::string to_string(const JobId& id) {
    std::string text = batchd::to_string(id.uuid);
    if (id.part != 0) text += (id.is_child() ? ":" : "#") + std::to_string(id.index());
    return text;
}

Result<JobId> parse_job_id(std::string_view text) {
    const auto end = std::min(text.find_first_of(":#"), text.size());
    if (const auto uuid = parse_uuid(text.substr(0, end))) {
        const JobId whole{.uuid = *uuid};
        if (end == text.size()) return whole;
        if (const auto index = parse_index(text.substr(end + 1))) {
            return text[end] == ':' ? whole.child(*index) : whole.node(*index);
        }
    }
    return invalid_argument("jobId '" + std::string(text) +
                            "' is not a job id: expected 36 characters such as "
                            "01234567-89ab-7cde-8f01-23456789abcd, with :<index> for a child of "
                            "an array");
}

std::string to_string(const AttemptId& id) {
    return fmt::format("{}/{}", to_string(id.job), id.number);
}

std::string task_id(const AttemptId& id) {
    const auto high = boost::endian::load_big_u64(id.job.uuid.bytes.data());
    const auto low = boost::endian::load_big_u64(id.job.uuid.bytes.data() + 8);
    const auto number = static_cast<std::uint64_t>(id.number);
    const auto part = static_cast<std::uint64_t>(id.job.part);
    return fmt::format("{:016x}{:016x}", high, mix(low + part * 0x9e3779b97f4a7c15U + number));
}

}  // namespace batchd::model
