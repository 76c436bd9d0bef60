#include "batchd/events/webhooks.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace batchd::events {
namespace {

constexpr Milliseconds kFirstDelay{1'000};
constexpr Milliseconds kLongestDelay{300'000};

std::string hmac_sha256(std::string_view key, const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const done = ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes,
                                    text.size(), digest.data(), &size);
    BATCHD_CHECK(done != nullptr, "OpenSSL computes an HMAC as long as there is memory");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

}  // namespace

std::string sign_body(std::string_view secret, Timestamp at, std::string_view body) {
    const auto seconds = std::chrono::floor<Seconds>(at).time_since_epoch().count();
    return fmt::format("t={},v1={}", seconds,
                       hmac_sha256(secret, fmt::format("{}.{}", seconds, body)));
}

Milliseconds webhook_delay(std::int64_t tries, double random) {
    constexpr std::int64_t kDoublings = 16;
    const auto doublings = std::clamp<std::int64_t>(tries - 1, 0, kDoublings);
    const Milliseconds whole =
        std::min<Milliseconds>(kFirstDelay * (std::int64_t{1} << doublings), kLongestDelay);
    const double jitter = 0.5 + std::clamp(random, 0.0, 1.0) / 2;  // at least half of it
    return Milliseconds{std::llround(static_cast<double>(whole.count()) * jitter)};
}

}  // namespace batchd::events
