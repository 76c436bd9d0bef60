// Keeps web pages of other sites from using the API through the browser of somebody who can reach
// it: the API may be open on loopback, and a browser lets any page send requests there.
#pragma once

#include "batchd/http/message.hpp"
#include "http/refusal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::http {

/// nullopt if the request may pass. Refused are: a Host that is neither an IP address, "localhost"
/// nor in `allowed_hosts` (DNS rebinding); an Origin other than the Host, and what the browser
/// itself marks as cross-site (CSRF), except a link that somebody follows to a page of ours.
std::optional<Refusal> refuse_foreign_site(const Request& request,
                                           const std::vector<std::string>& allowed_hosts);

}  // namespace batchd::http
