#include "cli/http_client.hpp"

#include "batchd/base/curl_headers.hpp"
#include "batchd/base/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace batchd::cli {
namespace {

constexpr long kConnectTimeoutMs = 5000;
constexpr long kKeepAliveSeconds = 30;  // so that a stream notices a host that is gone

/// What curl's callbacks fill.
struct Exchange {
    const Request& request;
    Response response{};
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
    auto& response = static_cast<Exchange*>(context)->response;
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        const auto space = std::min(line.find(' '), line.size() - 1);
        response = {.status = std::atoi(line.data() + space)};
    } else {
        curl::add_header(line, response.headers);
    }
    return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    if (exchange.request.on_data && exchange.response.status == 200) {
        exchange.request.on_data(exchange.response, {data, size});
    } else {
        exchange.response.body.append(data, size);
    }
    return size;
}

void set_up(CURL* easy, const std::string& url, Exchange& exchange, curl_slist* headers) {
    const Request& request = exchange.request;
    const auto set = [easy](CURLoption option, auto value) {
        ::curl_easy_setopt(easy, option, value);
    };
    ::curl_easy_reset(easy);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    if (request.method != "GET") {
        set(CURLOPT_POSTFIELDS, request.body.c_str());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
    set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
}

/// Drives the transfer to its end. nullopt if the descriptor became readable before that.
std::optional<CURLcode> drive(CURLM* multi, int interrupt) {
    while (true) {
        int running = 0;
        ::curl_multi_perform(multi, &running);
        int left = 0;
        if (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
            return message->data.result;
        }
        curl_waitfd wait{.fd = interrupt, .events = CURL_WAIT_POLLIN, .revents = 0};
        constexpr int kLongestWaitMs = 60'000;  // curl's own timers end it earlier
        ::curl_multi_poll(multi, &wait, interrupt >= 0 ? 1 : 0, kLongestWaitMs, nullptr);
        if (wait.revents != 0) return std::nullopt;
    }
}

NoAnswer::Why reason(CURLcode code, const Exchange& exchange, CURL* easy) {
    using Why = NoAnswer::Why;
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return Why::NotConnected;
    }
    curl_off_t connected = 0;  // 0 as long as no connection was made
    ::curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    long connections = 0;
    ::curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    const bool timed_out_before = code == CURLE_OPERATION_TIMEDOUT && connected == 0 &&
                                  connections == 0 && exchange.response.status == 0;
    return timed_out_before ? Why::NotConnected : Why::Broken;
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
    return curl::find_header(headers, name);
}

HttpClient::HttpClient(std::string url) : url_(std::move(url)) {
    while (url_.ends_with('/')) url_.pop_back();
    // TLS costs milliseconds to set up.
    const bool is_plain = url_.starts_with("http:");
    ::curl_global_init(is_plain ? CURL_GLOBAL_NOTHING : CURL_GLOBAL_DEFAULT);
    easy_ = ::curl_easy_init();
    multi_ = ::curl_multi_init();
    BATCHD_CHECK(easy_ != nullptr && multi_ != nullptr, "libcurl makes two handles at the start");
}

HttpClient::~HttpClient() {
    ::curl_multi_cleanup(multi_);
    ::curl_easy_cleanup(easy_);
}

std::expected<Response, NoAnswer> HttpClient::perform(const Request& request, int interrupt) {
    Exchange exchange{.request = request};
    const std::string url = url_ + request.path;
    const curl::List headers = curl::header_list(request.headers);
    set_up(easy_, url, exchange, headers.get());
    ::curl_multi_add_handle(multi_, easy_);
    const auto code = drive(multi_, interrupt);
    NoAnswer none{.why = NoAnswer::Why::Interrupted};
    if (code && *code != CURLE_OK) {
        none = {.why = reason(*code, exchange, easy_), .message = ::curl_easy_strerror(*code)};
    }
    ::curl_multi_remove_handle(multi_, easy_);
    if (code != CURLE_OK) return std::unexpected(std::move(none));
    return std::move(exchange.response);
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = std::isalnum(byte) != 0 || std::string_view("-._~").contains(c);
        encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return encoded;
}

}  // namespace batchd::cli
