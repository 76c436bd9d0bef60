#include "batchd/net/endpoint.hpp"

#include "batchd/net/retry_delay.hpp"

#include <gtest/gtest.h>

namespace batchd::net {
namespace {

TEST(Endpoint, ReadsUnixAndTcp) {
    const auto unix_socket = parse_endpoint("unix:///var/run/docker.sock");
    ASSERT_TRUE(unix_socket);
    EXPECT_EQ(unix_socket->kind, Endpoint::Kind::Unix);
    EXPECT_EQ(unix_socket->path, "/var/run/docker.sock");
    const auto tcp = parse_endpoint("tcp://host.example:2376/");
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->host, "host.example");
    EXPECT_EQ(tcp->port, "2376");
    EXPECT_EQ(parse_endpoint("tcp://[::1]:2375")->host, "::1");
}

TEST(Endpoint, RefusesTheRest) {
    for (const char* bad :
         {"", "/var/run/docker.sock", "unix://relative", "http://x:1", "tcp://x", "tcp://:1",
          "tcp://x:0", "tcp://x:65536", "tcp://x:1a", "tcp://::1:2375", "tcp://a/b:1"}) {
        const auto endpoint = parse_endpoint(bad);
        ASSERT_FALSE(endpoint) << bad;
        EXPECT_EQ(endpoint.error().kind, ErrorKind::InvalidArgument);
    }
}

TEST(RetryDelay, DoublesUpToItsLimit) {
    RetryDelay delay{Milliseconds{100}, Milliseconds{300}};
    EXPECT_EQ(delay.next(), Milliseconds{100});
    EXPECT_EQ(delay.next(), Milliseconds{200});
    EXPECT_EQ(delay.next(), Milliseconds{300});
    EXPECT_EQ(delay.next(), Milliseconds{300});
    delay.reset();
    EXPECT_EQ(delay.next(), Milliseconds{100});
}

}  // namespace
}  // namespace batchd::net
