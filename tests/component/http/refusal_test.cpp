// What the server refuses before any handler sees it, and that the client gets to read why.
#include "component/http/http_fixture.hpp"

namespace batchd::http {
namespace {

using std::chrono::milliseconds;

struct Refused {
    const char* name;
    std::string request;
    int status;
    const char* reason;  ///< part of the body
};

std::string with_headers(std::string_view headers) {
    return "POST /v1/submitjob HTTP/1.1\r\n" + std::string(headers) + "\r\n";
}

const std::vector<Refused> kRefused = {
    {"garbage", "\x16\x03\x01 hello\r\n\r\n", 400, "malformed"},
    {"version", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400, "malformed"},
    {"header", with_headers("Host: localhost\r\nno colon\r\n"), 400, "malformed"},
    {"length", with_headers("Host: localhost\r\nContent-Length: 1x\r\n"), 400, "malformed"},
    {"two_lengths", with_headers("Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
     400, "malformed"},
    {"length_and_chunked",
     with_headers("Host: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400,
     "malformed"},
    {"coding", with_headers("Host: localhost\r\nTransfer-Encoding: gzip\r\n"), 400, "'gzip'"},
    {"coding_list", with_headers("Host: localhost\r\nTransfer-Encoding: chunked, gzip\r\n"), 400,
     "'chunked, gzip'"},
    {"second_coding",
     with_headers("Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"),
     400, "malformed"},
    {"no_host", "GET / HTTP/1.1\r\n\r\n", 400, "exactly one Host header"},
    {"two_hosts", with_headers("Host: localhost\r\nHost: localhost\r\n"), 400, "exactly one Host"},
    {"target", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "'/'"},
    {"query", get("/?a=%zz"), 400, "'a=%zz'"},
    {"rebinding", with_headers("Host: evil.example:80\r\n"), 403, "http.allowed_hosts"},
    {"rebinding_names_the_value", with_headers("Host: evil.example:80\r\n"), 403,
     "'evil.example:80'"},
    {"looks_like_localhost", with_headers("Host: localhost.evil.example\r\n"), 403, "Host"},
    {"looks_like_an_address", with_headers("Host: 127.0.0.1.evil.example\r\n"), 403, "Host"},
    {"empty_host", with_headers("Host:\r\n"), 403, "Host ''"},
    {"origin", with_headers("Host: localhost:80\r\nOrigin: http://evil.example\r\n"), 403,
     "'http://evil.example'"},
    {"origin_port", with_headers("Host: localhost:80\r\nOrigin: http://localhost:81\r\n"), 403,
     "'http://localhost:81'"},
    {"null_origin", with_headers("Host: localhost\r\nOrigin: null\r\n"), 403, "'null'"},
    {"origin_without_host", "GET / HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n", 403, "Origin"},
    {"cross_site", with_headers("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"), 403,
     "cross-site"},
    {"cross_site_form",
     with_headers("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                  "Sec-Fetch-Dest: document\r\n"),
     403, "cross-site"},
    {"cross_site_frame",
     get("/",
         "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"),
     403, "cross-site"},
};

TEST_F(HttpServer, refuses_by_the_error_responder_and_closes) {
    start();
    for (const auto& refused : kRefused) {
        SCOPED_TRACE(refused.name);
        Client client = connect();
        const auto answer = client.ask(refused.request + get("/never"));
        EXPECT_EQ(answer.status(), refused.status);
        EXPECT_TRUE(answer.has("Connection: close")) << answer.head;
        EXPECT_TRUE(answer.body.starts_with("refused: ")) << answer.body;
        EXPECT_NE(answer.body.find(refused.reason), std::string::npos) << answer.body;
        EXPECT_TRUE(client.at_end());
    }
}

TEST_F(HttpServer, serves_the_hosts_and_origins_that_are_ours) {
    start(echo, {.allowed_hosts = {"batch.example"}});
    Client client = connect();
    for (const std::string headers :
         {"Host: 127.0.0.1:80\r\n", "Host: [::1]:80\r\n", "Host: 10.1.2.3\r\n",
          "Host: LocalHost:80\r\n", "Host: Batch.Example:80\r\n",
          "Host: localhost:80\r\nOrigin: http://localhost:80\r\nSec-Fetch-Site: same-origin\r\n",
          "Host: batch.example\r\nOrigin: https://batch.example\r\n"}) {
        EXPECT_EQ(client.ask(with_headers(headers)).status(), 200) << headers;
    }
}

TEST_F(HttpServer, a_link_on_another_site_may_lead_here) {
    start();
    Client client = connect();
    const auto* followed =
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    EXPECT_EQ(client.ask(get("/", followed)).status(), 200);
}

TEST_F(HttpServer, refuses_headers_above_the_limit) {
    start(echo, {.max_header_bytes = 1000});
    const std::string large(1000, 'x');
    EXPECT_EQ(connect().ask(get("/", "X-Large: " + large + "\r\n")).status(), 431);
    EXPECT_EQ(connect().ask(get("/" + large)).status(), 431);
    EXPECT_EQ(connect().ask("GET / HTTP/1.1\r\nHost: localhost\r\nX-Unfinished: " + large).status(),
              431);
}

TEST_F(HttpServer, refuses_small_headers_that_add_up) {
    start(echo, {.max_header_bytes = 1000});
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 20; ++i) client.send("X-Field: " + std::string(50, 'x') + "\r\n");
    EXPECT_EQ(client.ask("\r\n").status(), 431);
}

TEST_F(HttpServer, refuses_bodies_above_the_limit_announced_or_not) {
    start(echo, {.max_body_bytes = 100});
    EXPECT_EQ(connect().ask(post("/", std::string(100, 'x'))).status(), 200);
    EXPECT_EQ(connect().ask(post("/", std::string(101, 'x'))).status(), 413);
    const std::string chunk = "40\r\n" + std::string(64, 'x') + "\r\n";
    EXPECT_EQ(connect()
                  .ask("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       chunk + chunk)
                  .status(),
              413);
}

TEST_F(HttpServer, a_client_that_sends_its_whole_upload_first_still_reads_the_413) {
    start(echo, {.max_body_bytes = 100});
    Client client = connect();
    EXPECT_TRUE(client.send(post("/", std::string(4'000'000, 'x'))));
    EXPECT_EQ(client.read_answer().status(), 413);
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, tells_a_client_that_is_too_slow) {
    start(echo, {.request_timeout = milliseconds{100}});
    for (const std::string part : {"GET / HT",
                                   "POST / HTTP/1.1\r\nHost: localhost\r\n"
                                   "Content-Length: 5\r\n\r\nab"}) {
        Client client = connect();
        const auto answer = client.ask(part);
        EXPECT_EQ(answer.status(), 408) << part;
        EXPECT_TRUE(client.at_end());
    }
}

TEST_F(HttpServer, closes_an_idle_connection_silently) {
    start(echo, {.idle_timeout = milliseconds{100}});
    Client client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, a_handler_may_take_longer_than_every_timeout) {
    const milliseconds brief{20};
    start(
        [](Request) -> asio::awaitable<Response> {
            asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds{150});
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            co_return Response{};
        },
        {.idle_timeout = brief, .request_timeout = brief, .write_timeout = brief});
    EXPECT_EQ(connect().ask(get("/")).status(), 200);
}

TEST_F(HttpServer, cuts_off_a_client_that_does_not_read_its_answer) {
    start(
        [](Request) -> asio::awaitable<Response> {
            Response response;
            response.body.resize(64 * 1024 * 1024);
            co_return response;
        },
        {.write_timeout = milliseconds{100}});
    Client client = connect();
    client.send(get("/"));
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200"));
    server_->interrupt();
    EXPECT_TRUE(drained().get());
    EXPECT_LT(client.read_to_end().size(), 64U * 1024 * 1024);
}

TEST_F(HttpServer, turns_away_more_connections_than_allowed) {
    start(echo, {.max_connections = 2});
    auto first = std::make_unique<Client>(port_);
    Client second = connect();
    EXPECT_EQ(first->ask(get("/")).status(), 200);
    EXPECT_EQ(second.ask(get("/")).status(), 200);
    Client third = connect();
    const auto answer = third.ask(get("/"));
    EXPECT_EQ(answer.status(), 503);
    EXPECT_TRUE(third.at_end());
    third.close();
    first.reset();
    EXPECT_TRUE(eventually([this] { return connect().ask(get("/")).status() == 200; }));
}

}  // namespace
}  // namespace batchd::http
