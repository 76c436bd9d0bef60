// A Docker Engine that answers at once and whose containers end as soon as they start.
#pragma once

#include "latencies.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace batchd::bench {

class FakeEngine {
  public:
    /// Listens on the unix socket and serves in a thread of its own.
    explicit FakeEngine(std::string path);
    ~FakeEngine();

    std::string url() const { return "unix://" + path_; }

    /// When the start call of the next container came, once that container is removed again;
    /// nullopt if that takes longer than `limit`.
    std::optional<SteadyClock::time_point> next_start(std::chrono::seconds limit);

  private:
    using Socket = boost::asio::local::stream_protocol::socket;
    struct Reply {
        unsigned status;
        std::string body{};
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(Socket socket);
    boost::asio::awaitable<void> stream_events(Socket socket);
    Reply answer(const std::string& method, const std::string& target);
    Reply start(const std::string& container);
    Reply remove();

    std::string path_;
    boost::asio::io_context io_{1};
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::vector<std::string> events_;  ///< that wait to be sent
    boost::asio::steady_timer has_events_;
    SteadyClock::time_point started_at_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<SteadyClock::time_point> finished_;  ///< start of a container that is gone
    std::thread thread_;
};

}  // namespace batchd::bench
