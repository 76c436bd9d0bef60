// AWS Signature Version 4: signs requests to AWS, and checks the signatures of AWS's clients. Pure:
// the time is an argument. Any thread.
//
// For services other than S3, whose paths are canonical in another way and whose bodies may be
// unsigned.
#pragma once

#include "batchd/base/time.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::net {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A request as it is on the wire. Parts of texts that must outlive the call.
struct RawRequest {
    std::string_view method;
    std::string_view path;   ///< not decoded, without the query
    std::string_view query;  ///< not decoded, without '?'
    std::span<const std::pair<std::string, std::string>> headers;
    std::string_view body;
};

struct AwsKeys {
    std::string access_key_id{};
    std::string secret_access_key{};
    std::string session_token{};  ///< empty for permanent keys
};

struct SigningScope {
    std::string region;
    std::string service;  ///< the signing name, such as "ecs"
};

/// The headers to add to `request`: X-Amz-Date, Authorization and, with a session token,
/// X-Amz-Security-Token. All headers of the request are signed, but those that proxies change;
/// Host must be among them. An X-Amz-Content-SHA256 is taken for the hash of the body.
HeaderList sign(const RawRequest& request, const AwsKeys& keys, const SigningScope& scope,
                Timestamp now);

/// The query that makes `request` a presigned one, its own query included.
std::string presign(const RawRequest& request, const AwsKeys& keys, const SigningScope& scope,
                    Timestamp now, Seconds valid_for);

/// Why a request is not taken, in AWS's words.
struct SignatureError {
    std::string code;  ///< such as "InvalidSignatureException"
    std::string message;
};

/// What the verifier has to know of an access key.
struct KnownKey {
    std::string secret_access_key{};
    std::string session_token{};  ///< empty for permanent keys; a request must not bring one then
    std::optional<Timestamp> expires{};
};

/// nullopt for an unknown access key id.
using KeyLookup = std::function<std::optional<KnownKey>(std::string_view access_key_id)>;

struct ExpectedScope {
    std::string region;                 ///< empty: any
    std::vector<std::string> services;  ///< signing names
};

struct Signer {
    std::string access_key_id{};
    SigningScope scope;
};

/// Who signed the request, by its Authorization header or as a presigned one. A presigned request's
/// own query has X-Amz-... members beside its own.
std::expected<Signer, SignatureError> verify(const RawRequest& request, const KeyLookup& lookup,
                                             const ExpectedScope& expected, Timestamp now);

/// Percent-encodes all but letters, digits and -._~ (and '/', if it is kept), as SigV4 does.
std::string uri_encode(std::string_view text, bool keep_slash = false);

}  // namespace batchd::net
