#include "batchd/base/time_text.hpp"
#include "net/sigv4_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace batchd::net {
namespace {

using namespace sigv4;

/// Proxies may change or remove them.
constexpr auto kNeverSigned =
    std::to_array<std::string_view>({"authorization", "connection", "expect", "transfer-encoding",
                                     "user-agent", "x-amzn-trace-id"});

Names names_to_sign(const RawRequest& request) {
    Names names;
    for (const auto& [header, value] : request.headers) {
        std::string name = lower(header);
        if (std::ranges::find(kNeverSigned, name) == kNeverSigned.end()) {
            names.push_back(std::move(name));
        }
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    return names;
}

std::string payload_hash(const RawRequest& request) {
    const std::string* given = find_header(request, "x-amz-content-sha256");
    return given != nullptr ? *given : sha256_hex(request.body);
}

}  // namespace

HeaderList sign(const RawRequest& request, const AwsKeys& keys, const SigningScope& scope,
                Timestamp now) {
    const std::string timestamp = to_basic_iso8601(now);
    HeaderList added{{"X-Amz-Date", timestamp}};
    if (!keys.session_token.empty()) {
        added.emplace_back("X-Amz-Security-Token", keys.session_token);
    }
    HeaderList headers(request.headers.begin(), request.headers.end());
    headers.insert(headers.end(), added.begin(), added.end());
    RawRequest complete = request;
    complete.headers = headers;

    const Names names = names_to_sign(complete);
    const std::string proof =
        signature({.secret_access_key = keys.secret_access_key,
                   .timestamp = timestamp,
                   .scope = scope,
                   .canonical_request = canonical_request(complete, PathForm::EncodedAgain, names,
                                                          payload_hash(request))});
    added.emplace_back(
        "Authorization",
        fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                    keys.access_key_id, scope_text(timestamp, scope), join(names), proof));
    return added;
}

std::string presign(const RawRequest& request, const AwsKeys& keys, const SigningScope& scope,
                    Timestamp now, Seconds valid_for) {
    const std::string timestamp = to_basic_iso8601(now);
    const Names names = names_to_sign(request);
    std::string query(request.query);
    const auto add = [&](std::string_view name, std::string_view value) {
        query += fmt::format("{}{}={}", query.empty() ? "" : "&", name, uri_encode(value));
    };
    add("X-Amz-Algorithm", kAlgorithm);
    add("X-Amz-Credential", keys.access_key_id + "/" + scope_text(timestamp, scope));
    add("X-Amz-Date", timestamp);
    add("X-Amz-Expires", std::to_string(valid_for.count()));
    add("X-Amz-SignedHeaders", join(names));
    if (!keys.session_token.empty()) add("X-Amz-Security-Token", keys.session_token);

    RawRequest complete = request;
    complete.query = query;
    const std::string proof =
        signature({.secret_access_key = keys.secret_access_key,
                   .timestamp = timestamp,
                   .scope = scope,
                   .canonical_request = canonical_request(complete, PathForm::EncodedAgain, names,
                                                          payload_hash(request))});
    add("X-Amz-Signature", proof);
    return query;
}

}  // namespace batchd::net
