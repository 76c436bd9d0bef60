// One HTTP connection to the daemon, by libcurl. One thread.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::cli {

struct Response {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};

    /// Empty if there is none of that name; letters' case does not matter.
    std::string_view header(std::string_view name) const;
};

struct Request {
    std::string method = "GET";
    std::string path{};  ///< with the query, encoded
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::chrono::milliseconds timeout = std::chrono::seconds{60};  ///< for all of it; 0: none
    /// Gets the body of a 200 as it comes, with status and headers; Response::body stays empty
    /// then.
    std::function<void(const Response&, std::string_view)> on_data{};
};

/// Why there is no answer, or not all of one.
struct NoAnswer {
    enum class Why {
        NotConnected,  ///< the daemon has got nothing of the request
        Broken,        ///< it may have been carried out
        Interrupted,   ///< likewise; the descriptor became readable
    };
    Why why = Why::Broken;
    std::string message{};
};

class HttpClient {
  public:
    /// `url` is what stands before every path.
    explicit HttpClient(std::string url);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// `interrupt` is a descriptor that ends the exchange when it becomes readable; -1: none.
    std::expected<Response, NoAnswer> perform(const Request& request, int interrupt);

    const std::string& url() const { return url_; }

  private:
    std::string url_;
    void* easy_;   ///< CURL
    void* multi_;  ///< CURLM; keeps the connection
};

/// Percent-encodes what is not unreserved, for a path segment or a query value.
std::string percent_encode(std::string_view text);

}  // namespace batchd::cli
