#include "batchd/model/ids.hpp"

#include <fmt/format.h>

#include <cstring>

namespace batchd::model {
namespace {

/// splitmix64: spreads neighbouring inputs over all 64 bits.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

}  // namespace

std::string to_string(const JobId& id) { return batchd::to_string(id.uuid); }

Result<JobId> parse_job_id(std::string_view text) {
    if (const auto uuid = parse_uuid(text)) return JobId{*uuid};
    return invalid_argument("jobId '" + std::string(text) +
                            "' is not a job id: expected 36 characters such as "
                            "01234567-89ab-7cde-8f01-23456789abcd");
}

std::string to_string(const AttemptId& id) {
    return fmt::format("{}/{}", to_string(id.job), id.number);
}

std::string task_id(const AttemptId& id) {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, id.job.uuid.bytes.data(), 8);
    std::memcpy(&low, id.job.uuid.bytes.data() + 8, 8);
    const auto number = static_cast<std::uint64_t>(id.number);
    return fmt::format("{:016x}{:016x}", mix(high ^ number), mix(low + number));
}

}  // namespace batchd::model
