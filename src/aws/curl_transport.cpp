#include "batchd/aws/transport.hpp"
#include "batchd/base/curl_headers.hpp"

#include <fmt/format.h>

namespace batchd::aws {
namespace {

constexpr std::size_t kMaxIdle = 8;
constexpr std::size_t kMaxHeaders = 200;

/// curl's global state, made once and never given up: other threads may still use curl at exit.
void init_curl() {
    static const CURLcode done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    BATCHD_CHECK(done == CURLE_OK, "libcurl cannot be initialised");
}

/// What curl's callbacks fill and ask.
struct Exchange {
    HttpResponse response;
    std::size_t max_body_bytes = 0;
    const std::atomic<bool>* stopped = nullptr;
    bool is_too_large = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    std::string& body = exchange.response.body;
    exchange.is_too_large = size > exchange.max_body_bytes - body.size();
    if (exchange.is_too_large) return 0;
    body.append(data, size);
    return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
    auto& headers = static_cast<Exchange*>(context)->response.headers;
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) headers.clear();  // after a 100 Continue, or a proxy's answer
    if (headers.size() < kMaxHeaders) curl::add_header(line, headers);
    return size;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Exchange*>(context)->stopped->load() ? 1 : 0;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
    return curl::find_header(headers, name);
}

/// One connection cache; one exchange at a time.
class CurlTransport::Handle {
  public:
    Handle() : easy_(::curl_easy_init()) {
        BATCHD_CHECK(easy_ != nullptr, "libcurl makes handles as long as there is memory");
    }
    ~Handle() { ::curl_easy_cleanup(easy_); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    Result<HttpResponse> perform(const HttpRequest& request, const Options& options,
                                 const std::atomic<bool>& stopped) {
        Exchange exchange{
            .response{}, .max_body_bytes = options.max_body_bytes, .stopped = &stopped};
        const curl::List headers = curl::header_list(request.headers);
        ::curl_easy_reset(easy_);  // keeps the connections
        set_request(request, headers.get());
        set_limits(request, options);
        set(CURLOPT_WRITEFUNCTION, on_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
        set(CURLOPT_HEADERFUNCTION, on_header);
        set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
        set(CURLOPT_XFERINFOFUNCTION, on_progress);
        set(CURLOPT_XFERINFODATA, static_cast<void*>(&exchange));
        set(CURLOPT_NOPROGRESS, 0L);

        const CURLcode code = ::curl_easy_perform(easy_);
        if (stopped) return fail(ErrorKind::Cancelled, "the daemon stops");
        if (exchange.is_too_large) {
            return fail(ErrorKind::Unavailable,
                        fmt::format("the answer is larger than {} bytes", options.max_body_bytes));
        }
        if (code != CURLE_OK) {
            return fail(ErrorKind::Unavailable, ::curl_easy_strerror(code));
        }
        long status = 0;
        ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        exchange.response.status = static_cast<int>(status);
        return std::move(exchange.response);
    }

  private:
    template <class T>
    void set(CURLoption option, T value) {
        ::curl_easy_setopt(easy_, option, value);
    }

    void set_request(const HttpRequest& request, curl_slist* headers) {
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_PATH_AS_IS, 1L);  // what was signed
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTPHEADER, headers);
        set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
        if (!request.body.empty() || request.method == "POST") {
            set(CURLOPT_POSTFIELDS, request.body.c_str());
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        }
        if (!request.through_proxy) set(CURLOPT_NOPROXY, "*");
    }

    void set_limits(const HttpRequest& request, const Options& options) {
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());
    }

    CURL* easy_;
};

CurlTransport::CurlTransport() : CurlTransport(Options{}) {}
CurlTransport::CurlTransport(Options options) : options_(std::move(options)) { init_curl(); }
CurlTransport::~CurlTransport() = default;

Result<HttpResponse> CurlTransport::send(const HttpRequest& request) {
    if (stopped_) return fail(ErrorKind::Cancelled, "the daemon stops");
    auto handle = take();
    auto response = handle->perform(request, options_, stopped_);
    give_back(std::move(handle));
    return response;
}

std::unique_ptr<CurlTransport::Handle> CurlTransport::take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return std::make_unique<Handle>();
    auto handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
}

void CurlTransport::give_back(std::unique_ptr<Handle> handle) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handle));
}

}  // namespace batchd::aws
