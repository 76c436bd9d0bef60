// The event feed with many clients: what they cost at rest, and how soon an event reaches them all.
#include "latencies.hpp"
#include "process.hpp"
#include "sections.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;

constexpr std::size_t kClients = 1000;
constexpr int kJobs = 50;
constexpr std::chrono::seconds kRest{20};
constexpr std::chrono::milliseconds kPatience{10'000};

/// Clients that follow the feed; one thread.
class Clients {
  public:
    explicit Clients(const Endpoint& endpoint) {
        for (std::size_t i = 0; i < kClients; ++i) {
            asio::co_spawn(io_, follow(endpoint), asio::detached);
        }
    }

    /// Until so many have seen as many events as the fewest; false if that takes too long.
    bool wait_for(std::size_t clients, std::size_t events) {
        const auto deadline = SteadyClock::now() + kPatience;
        while (counts_.size() <= events || counts_[events] < clients) {
            if (SteadyClock::now() > deadline || failed_) return false;
            io_.run_one_for(std::chrono::milliseconds{100});
        }
        return true;
    }
    /// All streams have begun.
    bool wait_for_begin() { return wait_for(kClients, 0); }
    void rest(std::chrono::seconds time) { io_.run_for(time); }
    SteadyClock::time_point last_seen() const { return last_seen_; }

  private:
    /// One more client has seen `events` events; 0: its stream has begun.
    void count(std::size_t events) {
        if (counts_.size() <= events) counts_.resize(events + 1);
        ++counts_[events];
        last_seen_ = SteadyClock::now();
    }

    asio::awaitable<void> follow(Endpoint endpoint) {
        asio::generic::stream_protocol::socket socket(io_);
        const auto [connect_failed] =
            co_await socket.async_connect(endpoint, as_tuple(use_awaitable));
        const std::string request = http_request("GET", "/api/v1/events?status=RUNNABLE");
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

    asio::io_context io_;
    std::vector<std::size_t> counts_;  ///< by number of events: how many clients have seen them
    SteadyClock::time_point last_seen_;
    bool failed_ = false;
};

}  // namespace

Result<> measure_events(const Setup& setup, Report& report) {
    raise_descriptor_limit();  // a client is one
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    Clients clients(batchd->endpoint());
    if (!clients.wait_for_begin()) return fail(ErrorKind::Internal, "not all clients connected");

    const auto before = cpu_time(batchd->pid());
    clients.rest(kRest);
    const auto used = cpu_time(batchd->pid()) - before;
    report.add({fmt::format("{} event streams at rest, of a core", kClients),
                100.0 * static_cast<double>(used.count()) /
                    static_cast<double>(std::chrono::milliseconds(kRest).count()),
                "%", below(5)});

    Latencies last;
    for (std::size_t i = 1; i <= kJobs; ++i) {
        const auto begin = SteadyClock::now();
        if (auto sent = batchd->fetch(submit_request(i)); !sent) {
            return std::unexpected(sent.error());
        }
        if (!clients.wait_for(kClients, i)) {
            return fail(ErrorKind::Internal, "an event did not reach all clients");
        }
        last.add(clients.last_seen() - begin);
    }
    report.add({"  SubmitJob until the last of them has the event, p50", last.percentile_ms(0.5),
                "ms", below(100)});
    report.add({"  p99", last.percentile_ms(0.99), "ms"});
    return {};
}

}  // namespace batchd::bench
