#include "batchd/core/offer_blocks.hpp"

#include <algorithm>
#include <chrono>

namespace batchd::core {
namespace {

struct BackOff {
    Milliseconds first;
    Milliseconds most;
};

BackOff back_off(OfferError error) {
    using namespace std::chrono_literals;
    switch (error) {
        case OfferError::Capacity:
            return {.first = 2min, .most = 32min};
        case OfferError::Quota:
            return {.first = 5min, .most = 160min};
        case OfferError::Unsupported:
            return {.first = 24h, .most = 24h};
    }
    return {};
}

}  // namespace

std::string quota_of(std::string_view type) {
    const auto letters = type.substr(0, type.find_first_of("0123456789-."));
    static constexpr std::string_view kStandard = "acdhimrtz";
    const bool is_standard = !letters.empty() && kStandard.contains(letters.front()) &&
                             (letters.size() == 1 || letters == "im" || letters == "is");
    return is_standard ? "standard" : std::string(letters);
}

void OfferBlocks::failed(std::string_view type, std::string_view zone, bool is_spot,
                         OfferError error, Timestamp now) {
    const bool is_quota = error == OfferError::Quota;
    Block& block = blocks_[Key{.type = is_quota ? quota_of(type) : std::string(type),
                               .zone = is_quota ? std::string() : std::string(zone),
                               .is_spot = is_spot}];
    if (now < block.until) return;
    const auto [first, most] = back_off(error);
    constexpr std::int32_t kMostDoublings = 16;
    block.until = now + std::min(most, first * (1 << std::min(block.errors, kMostDoublings)));
    ++block.errors;
}

void OfferBlocks::launched(std::string_view type, std::string_view zone, bool is_spot) {
    blocks_.erase(Key{.type = std::string(type), .zone = std::string(zone), .is_spot = is_spot});
    blocks_.erase(Key{.type = quota_of(type), .zone = {}, .is_spot = is_spot});
}

std::optional<Timestamp> OfferBlocks::blocked_until(std::string_view type, std::string_view zone,
                                                    bool is_spot, Timestamp now) const {
    std::optional<Timestamp> until;
    const auto look = [&](Key key) {
        const auto found = blocks_.find(key);
        if (found == blocks_.end() || found->second.until <= now) return;
        until = std::max(until.value_or(now), found->second.until);
    };
    look({.type = std::string(type), .zone = std::string(zone), .is_spot = is_spot});
    look({.type = quota_of(type), .zone = {}, .is_spot = is_spot});
    return until;
}

}  // namespace batchd::core
