#include "fake_engine.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <exception>
#include <utility>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr const char* kInfo =
    R"({"NCPU":2,"MemTotal":8589934592,"ServerVersion":"fake","Plugins":{"Log":["json-file"]}})";

/// "batchd-…" in /v1.44/containers/batchd-…/start; ids are names here.
std::string container_in(const std::string& target) {
    constexpr std::string_view kBefore = "/containers/";
    const auto begin = target.find(kBefore) + kBefore.size();
    return target.substr(begin, target.find_first_of("/?", begin) - begin);
}

}  // namespace

FakeEngine::FakeEngine(std::string path)
    : path_(std::move(path)),
      acceptor_(io_, asio::local::stream_protocol::endpoint(path_)),
      has_events_(io_, SteadyClock::time_point::max()) {
    asio::co_spawn(io_, accept(), [](const std::exception_ptr&) {});
    thread_ = std::thread([this] { io_.run(); });
}

FakeEngine::~FakeEngine() {
    io_.stop();
    thread_.join();
}

std::optional<SteadyClock::time_point> FakeEngine::next_start(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return finished_.has_value(); });
    return std::exchange(finished_, std::nullopt);
}

asio::awaitable<void> FakeEngine::accept() {
    for (;;) {
        auto [ec, socket] = co_await acceptor_.async_accept(kAwait);
        if (ec) co_return;
        asio::co_spawn(io_, serve(std::move(socket)), [](const std::exception_ptr&) {});
    }
}

asio::awaitable<void> FakeEngine::serve(Socket socket) {
    boost::beast::flat_buffer buffer;
    for (;;) {
        http::request<http::string_body> request;
        auto [read_error, got] = co_await http::async_read(socket, buffer, request, kAwait);
        if (read_error) co_return;
        const std::string target(request.target());
        if (target.find("/events?") != std::string::npos) {
            co_await stream_events(std::move(socket));
            co_return;
        }
        Reply reply = answer(std::string(request.method_string()), target);
        http::response<http::string_body> response(http::int_to_status(reply.status), 11);
        response.set("Api-Version", "1.44");
        response.body() = std::move(reply.body);
        response.prepare_payload();
        auto [write_error, sent] = co_await http::async_write(socket, response, kAwait);
        if (write_error) co_return;
    }
}

asio::awaitable<void> FakeEngine::stream_events(Socket socket) {
    std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (;;) {
        for (const auto& event : std::exchange(events_, {})) {
            bytes += fmt::format("{:x}\r\n{}\n\r\n", event.size() + 1, event);
        }
        auto [ec, sent] = co_await asio::async_write(socket, asio::buffer(bytes), kAwait);
        if (ec) co_return;
        bytes.clear();
        if (events_.empty()) co_await has_events_.async_wait(kAwait);
    }
}

FakeEngine::Reply FakeEngine::answer(const std::string& method, const std::string& target) {
    if (method == "DELETE") return remove();
    if (target.ends_with("/start")) return start(container_in(target));
    const auto name = target.find("create?name=");
    if (name != std::string::npos) {
        return {201, fmt::format(R"({{"Id":"{}"}})", target.substr(name + 12))};
    }
    if (target.ends_with("/info")) return {200, kInfo};
    if (target.find("/containers/json") != std::string::npos) return {200, "[]"};
    return {200};  // _ping; the output of a container, which is empty
}

FakeEngine::Reply FakeEngine::start(const std::string& container) {
    started_at_ = SteadyClock::now();
    events_.push_back(
        fmt::format(R"({{"Type":"container","Action":"die","Actor":{{"ID":"{0}","Attributes":)"
                    R"({{"name":"{0}","exitCode":"0"}}}},"timeNano":1}})",
                    container));
    has_events_.cancel();
    return {204};
}

FakeEngine::Reply FakeEngine::remove() {
    {
        const std::lock_guard lock(mutex_);
        finished_ = started_at_;
    }
    changed_.notify_one();
    return {204};
}

}  // namespace batchd::bench
