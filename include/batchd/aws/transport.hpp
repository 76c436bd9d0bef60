// One HTTP exchange with AWS, or with what stands in for it.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::aws {

struct HttpRequest {
    std::string method{};
    std::string url{};  ///< http or https
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    Milliseconds connect_timeout{5'000};
    Milliseconds timeout{60'000};  ///< for all of it
    bool through_proxy = true;     ///< if the environment names one: http_proxy, https_proxy
};

struct HttpResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};

    /// Empty if there is none of that name; letters' case does not matter.
    std::string_view header(std::string_view name) const;
};

/// Any thread, several at a time.
class Transport {
  public:
    virtual ~Transport() = default;
    /// An answer with any status is a value. Unavailable if none came, or only a part of it;
    /// Cancelled once the transport is stopped. Messages hold no headers and no bodies.
    virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

/// By libcurl, on the caller's thread. Connections are kept and used again. Redirects are not
/// followed: a signature is for one host.
class CurlTransport final : public Transport {
  public:
    struct Options {
        std::string ca_bundle{};  ///< a file of certificates to trust; empty: the system's
        std::size_t max_body_bytes = std::size_t{64} * 1024 * 1024;
    };
    CurlTransport();
    explicit CurlTransport(Options options);
    ~CurlTransport() override;

    Result<HttpResponse> send(const HttpRequest& request) override;

    /// Ends exchanges within a second, those that come at once.
    void stop() { stopped_ = true; }

  private:
    class Handle;

    std::unique_ptr<Handle> take();
    void give_back(std::unique_ptr<Handle> handle);

    Options options_;
    std::atomic<bool> stopped_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;  ///< guarded by mutex_
};

}  // namespace batchd::aws
