#include "batchd.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <thread>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
using std::string_literals::operator""s;

constexpr const char* kDefinition =
    R"({"jobDefinitionName":"noop","type":"container","containerProperties":{)"
    R"("image":"busybox","command":["/bin/true"],"resourceRequirements":[)"
    R"({"type":"VCPU","value":"1"},{"type":"MEMORY","value":"16"}]}})";

asio::awaitable<Result<std::string>> fetch_once(HttpConnection connection, std::string request) {
    if (auto opened = co_await connection.open(); !opened) {
        co_return std::unexpected(std::move(opened).error());
    }
    co_return co_await connection.expect(request);
}

/// A new one with each call.
Result<std::filesystem::path> make_folder(const std::filesystem::path& scratch) {
    static int number = 0;
    auto folder = scratch / fmt::format("batchd-{}", ++number);
    std::error_code ec;
    std::filesystem::create_directories(folder, ec);
    if (ec) return fail(ErrorKind::Unavailable, folder.string() + ": " + ec.message());
    return folder;
}

}  // namespace

Result<std::string> fetch(const Endpoint& endpoint, const std::string& request) {
    asio::io_context io;
    Result<std::string> body;
    asio::co_spawn(
        io, fetch_once(HttpConnection(io.get_executor(), endpoint), request),
        [&](const std::exception_ptr&, Result<std::string> got) { body = std::move(got); });
    io.run();
    return body;
}

Result<Batchd> Batchd::start(const Setup& setup, const std::string& docker_host,
                             std::vector<std::pair<std::string, std::string>> environment) {
    auto folder = make_folder(setup.scratch);
    if (!folder) return std::unexpected(std::move(folder).error());
    auto batchd = start_on(setup, std::move(*folder), docker_host, std::move(environment));
    if (!batchd) return batchd;
    auto registered = batchd->fetch(http_request("POST", "/v1/registerjobdefinition", kDefinition));
    if (!registered) return std::unexpected(std::move(registered).error());
    return batchd;
}

Result<Batchd> Batchd::start_on(const Setup& setup, std::filesystem::path folder,
                                const std::string& docker_host,
                                std::vector<std::pair<std::string, std::string>> environment) {
    const std::string engine =
        docker_host.empty() ? "unix://" + (folder / "no-engine").string() : docker_host;
    std::vector<std::string> arguments = setup.batchd;
    for (const auto& argument : {"serve"s, "--listen"s, "127.0.0.1:0"s, "--data-dir"s,
                                 folder.string(), "--docker-host"s, engine}) {
        arguments.push_back(argument);
    }
    auto process = Process::start({.arguments = std::move(arguments),
                                   .environment = std::move(environment),
                                   .log_file = folder / "log"});
    if (!process) return std::unexpected(std::move(process).error());
    return Batchd(std::move(*process), std::move(folder));
}

Result<std::string> Batchd::fetch(const std::string& request) const {
    return bench::fetch(endpoint(), request);
}

Result<> Batchd::wait_for_host() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    for (;;) {
        const auto ready = fetch(http_request("GET", "/readyz"));
        if (ready) return {};
        if (std::chrono::steady_clock::now() > deadline) return std::unexpected(ready.error());
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

std::string submit_request(std::size_t number) {
    return http_request("POST", "/v1/submitjob", submit_body(number));
}

std::string batch_request(std::size_t first, std::size_t count) {
    std::string body = R"({"jobs":[)";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) body += ',';
        body += submit_body(first + i);
    }
    return http_request("POST", "/api/v1/jobs:batch", body + "]}");
}

std::string job_id(const std::string& answer) {
    constexpr std::string_view kKey = "\"jobId\":\"";
    const auto at = answer.find(kKey);
    return at == std::string::npos ? std::string{} : answer.substr(at + kKey.size(), 36);
}

}  // namespace batchd::bench
