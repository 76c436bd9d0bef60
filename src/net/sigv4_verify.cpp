#include "batchd/base/time_text.hpp"
#include "net/sigv4_claim.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::net {
namespace {

using namespace sigv4;

constexpr Seconds kTolerance{300};

using Checked = std::expected<void, SignatureError>;

std::unexpected<SignatureError> invalid(std::string message) {
    return std::unexpected(SignatureError{"InvalidSignatureException", std::move(message)});
}

std::unexpected<SignatureError> mismatch() {
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

std::unexpected<SignatureError> unknown_key() {
    return std::unexpected(SignatureError{
        "UnrecognizedClientException", "The security token included in the request is invalid."});
}

Checked check_scope(const Claim& claim, const ExpectedScope& expected) {
    const std::string date = claim.timestamp.substr(0, 8);
    if (claim.date != date) {
        return invalid(
            fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                        "date from HTTP: '{}' != '{}', from '{}'.",
                        claim.date, date, claim.timestamp));
    }
    if (!expected.region.empty() && claim.scope.region != expected.region) {
        return invalid(fmt::format("Credential should be scoped to a valid region, not '{}'. ",
                                   claim.scope.region));
    }
    if (std::ranges::find(expected.services, claim.scope.service) == expected.services.end()) {
        return invalid(fmt::format("Credential should be scoped to correct service: '{}'. ",
                                   fmt::join(expected.services, "' or '")));
    }
    if (claim.terminator != kTerminator) {
        return invalid(
            fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'. ",
                        kTerminator, claim.terminator));
    }
    return {};
}

Checked check_time(const Claim& claim, Timestamp now) {
    const std::string now_text = to_basic_iso8601(now);
    // The clocks of both sides are read in whole seconds.
    const auto seconds = std::chrono::floor<Seconds>(now);
    if (claim.time > seconds + kTolerance) {
        return invalid(
            fmt::format("Signature not yet current: {} is still later than {} ({} + 5 "
                        "min.)",
                        claim.timestamp, to_basic_iso8601(now + kTolerance), now_text));
    }
    const Seconds age_limit = claim.valid_for.value_or(kTolerance);
    if (claim.time < seconds - age_limit) {
        const std::string limit =
            claim.valid_for ? fmt::format("{} sec.", age_limit.count()) : std::string("5 min.");
        return invalid(fmt::format("Signature expired: {} is now earlier than {} ({} - {})",
                                   claim.timestamp, to_basic_iso8601(now - age_limit), now_text,
                                   limit));
    }
    return {};
}

/// What is signed must be what is acted upon.
Checked check_signed_headers(const RawRequest& request, const Claim& claim) {
    const Names& names = claim.signed_headers;
    const bool is_ordered =
        std::ranges::adjacent_find(names, std::ranges::greater_equal{}) == names.end();
    if (!is_ordered) return mismatch();
    for (const auto& name : names) {
        if (find_header(request, name) == nullptr) return mismatch();
    }
    if (!std::ranges::binary_search(names, "host")) {
        return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    }
    for (const auto& [header, value] : request.headers) {
        const std::string name = lower(header);
        if (name.starts_with("x-amz-") && !std::ranges::binary_search(names, name)) {
            return invalid(
                fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name));
        }
    }
    return {};
}

/// The hash of the body, unless the request claims another one.
std::expected<std::string, SignatureError> payload_hash(const RawRequest& request) {
    std::string computed = sha256_hex(request.body);
    const std::string* given = find_header(request, "x-amz-content-sha256");
    if (given != nullptr && *given != computed) {
        return invalid(
            "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    return computed;
}

bool is_signed_with(const RawRequest& request, const Claim& claim, std::string_view secret,
                    std::string_view hash) {
    return std::ranges::any_of(
        std::initializer_list{PathForm::EncodedAgain, PathForm::AsSent}, [&](PathForm form) {
            return equal_in_constant_time(
                claim.signature, signature({.secret_access_key = secret,
                                            .timestamp = claim.timestamp,
                                            .scope = claim.scope,
                                            .canonical_request = canonical_request(
                                                request, form, claim.signed_headers, hash)}));
        });
}

Checked check_token(const Claim& claim, const KnownKey& key, Timestamp now) {
    if (!equal_in_constant_time(claim.session_token.value_or(""), key.session_token)) {
        return unknown_key();
    }
    if (key.expires && *key.expires <= now) {
        return std::unexpected(SignatureError{
            "ExpiredTokenException", "The security token included in the request is expired"});
    }
    return {};
}

}  // namespace

std::expected<Signer, SignatureError> verify(const RawRequest& request, const KeyLookup& lookup,
                                             const ExpectedScope& expected, Timestamp now) {
    const auto claim = read_claim(request);
    if (!claim) return std::unexpected(claim.error());
    for (const Checked& checked : {check_scope(*claim, expected), check_time(*claim, now),
                                   check_signed_headers(request, *claim)}) {
        if (!checked) return std::unexpected(checked.error());
    }
    const auto hash = payload_hash(request);
    if (!hash) return std::unexpected(hash.error());
    const auto key = lookup(claim->access_key_id);
    // Also for an unknown key, which would else be told by the time that the answer takes.
    const bool is_right =
        is_signed_with(request, *claim, key ? key->secret_access_key : "unknown", *hash);
    if (!key) return unknown_key();
    if (!is_right) return mismatch();
    if (const auto checked = check_token(*claim, *key, now); !checked) {
        return std::unexpected(checked.error());
    }
    return Signer{.access_key_id = claim->access_key_id, .scope = claim->scope};
}

}  // namespace batchd::net
