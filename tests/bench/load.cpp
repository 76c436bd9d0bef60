#include "load.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;

class Run {
  public:
    explicit Run(const Load& load)
        : load_(load),
          counted_from_(SteadyClock::now() + load.warm_up),
          end_(counted_from_ + load.duration) {}

    Result<LoadResult> operator()() {
        for (std::size_t i = 0; i < load_.connections; ++i) {
            asio::co_spawn(io_, keep_sending(i),
                           [this](const std::exception_ptr&, Result<> result) {
                               if (!result && !failure_) failure_ = std::move(result).error();
                           });
        }
        io_.run();
        if (failure_) return std::unexpected(*failure_);
        const std::chrono::duration<double> elapsed = last_answer_ - counted_from_;
        return LoadResult{.per_second = static_cast<double>(latencies_.count()) / elapsed.count(),
                          .latencies = std::move(latencies_)};
    }

  private:
    asio::awaitable<Result<>> keep_sending(std::size_t number) {
        HttpConnection connection(io_.get_executor(), load_.endpoint);
        if (auto opened = co_await connection.open(); !opened) co_return opened;
        asio::steady_timer timer(
            io_, counted_from_ - load_.warm_up + interval() * number / load_.connections);
        while (is_going_on()) {
            if (interval().count() > 0) {
                co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
                timer.expires_at(timer.expiry() + interval());
            }
            ++sent_;
            const std::string request = load_.next_request();
            const auto begin = SteadyClock::now();
            auto body = co_await connection.expect(request);
            if (!body) co_return std::unexpected(std::move(body).error());
            count(begin);
            if (load_.on_answer) load_.on_answer(std::move(*body));
        }
        co_return Result<>{};
    }

    bool is_going_on() const {
        if (failure_ || (load_.request_limit > 0 && sent_ >= load_.request_limit)) return false;
        return SteadyClock::now() < end_;
    }

    void count(SteadyClock::time_point begin) {
        const auto now = SteadyClock::now();
        if (begin < counted_from_) return;
        latencies_.add(now - begin);
        last_answer_ = now;
    }

    /// Between two requests of one connection.
    SteadyClock::duration interval() const {
        if (load_.requests_per_second <= 0) return {};
        return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(
            static_cast<double>(load_.connections) / load_.requests_per_second));
    }

    const Load& load_;
    asio::io_context io_{1};
    SteadyClock::time_point counted_from_;
    SteadyClock::time_point end_;
    SteadyClock::time_point last_answer_ = counted_from_;
    std::size_t sent_ = 0;
    Latencies latencies_;
    std::optional<Error> failure_;
};

}  // namespace

Result<LoadResult> run(const Load& load) { return Run(load)(); }

}  // namespace batchd::bench
