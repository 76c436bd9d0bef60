// A running server on a free port and a blocking client that shows raw bytes.
#pragma once

#include "batchd/http/server.hpp"

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace batchd::http {

namespace asio = boost::asio;

/// Gives up on a condition after this: far above what a loaded machine needs.
constexpr std::chrono::seconds kPatience{20};

inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// An answer as it came over the wire.
struct Answer {
    std::string head;  ///< status line and headers
    std::string body;  ///< as framed by Content-Length; nothing for other framings

    int status() const { return head.size() < 12 ? 0 : std::stoi(head.substr(9, 3)); }
    bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

class Client {
  public:
    explicit Client(std::uint16_t port) { connect(port); }
    /// Has its descriptor, but no connection yet.
    Client() = default;

    void connect(std::uint16_t port) {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        // Asio's own reads would wait longer than that: receive() reads the native socket.
        const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    /// False if the server reset the connection meanwhile.
    bool send(std::string_view bytes) {
        boost::system::error_code ec;
        asio::write(socket_, asio::buffer(bytes), ec);
        return !ec;
    }

    /// Status line and headers; empty if the connection ended instead.
    std::string read_head() { return read_through("\r\n\r\n"); }

    /// Reads up to and with `mark`; empty if the connection ended before it.
    std::string read_through(std::string_view mark) {
        std::size_t found = 0;
        while ((found = pending_.find(mark)) == std::string::npos) {
            if (!receive()) return {};
        }
        return take(found + mark.size());
    }

    /// One answer. `head_only`: to a HEAD request.
    Answer read_answer(bool head_only = false) {
        Answer answer{.head = read_head(), .body = {}};
        const std::string_view kLength = "Content-Length: ";
        const auto at = answer.head.find(kLength);
        if (at == std::string::npos || head_only) return answer;
        const std::size_t length = std::stoul(answer.head.substr(at + kLength.size()));
        while (pending_.size() < length && receive()) {
        }
        answer.body = take(length);
        return answer;
    }

    Answer ask(std::string_view request) {
        send(request);
        return read_answer();
    }

    /// All bytes until the server closes.
    std::string read_to_end() {
        while (receive()) {
        }
        return take(pending_.size());
    }

    /// True if the server has ended the connection in an orderly way, without a further byte.
    bool at_end() { return read_to_end().empty() && orderly_end_; }

    void close() { socket_.close(); }

  private:
    std::string take(std::size_t size) {
        std::string taken = pending_.substr(0, size);
        pending_.erase(0, taken.size());
        return taken;
    }

    bool receive() {
        char bytes[16 * 1024];
        const ssize_t size = ::recv(socket_.native_handle(), bytes, sizeof bytes, 0);
        orderly_end_ = size == 0;
        if (size > 0) pending_.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    asio::io_context io_;
    asio::ip::tcp::socket socket_{io_, asio::ip::tcp::v4()};
    std::string pending_;
    bool orderly_end_ = false;
};

/// Answers with what it was asked: "METHOD path body".
inline asio::awaitable<Response> echo(Request request) {
    Response response;
    response.body = request.method + " " + request.path + " " + request.body;
    co_return response;
}

class HttpServer : public testing::Test {
  protected:
    ~HttpServer() override { stop(); }

    void start(Handler handler = echo, ServerOptions options = {}, int threads = 1) {
        server_ = std::make_unique<Server>(io_, std::move(options), std::move(handler),
                                           [](int status, std::string message) {
                                               Response response;
                                               response.status = status;
                                               response.body = "refused: " + message;
                                               return response;
                                           });
        const auto port = server_->listen("127.0.0.1", 0);
        ASSERT_TRUE(port) << port.error().message;
        port_ = *port;
        for (int i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { io_.run(); });
        }
    }

    void stop() {
        io_.stop();
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }

    Client connect() const { return Client(port_); }

    /// What drained() completes with.
    std::future<bool> drained(std::chrono::milliseconds limit = kPatience) {
        return asio::co_spawn(io_, server_->drained(limit), asio::use_future);
    }

    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    std::unique_ptr<Server> server_;
    std::vector<std::thread> threads_;
    std::uint16_t port_ = 0;
};

inline std::string get(std::string_view target, std::string_view more_headers = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
           std::string(more_headers) + "\r\n";
}

inline std::string post(std::string_view target, std::string_view body) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

}  // namespace batchd::http
