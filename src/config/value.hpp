// TOML values to members of Config, under the rule of their key.
#pragma once

#include "batchd/base/result.hpp"
#include "config/keys.hpp"

#include <string>
#include <string_view>
#include <toml++/toml.h>

namespace batchd::config {

inline constexpr std::string_view kTextValue = "value";

/// The value of an environment variable or a flag, as the only entry (kTextValue) of a table: TOML,
/// or, for a key that holds a string, the text itself when it is no TOML string. Text that is no
/// TOML becomes a string too; `assign` says then what was expected.
toml::table parse_text(const Key& key, const std::string& text);

/// `expected WHAT, got VALUE`
std::string expected(std::string_view what, const toml::node& got);

/// InvalidArgument says which type or value was expected and what came; `config` is unchanged then.
Result<> assign(const Key& key, Config& config, const toml::node& value);

}  // namespace batchd::config
