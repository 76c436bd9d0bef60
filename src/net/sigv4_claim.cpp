#include "net/sigv4_claim.hpp"

#include "batchd/base/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace batchd::net::sigv4 {
namespace {

constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
constexpr Seconds kWeek{604'800};

/// What stands in the Authorization header or in the query, by name.
using Members = std::map<std::string, std::string, std::less<>>;

template <class T>
using Answer = std::expected<T, SignatureError>;

std::unexpected<SignatureError> incomplete(std::string message) {
    return std::unexpected(SignatureError{"IncompleteSignatureException", std::move(message)});
}

std::unexpected<SignatureError> unsupported(std::string_view algorithm) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm));
}

std::ptrdiff_t count_headers(const RawRequest& request, std::string_view name) {
    return std::ranges::count_if(request.headers,
                                 [&](const auto& header) { return lower(header.first) == name; });
}

Answer<Members> read_authorization(std::string_view text) {
    const auto space = std::min(text.find(' '), text.size());
    if (text.substr(0, space) != kAlgorithm) return unsupported(text.substr(0, space));
    Members members;
    for (std::string_view part : split(text.substr(space), ',')) {
        part = trim(part);
        if (part.empty()) continue;
        const auto equals = part.find('=');
        if (equals == std::string_view::npos) {
            return incomplete(
                fmt::format("'{}' not a valid key=value pair (missing equal-sign) in "
                            "Authorization header: '{}'.",
                            part, text));
        }
        members.insert_or_assign(std::string(part.substr(0, equals)), part.substr(equals + 1));
    }
    std::string missing;
    for (const char* name : {"Credential", "Signature", "SignedHeaders"}) {
        if (members.contains(name)) continue;
        missing += fmt::format("{}Authorization header requires '{}' parameter.",
                               missing.empty() ? "" : " ", name);
    }
    if (!missing.empty()) return incomplete(std::move(missing));
    return members;
}

/// The X-Amz-... members of the query, without their prefix.
Answer<Members> read_query(std::string_view query) {
    constexpr std::string_view kPrefix = "X-Amz-";
    Members members;
    for (const std::string_view part : split(query, '&')) {
        const auto equals = std::min(part.find('='), part.size());
        const std::string name = uri_decode(part.substr(0, equals));
        if (!name.starts_with(kPrefix)) continue;
        const std::string_view value = part.substr(std::min(equals + 1, part.size()));
        if (!members.emplace(name.substr(kPrefix.size()), uri_decode(value)).second) {
            return incomplete(fmt::format("'{}' is in the query string twice.", name));
        }
    }
    return members;
}

Answer<void> read_credential(const std::string& text, Claim& claim) {
    const auto parts = split(text, '/');
    if (parts.size() != 5) {
        return incomplete(
            fmt::format("Credential must have exactly 5 slash-delimited elements, "
                        "e.g. keyid/date/region/service/term, got '{}'",
                        text));
    }
    claim.access_key_id = parts[0];
    claim.date = parts[1];
    claim.scope = {.region = std::string(parts[2]), .service = std::string(parts[3])};
    claim.terminator = parts[4];
    return {};
}

Answer<void> read_time(const std::string& text, Claim& claim) {
    auto time = parse_basic_iso8601(text);
    if (!time) time = parse_http_date(text);
    if (!time) {
        return incomplete(fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'.", text));
    }
    claim.time = *time;
    claim.timestamp = to_basic_iso8601(*time);
    return {};
}

Answer<void> read_common(const Members& members, Claim& claim) {
    if (auto read = read_credential(members.at("Credential"), claim); !read) return read;
    for (const auto name : split(members.at("SignedHeaders"), ';')) {
        claim.signed_headers.emplace_back(name);
    }
    claim.signature = members.at("Signature");
    return {};
}

Answer<Claim> claim_of_header(const RawRequest& request, std::string_view authorization) {
    if (count_headers(request, "authorization") > 1 || count_headers(request, "x-amz-date") > 1) {
        return incomplete("The request has an Authorization or X-Amz-Date header more than once.");
    }
    if (authorization.size() > kMaxHeaderBytes) {
        return incomplete("The Authorization header is too long.");
    }
    const auto members = read_authorization(authorization);
    if (!members) return std::unexpected(members.error());
    const std::string* date = find_header(request, "x-amz-date");
    if (date == nullptr) date = find_header(request, "date");
    if (date == nullptr) {
        return incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    }
    Claim claim;
    if (auto read = read_common(*members, claim); !read) return std::unexpected(read.error());
    if (auto read = read_time(*date, claim); !read) return std::unexpected(read.error());
    if (const auto* token = find_header(request, "x-amz-security-token")) {
        claim.session_token = *token;
    }
    return claim;
}

Answer<Seconds> read_expiry(const std::string& text) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return incomplete("X-Amz-Expires should be a number");
    }
    if (seconds < 1 || seconds > kWeek.count()) {
        return incomplete(
            fmt::format("X-Amz-Expires must be between 1 and {} seconds, a week, got {}",
                        kWeek.count(), seconds));
    }
    return Seconds{seconds};
}

Answer<Claim> claim_of_query(const Members& members) {
    for (const char* name :
         {"Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"}) {
        if (!members.contains(name)) {
            return incomplete(fmt::format("AWS query-string parameters must include '{}'.",
                                          std::string("X-Amz-") + name));
        }
    }
    if (members.at("Algorithm") != kAlgorithm) return unsupported(members.at("Algorithm"));
    Claim claim;
    if (auto read = read_common(members, claim); !read) return std::unexpected(read.error());
    if (auto read = read_time(members.at("Date"), claim); !read) {
        return std::unexpected(read.error());
    }
    const auto valid_for = read_expiry(members.at("Expires"));
    if (!valid_for) return std::unexpected(valid_for.error());
    claim.valid_for = *valid_for;
    if (const auto token = members.find("Security-Token"); token != members.end()) {
        claim.session_token = token->second;
    }
    return claim;
}

}  // namespace

std::expected<Claim, SignatureError> read_claim(const RawRequest& request) {
    const std::string* authorization = find_header(request, "authorization");
    const auto query = read_query(request.query);
    if (!query) return std::unexpected(query.error());
    const bool is_presigned = query->contains("Algorithm") || query->contains("Signature");
    if (authorization != nullptr && is_presigned) {
        return incomplete(
            "Only one auth mechanism allowed: the Authorization header, or a presigned query.");
    }
    if (authorization != nullptr) return claim_of_header(request, *authorization);
    if (is_presigned) return claim_of_query(*query);
    return std::unexpected(
        SignatureError{"MissingAuthenticationTokenException", "Missing Authentication Token"});
}

}  // namespace batchd::net::sigv4
