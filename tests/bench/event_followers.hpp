// Clients that follow the event feed, many in one thread: that which calls the functions.
#pragma once

#include "http_connection.hpp"
#include "latencies.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace batchd::bench {

class EventFollowers {
  public:
    /// Each asks for `target`, as /api/v1/events?status=FAILED.
    EventFollowers(const Endpoint& endpoint, std::size_t count, const std::string& target);

    /// All streams have begun; false if that takes too long.
    bool wait_for_begin() { return wait_for(0); }
    /// Until each has seen so many events of jobs.
    bool wait_for(std::size_t events);
    /// Reads what comes.
    void run_for(std::chrono::milliseconds time) { io_.run_for(time); }
    SteadyClock::time_point last_seen() const { return last_seen_; }
    /// How many events of jobs each has seen at least.
    std::size_t seen_by_all() const;

  private:
    /// One more client has seen `events` events; 0: its stream has begun.
    void count(std::size_t events);
    boost::asio::awaitable<void> follow(Endpoint endpoint, std::string request);

    const std::size_t clients_;
    boost::asio::io_context io_{1};
    std::vector<std::size_t> counts_;  ///< by number of events: how many clients have seen them
    SteadyClock::time_point last_seen_;
    bool failed_ = false;
};

}  // namespace batchd::bench
