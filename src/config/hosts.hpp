// The keys of a [[hosts]] table.
#pragma once

#include "batchd/config/config.hpp"

#include <span>
#include <string_view>
#include <toml++/toml.h>

namespace batchd::config {

struct HostKey {
    std::string_view name;
    std::string_view type;
    bool is_required = false;
    std::string_view rule;  ///< follows "must be"
    std::string_view meaning;
    /// False if the value has another type; ranges are model::validate's.
    bool (*read)(const toml::node& value, Host& host);
};

inline constexpr std::string_view kHosts = "hosts";

std::span<const HostKey> host_keys();

}  // namespace batchd::config
