// Many Docker Engines in one thread, each with an address of its own on the loopback: 127.1.0.0 and
// up. Their containers run until they are told to end.
#pragma once

#include "latencies.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace batchd::bench {

class FakeFleet {
  public:
    /// `followed`: of how many containers of a host the output can be followed, which takes a
    /// connection each. The others have a log driver that cannot be read.
    FakeFleet(std::size_t hosts, std::size_t followed, std::size_t vcpus_each);
    ~FakeFleet();

    std::string url(std::size_t host) const;

    // Any thread.
    std::size_t connected() const { return connected_; }  ///< hosts whose events are read
    std::size_t started() const { return started_; }      ///< containers, so far
    std::size_t looks() const { return looks_; }          ///< at what a container uses, so far
    std::size_t removed() const { return removed_; }
    /// Ends so many more containers with exit code 0.
    void end(std::size_t count);
    /// From a container's end until the call to remove it, which comes when the end is stored; of
    /// those since the last call.
    Latencies take_latencies();

  private:
    using Socket = boost::asio::ip::tcp::socket;
    struct Container {
        std::size_t host = 0;
        bool is_running = false;
        bool is_followed = false;
        std::optional<Socket> output{};
        SteadyClock::time_point ended_at{};
    };
    struct Host {
        std::optional<Socket> events{};
        std::string unsent{};  ///< for `events`
        bool is_sending = false;
        std::set<std::string> containers{};
        std::size_t followed = 0;
    };
    struct Reply {
        unsigned status;
        std::string body{};
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(Socket socket, std::size_t host);
    boost::asio::awaitable<void> stream_events(Socket socket, std::size_t host);
    boost::asio::awaitable<void> follow(Socket socket, std::string name);
    boost::asio::awaitable<void> end_output(Socket socket, std::size_t host);
    boost::asio::awaitable<void> send_events(std::size_t host);
    void spawn(boost::asio::awaitable<void> work);

    Reply answer(const std::string& method, const std::string& target, std::size_t host);
    Reply create(const std::string& name, std::size_t host);
    Reply start(const std::string& name);
    Reply remove(const std::string& name);
    std::string list(const Host& host) const;
    bool can_follow(const std::string& name);
    void end_one();

    const std::size_t followed_;
    const std::string info_;
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<Host> hosts_;
    std::unordered_map<std::string, Container> containers_;  ///< by name, which is their id, too
    std::deque<std::string> running_;                        ///< the oldest first
    Latencies latencies_;
    std::atomic<std::size_t> connected_{0};
    std::atomic<std::size_t> started_{0};
    std::atomic<std::size_t> looks_{0};
    std::atomic<std::size_t> removed_{0};
    std::thread thread_;
};

}  // namespace batchd::bench
