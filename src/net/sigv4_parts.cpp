#include "net/sigv4_parts.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace batchd::net {
namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
        }
    }
    return encoded;
}

namespace sigv4 {
namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Hash hmac(std::string_view key, std::string_view text) {
    Hash hash{};
    unsigned size = 0;
    ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
           hash.data(), &size);
    return hash;
}

std::string hex(const Hash& hash) {
    std::string text;
    for (const unsigned char byte : hash) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
    return text;
}

/// Without "." and "..", and no slash twice.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            kept.push_back(part);
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    const bool ends_with_slash = path.ends_with('/') && !kept.empty();
    return fmt::format("/{}{}", fmt::join(kept, "/"), ends_with_slash ? "/" : "");
}

/// Runs of blanks become one space.
std::string folded(std::string_view value) {
    std::string text;
    for (const char c : trim(value)) {
        const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (!is_blank) {
            text += c;
        } else if (!text.ends_with(' ')) {
            text += ' ';
        }
    }
    return text;
}

}  // namespace

std::string canonical_path(std::string_view raw, PathForm form) {
    if (form == PathForm::AsSent) return std::string(raw);
    return uri_encode(without_dots(raw), true);
}

std::string canonical_query(std::string_view raw, std::string_view left_out) {
    std::vector<std::pair<std::string, std::string>> members;
    for (const std::string_view part : split(raw, '&')) {
        if (part.empty()) continue;
        const auto equals = std::min(part.find('='), part.size());
        const std::string name = uri_decode(part.substr(0, equals));
        if (!left_out.empty() && name == left_out) continue;
        const std::string_view value = part.substr(std::min(equals + 1, part.size()));
        members.emplace_back(uri_encode(name), uri_encode(uri_decode(value)));
    }
    std::ranges::sort(members);
    std::string query;
    for (const auto& [name, value] : members) {
        query += fmt::format("{}{}={}", query.empty() ? "" : "&", name, value);
    }
    return query;
}

std::string canonical_headers(const RawRequest& request, const Names& names) {
    std::string lines;
    for (const auto& name : names) {
        bool is_first = true;
        for (const auto& [header, value] : request.headers) {
            if (lower(header) != name) continue;
            lines += fmt::format("{}{}", is_first ? name + ":" : ",", folded(value));
            is_first = false;
        }
        if (!is_first) lines += '\n';
    }
    return lines;
}

std::string join(const Names& names) { return fmt::format("{}", fmt::join(names, ";")); }

std::string canonical_request(const RawRequest& request, PathForm form, const Names& signed_headers,
                              std::string_view payload_hash) {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, form),
                       canonical_query(request.query, "X-Amz-Signature"),
                       canonical_headers(request, signed_headers), join(signed_headers),
                       payload_hash);
}

std::string signature(const Signing& signing) {
    const std::string text_to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, signing.timestamp,
                                                 scope_text(signing.timestamp, signing.scope),
                                                 sha256_hex(signing.canonical_request));
    Hash key =
        hmac(fmt::format("AWS4{}", signing.secret_access_key), signing.timestamp.substr(0, 8));
    for (const std::string_view part :
         {std::string_view(signing.scope.region), std::string_view(signing.scope.service),
          kTerminator, std::string_view(text_to_sign)}) {
        key = hmac(text_of(key), part);
    }
    return hex(key);
}

std::string sha256_hex(std::string_view bytes) {
    Hash hash{};
    ::SHA256(bytes_of(bytes), bytes.size(), hash.data());
    return hex(hash);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string lower(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lowered;
}

const std::string* find_header(const RawRequest& request, std::string_view name) {
    for (const auto& [header, value] : request.headers) {
        if (lower(header) == name) return &value;
    }
    return nullptr;
}

std::string scope_text(std::string_view timestamp, const SigningScope& scope) {
    return fmt::format("{}/{}/{}/{}", timestamp.substr(0, 8), scope.region, scope.service,
                       kTerminator);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string uri_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (text[i] == '%' && high >= 0 && low >= 0) {
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

}  // namespace sigv4
}  // namespace batchd::net
