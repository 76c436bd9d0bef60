#include "batchd/net/http_client.hpp"

#include "net/connection_pool.hpp"

#include <algorithm>
#include <cctype>

namespace batchd::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBodyLimitBytes = 64 * 1024 * 1024;

bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::unexpected<Error> closed_error() { return fail(ErrorKind::Cancelled, "closed"); }

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_letters(key, name)) return value;
    }
    return {};
}

HttpStream::HttpStream(std::shared_ptr<ConnectionPool> pool) : pool_(std::move(pool)) {}

HttpStream::~HttpStream() {
    if (connection_) pool_->give_back(std::move(connection_));
}

asio::awaitable<Result<HttpResponse>> HttpStream::open(HttpRequest request) {
    if (closed_) co_return closed_error();
    if (!request.on_new_connection) connection_ = pool_->take_idle();
    if (connection_) {
        auto response = co_await connection_->send(request);
        const bool is_stale = !response && !connection_->has_answer() &&
                              response.error().kind == ErrorKind::Unavailable;
        if (!is_stale || !request.repeatable || closed_) {
            co_return response;
        }
        pool_->give_back(std::move(connection_));
    }
    auto fresh = co_await pool_->connect(request.timeout);
    if (!fresh) co_return std::unexpected(std::move(fresh).error());
    connection_ = std::move(*fresh);
    if (closed_) co_return closed_error();
    co_return co_await connection_->send(request);
}

asio::awaitable<Result<std::string_view>> HttpStream::read(std::optional<Milliseconds> limit) {
    if (closed_ || !connection_) co_return closed_error();
    connection_->limit_read(limit);
    co_return co_await connection_->read();
}

asio::awaitable<Result<>> HttpStream::write(std::string bytes) {
    if (closed_ || !connection_) co_return closed_error();
    co_return co_await connection_->write(bytes);
}

asio::awaitable<Result<>> HttpStream::read_all(std::string& body) {
    for (;;) {
        auto piece = co_await connection_->read();
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (piece->empty()) co_return Result<>{};
        if (body.size() + piece->size() > kBodyLimitBytes) {
            co_return fail(ErrorKind::Unavailable, "the answer is larger than 64 MiB");
        }
        body += *piece;
    }
}

bool HttpStream::is_dry() const { return !connection_ || connection_->is_dry(); }

void HttpStream::close() {
    closed_ = true;
    if (connection_) connection_->close();
}

HttpClient::HttpClient(asio::any_io_executor executor, std::string url, Tls tls)
    : pool_(std::make_shared<ConnectionPool>(std::move(executor), std::move(url), std::move(tls))) {
}

HttpClient::~HttpClient() { close(); }

asio::awaitable<Result<HttpResponse>> HttpClient::fetch(HttpRequest request) {
    HttpStream stream(pool_);
    auto response = co_await stream.open(std::move(request));
    if (!response) co_return response;
    auto complete = co_await stream.read_all(response->body);
    if (!complete) co_return std::unexpected(std::move(complete).error());
    co_return response;
}

std::unique_ptr<HttpStream> HttpClient::stream() { return std::make_unique<HttpStream>(pool_); }

void HttpClient::drop_idle() { pool_->drop_idle(); }
void HttpClient::close() { pool_->close(); }

}  // namespace batchd::net
