// Keeps the keys in use, and renews them in time.
#pragma once

#include "aws/credentials.hpp"

#include <condition_variable>
#include <mutex>

namespace batchd::aws {

/// Any thread, several at a time: one of them loads, the others go on with the old keys as long as
/// these are valid.
class CredentialCache {
  public:
    using Load = std::function<Outcome<Credentials>()>;

    /// `clock` must outlive the cache. `load` may block.
    CredentialCache(Load load, const Clock& clock) : load_(std::move(load)), clock_(clock) {}

    /// Keys that are valid for some time: they are renewed ten minutes before they expire. If that
    /// fails, the old ones stay until they do. Without valid keys it is the error of the last load,
    /// which is tried again every 15 s.
    Outcome<Credentials> get();

    /// AWS did not take these keys: a file may have new ones. Not within 15 s of the last load.
    /// Whether get() will load.
    bool forget(const net::AwsKeys& refused);

  private:
    bool is_valid(Timestamp now) const {
        return current_ && (!current_->expires || *current_->expires > now);
    }
    void keep(Outcome<Credentials> loaded, Timestamp now);

    Load load_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable loaded_;
    bool is_loading_ = false;  ///< this and what follows: guarded by mutex_
    std::optional<Credentials> current_;
    std::optional<ApiError> error_;  ///< of the last load, if it failed
    Timestamp refresh_at_;           ///< when the next load is due
    Timestamp loaded_at_;
};

}  // namespace batchd::aws
