// The keys of a table in an array of tables, such as [[hosts]].
#pragma once

#include "batchd/config/config.hpp"

#include <span>
#include <string_view>
#include <toml++/toml.h>

namespace batchd::config {

template <class Item>
struct ItemKey {
    std::string_view name;
    std::string_view type;
    bool is_required = false;
    std::string_view rule;  ///< follows "must be"
    std::string_view meaning;
    /// False if the value has another type; the rest is model::validate's.
    bool (*read)(const toml::node& value, Item& item);
};

inline constexpr std::string_view kRegistries = "registries";
inline constexpr std::string_view kHosts = "hosts";
inline constexpr std::string_view kWebhooks = "webhooks";

std::span<const ItemKey<Registry>> registry_keys();
std::span<const ItemKey<Host>> host_keys();
std::span<const ItemKey<model::Webhook>> webhook_keys();

}  // namespace batchd::config
