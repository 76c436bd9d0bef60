// What signing and verifying share: the canonical request and the signature over it.
#pragma once

#include "batchd/net/sigv4.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace batchd::net::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

/// Services other than S3 encode the path of the wire once more; curl before 8.9 does not.
enum class PathForm { EncodedAgain, AsSent };

std::string canonical_path(std::string_view raw, PathForm form);

/// Without the members named `left_out`.
std::string canonical_query(std::string_view raw, std::string_view left_out = {});

/// Lower-case names, sorted, each once.
using Names = std::vector<std::string>;

/// A header that is not there is left out.
std::string canonical_headers(const RawRequest& request, const Names& names);

std::string join(const Names& names);  ///< "content-type;host"

struct Signing {
    std::string_view secret_access_key;
    std::string_view timestamp;  ///< 20150830T123600Z
    SigningScope scope;
    std::string canonical_request;
};

std::string canonical_request(const RawRequest& request, PathForm form, const Names& signed_headers,
                              std::string_view payload_hash);

/// 64 hexadecimal digits.
std::string signature(const Signing& signing);

std::string sha256_hex(std::string_view bytes);

bool equal_in_constant_time(std::string_view a, std::string_view b);

std::string lower(std::string_view text);

/// nullptr if there is none; `name` in lower case.
const std::string* find_header(const RawRequest& request, std::string_view name);

/// 20150830/us-east-1/ecs/aws4_request
std::string scope_text(std::string_view timestamp, const SigningScope& scope);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

/// Decodes what is percent-encoded; a '%' without two digits stays.
std::string uri_decode(std::string_view text);

}  // namespace batchd::net::sigv4
