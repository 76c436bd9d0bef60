#include "net/connection_pool.hpp"

#include <algorithm>

namespace batchd::net {

namespace {

constexpr std::size_t kMaxIdle = 16;
/// A server that lives takes a connection at once; a call may take minutes.
constexpr Milliseconds kConnectTimeout{5'000};

}  // namespace

ConnectionPool::ConnectionPool(boost::asio::any_io_executor executor, std::string url, Tls tls)
    : executor_(std::move(executor)), url_(std::move(url)), tls_(std::move(tls)) {}

std::shared_ptr<Connection> ConnectionPool::take_idle() {
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    busy_.insert(connection);
    return connection;
}

boost::asio::awaitable<Result<std::shared_ptr<Connection>>> ConnectionPool::connect(
    Milliseconds timeout) {
    auto endpoint = parse_endpoint(url_);
    if (!endpoint) co_return std::unexpected(std::move(endpoint).error());
    auto connection = co_await net::connect(executor_, std::move(*endpoint), tls_,
                                            std::min(timeout, kConnectTimeout));
    if (closed_) co_return fail(ErrorKind::Cancelled, "closed");
    if (connection) busy_.insert(*connection);
    co_return connection;
}

void ConnectionPool::give_back(std::shared_ptr<Connection> connection) {
    busy_.erase(connection);
    if (!closed_ && connection->is_reusable() && idle_.size() < kMaxIdle) {
        idle_.push_back(std::move(connection));
    }
}

void ConnectionPool::drop_idle() { idle_.clear(); }

void ConnectionPool::close() {
    closed_ = true;
    idle_.clear();
    for (const auto& connection : busy_) connection->close();
}

}  // namespace batchd::net
