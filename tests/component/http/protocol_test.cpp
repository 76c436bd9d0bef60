// Framing of requests and answers over real sockets.
#include "component/http/http_fixture.hpp"

#include <array>
#include <cstdio>

namespace batchd::http {
namespace {

TEST_F(HttpServer, keeps_the_connection_alive) {
    start();
    Client client = connect();
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(post("/v1/submitjob", "{\"n\":" + std::to_string(i) + "}"));
        EXPECT_EQ(answer.status(), 200);
        EXPECT_EQ(answer.body, "POST /v1/submitjob {\"n\":" + std::to_string(i) + "}");
        EXPECT_TRUE(answer.has("Date: ")) << answer.head;
        EXPECT_FALSE(answer.has("Connection:")) << answer.head;
    }
}

TEST_F(HttpServer, closes_when_the_client_asks_for_it) {
    start();
    Client client = connect();
    EXPECT_TRUE(client.ask(get("/", "Connection: close\r\n")).has("Connection: close"));
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, http10_closes_unless_asked_to_stay) {
    start();
    Client client = connect();
    EXPECT_TRUE(client.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    .has("Connection: keep-alive"));
    EXPECT_EQ(client.ask("GET /b HTTP/1.0\r\n\r\n").body, "GET /b ");
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, answers_pipelined_requests_in_order) {
    start();
    Client client = connect();
    client.send(post("/1", "one") + get("/2") + post("/3", "three"));
    EXPECT_EQ(client.read_answer().body, "POST /1 one");
    EXPECT_EQ(client.read_answer().body, "GET /2 ");
    EXPECT_EQ(client.read_answer().body, "POST /3 three");
}

TEST_F(HttpServer, reads_a_request_that_arrives_byte_by_byte) {
    start();
    Client client = connect();
    for (const char c : post("/slow", "body")) client.send({&c, 1});
    EXPECT_EQ(client.read_answer().body, "POST /slow body");
}

TEST_F(HttpServer, reads_a_chunked_body) {
    start();
    Client client = connect();
    client.send(
        "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    client.send("lo\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, "POST /c hello world");
    EXPECT_EQ(client.ask(get("/next")).body, "GET /next ");
}

TEST_F(HttpServer, reads_a_body_of_the_full_limit) {
    start();
    const std::string body(1024 * 1024, 'x');
    Client client = connect();
    EXPECT_EQ(client.ask(post("/big", body)).body, "POST /big " + body);
}

TEST_F(HttpServer, decodes_the_query_and_leaves_the_path) {
    start([](Request request) -> asio::awaitable<Response> {
        Response response;
        response.body = request.path + "|" +
                        std::string(request.query_value("name").value_or("-")) + "|" +
                        request.remote_address;
        co_return response;
    });
    Client client = connect();
    EXPECT_EQ(client.ask(get("/v1/tags/arn%3Aaws?x=1&name=a%20b")).body,
              "/v1/tags/arn%3Aaws|a b|127.0.0.1");
}

TEST_F(HttpServer, answers_head_without_a_body) {
    start();
    Client client = connect();
    client.send("HEAD /h HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(client.read_answer(true).has("Content-Length: 8\r\n"));
    EXPECT_EQ(client.ask(get("/next")).body, "GET /next ");
}

TEST_F(HttpServer, a_204_has_neither_body_nor_length) {
    start([](Request) -> asio::awaitable<Response> {
        Response response;
        response.status = 204;
        co_return response;
    });
    Client client = connect();
    const auto first = client.ask(get("/"));
    EXPECT_EQ(first.status(), 204);
    EXPECT_FALSE(first.has("Content-Length")) << first.head;
    EXPECT_EQ(client.ask(get("/")).status(), 204);
}

TEST_F(HttpServer, invites_the_body_of_a_client_that_expects_it) {
    start();
    Client client = connect();
    client.send(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.ask("{}").body, "POST /e {}");
}

TEST_F(HttpServer, does_not_invite_a_body_that_is_too_large) {
    start(echo, {.max_body_bytes = 10});
    Client client = connect();
    EXPECT_EQ(client
                  .ask("POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n"
                       "Expect: 100-continue\r\n\r\n")
                  .status(),
              413);
    EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, a_handler_that_throws_gives_500_and_the_connection_lives) {
    start([](Request request) -> asio::awaitable<Response> {
        if (request.path == "/throw") throw std::runtime_error("on purpose");
        co_return co_await echo(std::move(request));
    });
    Client client = connect();
    const auto answer = client.ask(get("/throw"));
    EXPECT_EQ(answer.status(), 500);
    EXPECT_EQ(answer.body, "refused: internal error");
    EXPECT_EQ(client.ask(get("/next")).body, "GET /next ");
}

TEST_F(HttpServer, curl_sees_the_413_of_a_large_upload) {
    start(echo, {.max_body_bytes = 1000});
    const std::string command =
        "head -c 3000000 /dev/zero | curl -s -o /dev/null -w '%{http_code} %{errormsg}' "
        "-H 'Expect:' --data-binary @- http://127.0.0.1:" +
        std::to_string(port_) + "/";
    FILE* pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::array<char, 200> output{};
    const std::size_t size = std::fread(output.data(), 1, output.size(), pipe);
    EXPECT_EQ(::pclose(pipe), 0);
    EXPECT_EQ(std::string(output.data(), size), "413 ");
}

TEST_F(HttpServer, two_threads_serve_many_clients_without_mixing_them_up) {
    start(echo, {}, 2);
    constexpr int kClients = 32;
    constexpr int kRequests = 200;
    std::atomic<int> correct = 0;
    std::vector<std::jthread> clients;
    for (int c = 0; c < kClients; ++c) {
        clients.emplace_back([this, c, &correct] {
            Client client = connect();
            for (int r = 0; r < kRequests; ++r) {
                const auto path = "/" + std::to_string(c) + "/" + std::to_string(r);
                const std::string body(static_cast<std::size_t>(c * r), 'b');
                const auto expected = "POST " + path + " " + body;
                correct += client.ask(post(path, body)).body == expected;
            }
        });
    }
    clients.clear();
    EXPECT_EQ(correct, kClients * kRequests);
}

TEST_F(HttpServer, listen_tells_what_is_wrong) {
    start();
    EXPECT_EQ(server_->listen("nowhere", 0).error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(server_->listen("127.0.0.1", port_).error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace batchd::http
