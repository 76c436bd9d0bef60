#include "event_followers.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;

constexpr std::chrono::milliseconds kPatience{10'000};

}  // namespace

EventFollowers::EventFollowers(const Endpoint& endpoint, std::size_t count,
                               const std::string& target)
    : clients_(count) {
    for (std::size_t i = 0; i < count; ++i) {
        asio::co_spawn(io_, follow(endpoint, http_request("GET", target)), asio::detached);
    }
}

bool EventFollowers::wait_for(std::size_t events) {
    const auto deadline = SteadyClock::now() + kPatience;
    while (counts_.size() <= events || counts_[events] < clients_) {
        if (SteadyClock::now() > deadline || failed_) return false;
        io_.run_one_for(std::chrono::milliseconds{100});
    }
    return true;
}

std::size_t EventFollowers::seen_by_all() const {
    std::size_t events = 0;
    while (events + 1 < counts_.size() && counts_[events + 1] == clients_) ++events;
    return events;
}

void EventFollowers::count(std::size_t events) {
    if (counts_.size() <= events) counts_.resize(events + 1);
    ++counts_[events];
    last_seen_ = SteadyClock::now();
}

asio::awaitable<void> EventFollowers::follow(Endpoint endpoint, std::string request) {
    asio::generic::stream_protocol::socket socket(io_);
    const auto [connect_failed] = co_await socket.async_connect(endpoint, as_tuple(use_awaitable));
    const auto [write_failed, sent] =
        co_await asio::async_write(socket, asio::buffer(request), as_tuple(use_awaitable));
    failed_ = failed_ || connect_failed || write_failed;
    std::string text;
    std::size_t events = 0;
    bool has_begun = false;
    std::array<char, 8192> buffer{};
    while (!failed_) {
        const auto [read_failed, size] =
            co_await socket.async_read_some(asio::buffer(buffer), as_tuple(use_awaitable));
        if (read_failed) break;
        text.append(buffer.data(), size);
        if (!has_begun && text.find("retry:") != std::string::npos) {
            has_begun = true;
            count(0);
        }
        for (auto end = text.find("\n\n"); end != std::string::npos; end = text.find("\n\n")) {
            if (text.substr(0, end).find("event: job") != std::string::npos) count(++events);
            text.erase(0, end + 2);
        }
    }
}

}  // namespace batchd::bench
