// Streamed answers and shutdown.
#include "component/http/http_fixture.hpp"

#include <semaphore>

namespace batchd::http {
namespace {

using std::chrono::milliseconds;

asio::awaitable<void> pause(milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// A handler that answers by `producer`.
Handler streaming(std::function<asio::awaitable<bool>(BodyWriter&)> producer) {
    return [producer = std::move(producer)](Request) -> asio::awaitable<Response> {
        Response response;
        response.stream = producer;
        co_return response;
    };
}

asio::awaitable<bool> write_two_chunks(BodyWriter& writer) {
    EXPECT_TRUE(co_await writer.write("hello "));
    EXPECT_TRUE(co_await writer.write(""));
    EXPECT_TRUE(co_await writer.write("0123456789abcdef"));
    co_return true;
}

constexpr auto kTwoChunks = "6\r\nhello \r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";

TEST_F(HttpServer, streams_in_chunks_and_stays_alive) {
    start(streaming(write_two_chunks));
    Client client = connect();
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.ask(get("/"));
        EXPECT_TRUE(answer.has("Transfer-Encoding: chunked\r\n")) << answer.head;
        EXPECT_FALSE(answer.has("Content-Length")) << answer.head;
        EXPECT_EQ(client.read_through("0\r\n\r\n"), kTwoChunks);
    }
}

TEST_F(HttpServer, streams_to_http10_until_it_closes) {
    start(streaming(write_two_chunks));
    Client client = connect();
    const auto answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(answer.has("Connection: close")) << answer.head;
    EXPECT_FALSE(answer.has("Transfer-Encoding")) << answer.head;
    EXPECT_EQ(client.read_to_end(), "hello 0123456789abcdef");
}

TEST_F(HttpServer, does_not_run_the_producer_for_head) {
    start([](Request request) -> asio::awaitable<Response> {
        Response response;
        if (request.path == "/next") co_return response;
        response.stream = [](BodyWriter&) -> asio::awaitable<bool> {
            ADD_FAILURE();
            co_return true;
        };
        co_return response;
    });
    Client client = connect();
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(client.read_answer(true).has("Transfer-Encoding: chunked"));
    EXPECT_EQ(client.ask(get("/next")).status(), 200);
}

TEST_F(HttpServer, each_chunk_leaves_at_once) {
    std::binary_semaphore seen(0);
    start(streaming([&seen](BodyWriter& writer) -> asio::awaitable<bool> {
        co_await writer.write("first");
        while (!seen.try_acquire()) co_await pause(milliseconds{1});
        co_return true;
    }));
    Client client = connect();
    client.ask(get("/"));
    EXPECT_EQ(client.read_through("first\r\n"), "5\r\nfirst\r\n");
    seen.release();
    EXPECT_EQ(client.read_through("0\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(HttpServer, a_producer_that_throws_leaves_the_body_without_its_end) {
    start(streaming([](BodyWriter& writer) -> asio::awaitable<bool> {
        co_await writer.write("part");
        throw std::runtime_error("on purpose");
    }));
    Client client = connect();
    client.ask(get("/"));
    EXPECT_EQ(client.read_to_end(), "4\r\npart\r\n");
}

TEST_F(HttpServer, a_producer_can_say_that_the_body_is_incomplete) {
    start(streaming([](BodyWriter& writer) -> asio::awaitable<bool> {
        co_await writer.write("part");
        co_return false;
    }));
    Client client = connect();
    client.ask(get("/"));
    EXPECT_EQ(client.read_to_end(), "4\r\npart\r\n");
}

/// Waits, without a write, until the writer says that it is closed.
asio::awaitable<bool> wait_until_closed(BodyWriter& writer, std::atomic<bool>& noticed) {
    while (!writer.closed()) co_await pause(milliseconds{5});
    EXPECT_FALSE(co_await writer.write("too late"));
    noticed = true;
    co_return true;
}

TEST_F(HttpServer, a_producer_notices_without_writing_that_the_client_went_away) {
    std::atomic<bool> noticed = false;
    start(streaming([&noticed](BodyWriter& writer) { return wait_until_closed(writer, noticed); }));
    Client client = connect();
    client.send(get("/") + get("/unread"));  // unread bytes must not hide the end
    client.read_head();
    EXPECT_FALSE(noticed);
    client.close();
    EXPECT_TRUE(eventually([&noticed] { return noticed.load(); }));
    stop();
}

TEST_F(HttpServer, a_stream_ends_that_its_client_does_not_read) {
    std::atomic<bool> is_over = false;
    start(streaming([&is_over](BodyWriter& writer) -> asio::awaitable<bool> {
              const std::string chunk(std::size_t{64} * 1024, 'x');
              while (co_await writer.write(chunk)) {
              }
              is_over = true;
              co_return true;
          }),
          {.write_timeout = milliseconds{100}});
    Client client = connect();
    client.send(get("/"));
    EXPECT_TRUE(eventually([&is_over] { return is_over.load(); }));
    EXPECT_FALSE(client.read_to_end().ends_with("0\r\n\r\n"));
    stop();
}

TEST_F(HttpServer, a_stream_ends_in_order_when_the_server_stops) {
    std::atomic<bool> noticed = false;
    start(streaming([&noticed](BodyWriter& writer) { return wait_until_closed(writer, noticed); }));
    Client client = connect();
    client.ask(get("/"));
    server_->interrupt();
    EXPECT_EQ(client.read_to_end(), "8\r\ntoo late\r\n0\r\n\r\n");
    EXPECT_TRUE(drained().get());
    EXPECT_TRUE(noticed);
}

TEST_F(HttpServer, shutdown_closes_idle_connections_and_lets_requests_finish) {
    std::binary_semaphore started(0);
    std::atomic<bool> finish = false;
    start([&](Request request) -> asio::awaitable<Response> {
        if (request.path == "/wait") {
            started.release();
            while (!finish) co_await pause(milliseconds{1});
        }
        co_return co_await echo(std::move(request));
    });
    Client idle = connect();
    EXPECT_EQ(idle.ask(get("/")).status(), 200);
    Client busy = connect();
    busy.send(get("/wait"));
    started.acquire();

    server_->interrupt();
    EXPECT_TRUE(idle.at_end());
    EXPECT_FALSE(drained(milliseconds{20}).get());
    EXPECT_THROW(connect(), boost::system::system_error);

    auto all_answered = drained();
    finish = true;
    const auto answer = busy.read_answer();
    EXPECT_EQ(answer.body, "GET /wait ");
    EXPECT_TRUE(answer.has("Connection: close")) << answer.head;
    EXPECT_TRUE(all_answered.get());
    EXPECT_TRUE(busy.at_end());
}

TEST_F(HttpServer, a_request_that_becomes_whole_after_the_interrupt_gets_503) {
    start();
    Client client = connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");  // now it is surely begun
    server_->interrupt();
    const auto answer = client.ask("{}");
    EXPECT_EQ(answer.status(), 503);
    EXPECT_EQ(answer.body, "refused: the server is shutting down");
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, may_be_destroyed_with_connections_open) {
    start();
    Client client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
    server_.reset();
    EXPECT_TRUE(client.at_end());
}

}  // namespace
}  // namespace batchd::http
