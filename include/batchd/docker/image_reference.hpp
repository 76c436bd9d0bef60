// Which registry an image comes from, and how the Engine is told to pull it. Pure; any thread.
#pragma once

#include "batchd/ports/registry_logins.hpp"

#include <string>
#include <string_view>

namespace batchd::docker {

/// The registry's host: "docker.io" for names without one, as the Engine decides it.
std::string registry_of(std::string_view image);

/// With ":latest" if it has neither tag nor digest; without that the Engine would pull every tag.
std::string with_tag(std::string_view image);

/// The value of X-Registry-Auth: JSON in base64url.
std::string registry_auth(const ports::RegistryLogin& login, std::string_view registry);

}  // namespace batchd::docker
