// What EC2 refused lately, so that it is not asked again at once.
#pragma once

#include "batchd/base/time.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::core {

/// Classes of launch errors that speak against an offer. Others (throttling, configuration) do not.
enum class OfferError : std::uint8_t {
    Capacity,     ///< this type in this zone: minutes, doubled up to half an hour
    Quota,        ///< all types under the same vCPU quota, in every zone: up to hours
    Unsupported,  ///< the type is not offered in the zone: a day
};

/// Blocks grow while errors repeat and are forgotten after a launch that works.
class OfferBlocks {
  public:
    /// Errors that arrive while the offer is blocked (of calls that were under way) change nothing.
    void failed(std::string_view type, std::string_view zone, bool is_spot, OfferError error,
                Timestamp now);
    void launched(std::string_view type, std::string_view zone, bool is_spot);
    /// nullopt: not blocked at `now`.
    std::optional<Timestamp> blocked_until(std::string_view type, std::string_view zone,
                                           bool is_spot, Timestamp now) const;

  private:
    struct Key {
        std::string type;  ///< or the quota's name
        std::string zone;  ///< empty: all
        bool is_spot = false;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Block {
        Timestamp until;
        std::int32_t errors = 0;
    };

    std::map<Key, Block> blocks_;
};

/// The vCPU quota that instances of the type count against: one for all of the A, C, D, H, I, M, R,
/// T and Z families, one for each other ("g", "p", "x", "inf").
std::string quota_of(std::string_view type);

}  // namespace batchd::core
