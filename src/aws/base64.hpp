// Base64, RFC 4648. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace batchd::aws {

std::string to_base64(std::string_view bytes);
/// nullopt for anything but whole groups of four characters.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace batchd::aws
