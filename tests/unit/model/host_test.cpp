#include "batchd/model/host.hpp"

#include <gtest/gtest.h>

#include <string>

namespace batchd::model {
namespace {

Host a_host(std::string url = "unix:///run/docker.sock") {
    Host host;
    host.name = "rack-1";
    host.url = std::move(url);
    return host;
}

std::string problem(Host host, bool allow_plain_tcp = false) {
    const auto valid = validate(host, allow_plain_tcp);
    return valid ? "" : valid.error().message;
}

TEST(HostRules, GoodOnesPass) {
    EXPECT_EQ(problem(a_host()), "");
    EXPECT_EQ(problem(a_host("tcp://127.0.0.1:2375")), "");
    EXPECT_EQ(problem(a_host("tcp://127.10.1.4:2375")), "");
    EXPECT_EQ(problem(a_host("tcp://[::1]:2375")), "");
    EXPECT_EQ(problem(a_host("tcp://localhost:2375")), "");
    Host host = a_host("tcp://gpu-7.example.com:2376");
    host.certificate_directory = "/etc/batchd/gpu-7";
    host.vcpus = 1;
    host.memory_mi_b = 1;
    host.gpus = {"0", "GPU-8f1d"};
    host.labels = {{"rack", ""}};
    host.state = "draining";
    EXPECT_EQ(problem(host), "");
    ASSERT_TRUE(validate(host, false));
    EXPECT_EQ(host.state, "DRAINING");
}

TEST(HostRules, UrlsAreUnixOrTcp) {
    for (const char* url : {"", "docker.sock", "unix://relative", "http://h:1", "tcp://h",
                            "tcp://h:", "tcp://h:0", "tcp://h:65536", "tcp://:1", "tcp://a b:1",
                            "tcp://h/x:1", "tcp://u@h:1", "tcp://::1:1"}) {
        EXPECT_EQ(problem(a_host(url), true),
                  "url '" + std::string(url) + "' must be unix:///path or tcp://host:port");
    }
}

TEST(HostRules, TcpWithoutCertificatesIsForLoopback) {
    for (const char* url : {"tcp://10.0.0.1:2375", "tcp://128.0.0.1:1", "tcp://example.com:2375",
                            "tcp://127.0.0.1.example.com:1", "tcp://127.1:1", "tcp://127.0.0.256:1",
                            "tcp://[fe80::1]:1", "tcp://localhost.example.com:1"}) {
        EXPECT_TRUE(problem(a_host(url)).contains("must not be used without certificateDirectory"))
            << url;
        EXPECT_EQ(problem(a_host(url), true), "") << url;
    }
}

TEST(HostRules, CertificatesAreForTcp) {
    Host host = a_host();
    host.certificate_directory = "/certs";
    EXPECT_EQ(problem(host),
              "certificateDirectory '/certs' must not be given with url 'unix:///run/docker.sock': "
              "certificates are for tcp://");
    host = a_host("tcp://10.0.0.1:2376");
    host.certificate_directory = "certs";
    EXPECT_EQ(problem(host), "certificateDirectory 'certs' must be an absolute path");
}

TEST(HostRules, EachMemberHasItsRange) {
    const auto with = [](auto change) {
        Host host = a_host();
        change(host);
        return problem(host);
    };
    EXPECT_EQ(with([](Host& h) { h.name = "a b"; }), "name 'a b' must match [A-Za-z0-9_-]{1,128}");
    EXPECT_EQ(with([](Host& h) { h.vcpus = 0; }), "vcpus '0' must be between 1 and 100000");
    EXPECT_EQ(with([](Host& h) { h.memory_mi_b = 0; }),
              "memoryMiB '0' must be between 1 and 1073741824");
    EXPECT_EQ(with([](Host& h) { h.gpus = {"0", "all"}; }),
              "gpus[1] 'all' must be a GPU's UUID (GPU-... or MIG-...) or index");
    EXPECT_EQ(with([](Host& h) { h.gpus = {"0", "0"}; }), "gpus[1] '0' is there twice");
    EXPECT_EQ(with([](Host& h) { h.state = "UP"; }), "state 'UP' must be one of ACTIVE, DRAINING");
    EXPECT_TRUE(with([](Host& h) { h.labels[""] = "x"; }).contains("labels ''"));
    EXPECT_TRUE(with([](Host& h) {
                    for (int i = 0; i < 51; ++i) h.labels[std::to_string(i)] = "";
                }).contains("at most 50"));
}

}  // namespace
}  // namespace batchd::model
