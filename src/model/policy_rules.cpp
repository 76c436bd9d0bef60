#include "batchd/model/names.hpp"
#include "batchd/model/scheduling_policy.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxShares = 500;
constexpr std::int64_t kMaxDecaySeconds = 604'800;
constexpr std::int64_t kMaxReservation = 99;
/// AWS's type for weights is a 32-bit float.
constexpr float kLightest = 0.0001F;
constexpr float kHeaviest = 999.9999F;

/// Without the '*' at its end.
std::string_view stem(std::string_view identifier) {
    if (identifier.ends_with('*')) identifier.remove_suffix(1);
    return identifier;
}

Result<> validate_share(const ShareAttributes& share) {
    if (!is_share_identifier(stem(share.share_identifier))) {
        return invalid_argument("ShareIdentifier name should match a valid pattern.");
    }
    const auto weight = static_cast<float>(share.weight_factor.value_or(1));
    if (weight < kLightest || weight > kHeaviest) {
        return invalid_argument("Weight factor should be between 0.0001 and 999.9999.");
    }
    return {};
}

/// One that ends in '*' stands for all that begin so: no other may.
Result<> expect_no_overlap(const std::set<std::string_view>& identifiers) {
    for (const std::string_view prefix : identifiers) {
        if (!prefix.ends_with('*')) continue;
        for (const std::string_view other : identifiers) {
            if (other == prefix || !stem(other).starts_with(stem(prefix))) continue;
            return invalid_argument(fmt::format(
                "Share identifier {} matches another share identifier {}", other, prefix));
        }
    }
    return {};
}

Result<> validate_distribution(const std::vector<ShareAttributes>& shares) {
    if (shares.size() > kMaxShares) {
        return invalid_argument("ShareDistribution size cannot be greater than 500.");
    }
    std::set<std::string_view> identifiers;
    for (const auto& share : shares) {
        BATCHD_TRY(validate_share(share));
        if (!identifiers.insert(share.share_identifier).second) {
            return invalid_argument("Cannot have two or more identical shareIdentifiers.");
        }
    }
    return expect_no_overlap(identifiers);
}

Result<> validate(const FairsharePolicy& policy) {
    BATCHD_TRY(expect_between("fairsharePolicy.shareDecaySeconds",
                              policy.share_decay_seconds.value_or(0), 0, kMaxDecaySeconds));
    BATCHD_TRY(expect_between("fairsharePolicy.computeReservation",
                              policy.compute_reservation.value_or(0), 0, kMaxReservation));
    return policy.share_distribution ? validate_distribution(*policy.share_distribution)
                                     : Result<>{};
}

Result<> validate(QuotaSharePolicy& policy) {
    std::string& strategy = policy.idle_resource_assignment_strategy;
    strategy = to_upper(strategy);
    if (strategy == "FIFO") return {};
    return invalid_argument("Idle resource assignment strategy must be one of [FIFO].");
}

}  // namespace

double weight_of(const FairsharePolicy& policy, std::string_view share_identifier) {
    // At most one entry matches: validate() sees to it.
    for (const auto& share : policy.share_distribution.value_or(std::vector<ShareAttributes>{})) {
        const std::string_view name = share.share_identifier;
        const bool matches = name.ends_with('*') ? share_identifier.starts_with(stem(name))
                                                 : share_identifier == name;
        if (matches) return share.weight_factor.value_or(1);
    }
    return 1;
}

Seconds decay_window(const FairsharePolicy& policy) {
    constexpr Seconds kLeast{600};
    const Seconds given{policy.share_decay_seconds.value_or(0)};
    return given > Seconds{0} ? given : kLeast;
}

Result<> validate(SchedulingPolicy& policy) {
    if (!is_resource_name(policy.name)) {
        return invalid_argument("Scheduling policy name should match a valid pattern.");
    }
    if (policy.fairshare_policy && policy.quota_share_policy) {
        return invalid_argument(
            "A scheduling policy can have either fairsharePolicy or quotaSharePolicy");
    }
    if (policy.quota_share_policy) return validate(*policy.quota_share_policy);
    if (!policy.fairshare_policy) policy.fairshare_policy.emplace();
    return validate(*policy.fairshare_policy);
}

Result<> merge(SchedulingPolicy& policy, const SchedulingPolicyUpdate& update) {
    if (update.fairshare_policy && update.quota_share_policy) {
        return invalid_argument(
            "A scheduling policy can have either fairsharePolicy or quotaSharePolicy");
    }
    const bool is_quota = policy.quota_share_policy.has_value();
    if (is_quota ? update.fairshare_policy.has_value() : update.quota_share_policy.has_value()) {
        return invalid_argument(
            fmt::format("scheduling policy {} has a {} and cannot change to the other kind",
                        quote(policy.name), is_quota ? "quotaSharePolicy" : "fairsharePolicy"));
    }
    if (update.fairshare_policy) policy.fairshare_policy = update.fairshare_policy;
    if (update.quota_share_policy) policy.quota_share_policy = update.quota_share_policy;
    return {};
}

}  // namespace batchd::model
