#include "fake_fleet.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <exception>
#include <future>
#include <utility>

namespace batchd::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kFirstAddress = 0x7f010000;  // 127.1.0.0
constexpr const char* kStreamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr const char* kStreamEnd = "0\r\n\r\n";

/// As long as what an Engine says of a container on cgroup v2.
constexpr const char* kStats =
    R"({"read":"2026-01-01T00:00:00.000000000Z","preread":"0001-01-01T00:00:00Z","pids_stats":{)"
    R"("current":1,"limit":18446744073709551615},"blkio_stats":{"io_service_bytes_recursive":null,)"
    R"("io_serviced_recursive":null,"io_queue_recursive":null,"io_service_time_recursive":null,)"
    R"("io_wait_time_recursive":null,"io_merged_recursive":null,"io_time_recursive":null,)"
    R"("sectors_recursive":null},"num_procs":0,"storage_stats":{},"cpu_stats":{"cpu_usage":{)"
    R"("total_usage":18426000,"usage_in_kernelmode":9213000,"usage_in_usermode":9213000},)"
    R"("system_cpu_usage":205450000000,"online_cpus":2,"throttling_data":{"periods":0,)"
    R"("throttled_periods":0,"throttled_time":0}},"precpu_stats":{"cpu_usage":{"total_usage":0,)"
    R"("usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,)"
    R"("throttled_periods":0,"throttled_time":0}},"memory_stats":{"usage":561152,"stats":{)"
    R"("active_anon":4096,"active_file":0,"anon":86016,"anon_thp":0,"file":0,"file_dirty":0,)"
    R"("file_mapped":0,"file_writeback":0,"inactive_anon":81920,"inactive_file":0,)"
    R"("kernel_stack":16384,"pgactivate":1,"pgdeactivate":0,"pgfault":1023,"pglazyfree":0,)"
    R"("pglazyfreed":0,"pgmajfault":0,"pgrefill":0,"pgscan":0,"pgsteal":0,"shmem":0,"slab":180336,)"
    R"("slab_reclaimable":100456,"slab_unreclaimable":79880,"sock":0,"unevictable":0},)"
    R"("limit":16777216},"name":"/batchd","id":"batchd","networks":{"eth0":{"rx_bytes":806,)"
    R"("rx_packets":9,"rx_errors":0,"rx_dropped":0,"tx_bytes":0,"tx_packets":0,"tx_errors":0,)"
    R"("tx_dropped":0}}})";

std::string chunk(const std::string& text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

/// "batchd-…" in /v1.44/containers/batchd-…/start.
std::string container_in(const std::string& target) {
    constexpr std::string_view kBefore = "/containers/";
    const auto begin = target.find(kBefore) + kBefore.size();
    return target.substr(begin, target.find_first_of("/?", begin) - begin);
}

/// The events of an Engine have no others that batchd listens to.
std::string die_event(const std::string& name) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format(
        R"({{"status":"die","id":"{0}","from":"busybox","Type":"container","Action":"die",)"
        R"("Actor":{{"ID":"{0}","Attributes":{{"exitCode":"0","image":"busybox","name":"{0}"}}}},)"
        R"("scope":"local","timeNano":{1}}})"
        "\n",
        name, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

FakeFleet::FakeFleet(std::size_t hosts, std::size_t followed, std::size_t vcpus_each)
    : followed_(followed),
      info_(fmt::format(R"({{"NCPU":{},"MemTotal":68719476736,"ServerVersion":"fake",)"
                        R"("Plugins":{{"Log":["json-file"]}}}})",
                        vcpus_each)),
      // A socket that listens on one address of the loopback would not serve the others.
      acceptor_(io_, tcp::endpoint(asio::ip::address_v4::any(), 0)),
      hosts_(hosts) {
    spawn(accept());
    thread_ = std::thread([this] { io_.run(); });
}

FakeFleet::~FakeFleet() {
    io_.stop();
    thread_.join();
}

std::string FakeFleet::url(std::size_t host) const {
    const asio::ip::address_v4 address(kFirstAddress + static_cast<std::uint32_t>(host));
    return fmt::format("tcp://{}:{}", address.to_string(), acceptor_.local_endpoint().port());
}

void FakeFleet::end(std::size_t count) {
    asio::post(io_, [this, count] {
        for (std::size_t i = 0; i < count && !running_.empty(); ++i) end_one();
    });
}

Latencies FakeFleet::take_latencies() {
    std::promise<Latencies> taken;
    asio::post(io_, [&] { taken.set_value(std::exchange(latencies_, {})); });
    return taken.get_future().get();
}

void FakeFleet::spawn(asio::awaitable<void> work) {
    asio::co_spawn(io_, std::move(work), [](const std::exception_ptr&) {});
}

asio::awaitable<void> FakeFleet::accept() {
    for (;;) {
        auto [ec, socket] = co_await acceptor_.async_accept(kAwait);
        if (ec) co_return;
        boost::system::error_code failed;
        socket.set_option(tcp::no_delay(true), failed);
        const auto to = socket.local_endpoint(failed).address();
        if (failed || !to.is_v4() || to.to_v4().to_uint() < kFirstAddress) continue;
        const std::size_t host = to.to_v4().to_uint() - kFirstAddress;
        if (host < hosts_.size()) spawn(serve(std::move(socket), host));
    }
}

asio::awaitable<void> FakeFleet::serve(Socket socket, std::size_t host) {
    boost::beast::flat_buffer buffer;
    for (;;) {
        http::request<http::string_body> request;
        auto [read_error, got] = co_await http::async_read(socket, buffer, request, kAwait);
        if (read_error) co_return;
        const std::string target(request.target());
        if (target.find("/events?") != std::string::npos) {
            co_return co_await stream_events(std::move(socket), host);
        }
        const bool is_to_follow = target.find("follow=1") != std::string::npos;
        if (is_to_follow && can_follow(container_in(target))) {
            co_return co_await follow(std::move(socket), container_in(target));
        }
        Reply reply = is_to_follow ? Reply{501, R"({"message":"cannot be read"})"}
                                   : answer(std::string(request.method_string()), target, host);
        http::response<http::string_body> response(http::int_to_status(reply.status), 11);
        response.set("Api-Version", "1.44");
        response.body() = std::move(reply.body);
        response.prepare_payload();
        auto [write_error, sent] = co_await http::async_write(socket, response, kAwait);
        if (write_error) co_return;
    }
}

asio::awaitable<void> FakeFleet::stream_events(Socket socket, std::size_t host) {
    hosts_[host].events.emplace(std::move(socket));
    hosts_[host].unsent = kStreamHead;
    ++connected_;
    co_await send_events(host);
}

asio::awaitable<void> FakeFleet::send_events(std::size_t host) {
    Host& to = hosts_[host];
    if (!to.events || std::exchange(to.is_sending, true)) co_return;
    while (!to.unsent.empty()) {
        const std::string bytes = std::exchange(to.unsent, {});
        auto [ec, sent] = co_await asio::async_write(*to.events, asio::buffer(bytes), kAwait);
        if (ec) break;
    }
    to.is_sending = false;
}

/// The connection is the container's until it ends.
asio::awaitable<void> FakeFleet::follow(Socket socket, std::string name) {
    const std::string_view head = kStreamHead;
    auto [ec, sent] =
        co_await asio::async_write(socket, asio::buffer(head.data(), head.size()), kAwait);
    const auto found = containers_.find(name);
    if (ec || found == containers_.end()) co_return;
    Container& container = found->second;
    if (container.is_running) {
        container.output.emplace(std::move(socket));
    } else {
        co_await end_output(std::move(socket), container.host);
    }
}

asio::awaitable<void> FakeFleet::end_output(Socket socket, std::size_t host) {
    const std::string_view end = kStreamEnd;
    auto [ec, sent] =
        co_await asio::async_write(socket, asio::buffer(end.data(), end.size()), kAwait);
    if (!ec) spawn(serve(std::move(socket), host));
}

FakeFleet::Reply FakeFleet::answer(const std::string& method, const std::string& target,
                                   std::size_t host) {
    if (method == "DELETE") return remove(container_in(target));
    if (target.ends_with("/start")) return start(container_in(target));
    const auto name = target.find("create?name=");
    if (name != std::string::npos) return create(target.substr(name + 12), host);
    if (target.find("/stats?") != std::string::npos) {
        ++looks_;
        return {200, kStats};
    }
    if (target.find("/containers/json") != std::string::npos) return {200, list(hosts_[host])};
    if (target.find("/volumes?") != std::string::npos) return {200, R"({"Volumes":[]})"};
    if (target.ends_with("/info")) return {200, info_};
    if (target.ends_with("/json")) return {404, R"({"message":"no such container"})"};
    return {200};  // _ping; the last record of an output, which is empty
}

FakeFleet::Reply FakeFleet::create(const std::string& name, std::size_t host) {
    Host& on = hosts_[host];
    const bool is_followed = on.followed < followed_;
    if (is_followed) ++on.followed;
    containers_[name] = Container{.host = host, .is_followed = is_followed};
    on.containers.insert(name);
    return {201, fmt::format(R"({{"Id":"{}","Warnings":[]}})", name)};
}

FakeFleet::Reply FakeFleet::start(const std::string& name) {
    containers_[name].is_running = true;
    running_.push_back(name);
    ++started_;
    return {204};
}

FakeFleet::Reply FakeFleet::remove(const std::string& name) {
    const auto found = containers_.find(name);
    if (found == containers_.end()) return {404, R"({"message":"no such container"})"};
    Host& host = hosts_[found->second.host];
    latencies_.add(SteadyClock::now() - found->second.ended_at);
    if (found->second.is_followed) --host.followed;
    host.containers.erase(name);
    containers_.erase(found);
    ++removed_;
    return {204};
}

std::string FakeFleet::list(const Host& host) const {
    std::string text = "[";
    for (const auto& name : host.containers) {
        const bool is_running = containers_.at(name).is_running;
        if (text.size() > 1) text += ',';
        text += fmt::format(
            R"({{"Id":"{0}","Names":["/{0}"],"Image":"busybox","ImageID":"sha256:0","Command":)"
            R"("/bin/true","Created":1767225600,"Ports":[],"Labels":{{"batchd":"true"}},"State":)"
            R"("{1}","Status":"Up 2 minutes","HostConfig":{{"NetworkMode":"bridge"}},)"
            R"("NetworkSettings":{{"Networks":{{"bridge":{{"IPAddress":"172.17.0.2"}}}}}},)"
            R"("Mounts":[]}})",
            name, is_running ? "running" : "exited");
    }
    return text + "]";
}

bool FakeFleet::can_follow(const std::string& name) {
    const auto found = containers_.find(name);
    return found != containers_.end() && found->second.is_followed;
}

void FakeFleet::end_one() {
    const std::string name = std::move(running_.front());
    running_.pop_front();
    Container& container = containers_[name];
    container.is_running = false;
    container.ended_at = SteadyClock::now();
    hosts_[container.host].unsent += chunk(die_event(name));
    spawn(send_events(container.host));
    if (!container.output) return;
    spawn(end_output(std::move(*container.output), container.host));
    container.output.reset();
}

}  // namespace batchd::bench
