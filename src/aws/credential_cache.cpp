#include "aws/credential_cache.hpp"

#include "batchd/base/log.hpp"

#include <algorithm>

namespace batchd::aws {
namespace {

constexpr std::chrono::minutes kAhead{10};
constexpr std::chrono::minutes kRetry{1};
constexpr Seconds kPause{15};

}  // namespace

Outcome<Credentials> CredentialCache::get() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const Timestamp now = clock_.now();
        if (is_valid(now) && (now < refresh_at_ || is_loading_)) return *current_;
        if (!is_valid(now) && error_ && now < refresh_at_) return std::unexpected(*error_);
        if (!is_loading_) break;
        loaded_.wait(lock);
    }
    is_loading_ = true;
    lock.unlock();
    auto loaded = load_();
    lock.lock();
    is_loading_ = false;
    const Timestamp now = clock_.now();
    keep(std::move(loaded), now);
    loaded_.notify_all();
    if (is_valid(now)) return *current_;
    return std::unexpected(*error_);
}

void CredentialCache::keep(Outcome<Credentials> loaded, Timestamp now) {
    loaded_at_ = now;
    if (loaded && loaded->expires && *loaded->expires <= now) {
        loaded = no_credentials("the keys of " + loaded->source + " have expired");
    }
    if (!loaded) {
        error_ = std::move(loaded).error();
        refresh_at_ = now + (is_valid(now) ? Seconds{kRetry} : kPause);
        if (is_valid(now)) {
            log::warn("AWS keys are not renewed, the old ones stay: {}", error_->message);
        }
        return;
    }
    error_.reset();
    current_ = *std::move(loaded);
    refresh_at_ = Timestamp::max();
    if (current_->expires) {
        const auto half = (*current_->expires - now) / 2;  // for keys of a short life
        refresh_at_ = std::max(*current_->expires - kAhead, now + half);
    }
    log::info("AWS keys come from {}", current_->source);
}

bool CredentialCache::forget(const net::AwsKeys& refused) {
    const std::scoped_lock lock(mutex_);
    const bool is_in_use = current_ && current_->keys.access_key_id == refused.access_key_id &&
                           current_->keys.session_token == refused.session_token &&
                           current_->keys.secret_access_key == refused.secret_access_key;
    if (!is_in_use) return true;  // another thread was quicker
    if (clock_.now() < loaded_at_ + kPause) return false;
    current_.reset();
    return true;
}

}  // namespace batchd::aws
