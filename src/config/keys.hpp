// The table of keys: each one is described here once, for loading, checking, showing and the
// documentation.
#pragma once

#include "batchd/config/config.hpp"
#include "config/rules.hpp"

#include <span>
#include <variant>

namespace batchd::config {

struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
};

/// Finds the member of a Config that a key sets.
template <class T>
using Member = T& (*)(Config&);

/// Numbers have a Range; texts, and the items of lists, a TextRule.
struct Key {
    std::string_view section;
    std::string_view name;
    std::variant<Member<bool>, Member<std::int64_t>, Member<Seconds>, Member<MiB>,
                 Member<std::string>, Member<std::vector<std::string>>, Member<SchedulerOrder>,
                 Member<ComputeProvider>>
        member;
    std::variant<std::monostate, Range, TextRule> rule;
    std::string_view meaning;

    std::string full_name() const { return std::string(section) + "." + std::string(name); }
    /// "BATCHD_HTTP__LISTEN"
    std::string environment() const;
};

inline constexpr std::string_view kLimits = "limits";

std::span<const Key> keys();

std::string_view to_string(SchedulerOrder order);
/// `text` has passed kOrderRule.
SchedulerOrder order_from_string(std::string_view text);

std::string_view to_string(ComputeProvider provider);
/// `text` has passed kProviderRule.
ComputeProvider provider_from_string(std::string_view text);

}  // namespace batchd::config
