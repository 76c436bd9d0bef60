// What a request says about its signature, before anything of it is believed.
#pragma once

#include "net/sigv4_parts.hpp"

#include <expected>
#include <optional>
#include <string>

namespace batchd::net::sigv4 {

struct Claim {
    std::string access_key_id;
    std::string date;  ///< of the credential: 20150830
    SigningScope scope;
    std::string terminator;
    Names signed_headers;
    std::string signature;
    std::string timestamp;             ///< 20150830T123600Z
    Timestamp time;                    ///< the same
    std::optional<Seconds> valid_for;  ///< of a presigned request
    std::optional<std::string> session_token;
};

/// MissingAuthenticationTokenException if it says nothing, IncompleteSignatureException if the form
/// is wrong.
std::expected<Claim, SignatureError> read_claim(const RawRequest& request);

}  // namespace batchd::net::sigv4
