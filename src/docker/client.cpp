#include "batchd/docker/client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>

namespace batchd::docker {
namespace {

constexpr int kNewestMinor = 44;  // what Engine 29 asks for at least
constexpr int kOldestMinor = 41;
constexpr Milliseconds kCallTimeout{30'000};
constexpr Milliseconds kPingTimeout{5'000};  // an Engine that starts takes connections too early
constexpr Milliseconds kInfoTimeout{10'000};
constexpr Milliseconds kStatsTimeout{5'000};
constexpr Milliseconds kNewConnectionTimeout{2'000};
constexpr Milliseconds kPullHeadTimeout{600'000};  // the registry may be slow to answer
constexpr Milliseconds kPullStall{600'000};        // between two lines of progress
constexpr std::size_t kLongestLine = std::size_t{1024} * 1024;

std::string url_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
                              c == '~';
        if (is_plain) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string since_text(std::int64_t ns) {
    return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

/// Conditions in the Engine's words, as a query's value.
std::string filters(const std::map<std::string, std::vector<std::string>>& conditions) {
    return url_encode(nlohmann::json(conditions).dump());
}

/// The minor of "1.41"; nullopt for other text.
std::optional<int> minor_version(std::string_view version) {
    if (!version.starts_with("1.")) return std::nullopt;
    version.remove_prefix(2);
    int minor = 0;
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), minor);
    if (error != std::errc{} || end != version.data() + version.size()) return std::nullopt;
    return minor;
}

/// ECS's text for a container that does not come about in time.
Error timed_out(std::string_view state, Seconds limit) {
    return Error{
        .kind = ErrorKind::Cancelled,
        .message = fmt::format(
            "DockerTimeoutError: Could not transition to {}; timed out after waiting {}m0s", state,
            limit.count() / 60),
        .context{}};
}

}  // namespace

Client::Client(boost::asio::any_io_executor executor, std::string url, net::Tls tls)
    : http_(std::move(executor), std::move(url), std::move(tls)) {}

Async<net::HttpResponse> Client::call(std::string method, std::string path, std::string body,
                                      Milliseconds timeout) {
    net::HttpRequest request{.method = std::move(method),
                             .target = "/v" + version_ + path,
                             .body = std::move(body),
                             .timeout = timeout};
    auto response = co_await http_.fetch(std::move(request));
    if (response && response->status >= 400) {
        co_return std::unexpected(engine_error(response->status, response->body));
    }
    co_return response;
}

Async<> Client::negotiate() {
    net::HttpRequest request{.method = "GET", .target = "/_ping", .timeout = kPingTimeout};
    auto response = co_await http_.fetch(std::move(request));
    if (!response) co_return std::unexpected(std::move(response).error());
    if (response->status != 200) {
        co_return std::unexpected(engine_error(response->status, response->body));
    }
    const std::string theirs(response->header("Api-Version"));
    const auto minor = minor_version(theirs);
    if (!minor) {
        co_return fail(ErrorKind::Unavailable, "this is not a Docker Engine: no API version");
    }
    if (*minor < kOldestMinor) {
        co_return fail(ErrorKind::Unavailable, "the Engine is too old: its API version is " +
                                                   theirs +
                                                   ", 1.41 (Docker 20.10) or later is needed");
    }
    version_ = fmt::format("1.{}", std::min(*minor, kNewestMinor));
    co_return Result<>{};
}

boost::asio::awaitable<bool> Client::is_accepting() {
    net::HttpRequest request{.method = "GET",
                             .target = "/_ping",
                             .timeout = kNewConnectionTimeout,
                             .on_new_connection = true};
    const auto response = co_await http_.fetch(std::move(request));
    co_return response.has_value();
}

Async<EngineInfo> Client::info() {
    auto response = co_await call("GET", "/info", {}, kInfoTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_info(response->body);
}

Async<std::string> Client::create(std::string name, std::string body) {
    auto response = co_await call("POST", "/containers/create?name=" + url_encode(name),
                                  std::move(body), kCreateTimeout);
    if (response) co_return parse_created(response->body);
    if (response.error().kind == ErrorKind::Cancelled) {
        co_return std::unexpected(timed_out("created", kCreateTimeout));
    }
    co_return std::unexpected(std::move(response).error());
}

Async<> Client::start(std::string id) {
    auto response = co_await call("POST", "/containers/" + id + "/start", {}, kStartTimeout);
    if (response) co_return Result<>{};
    if (response.error().kind == ErrorKind::Cancelled) {
        co_return std::unexpected(timed_out("started", kStartTimeout));
    }
    co_return std::unexpected(std::move(response).error());
}

Async<> Client::stop(std::string id, Seconds grace) {
    auto response =
        co_await call("POST", fmt::format("/containers/{}/stop?t={}", id, grace.count()), {},
                      grace + 2 * kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return Result<>{};
}

Async<ContainerState> Client::inspect(std::string id_or_name) {
    auto response = co_await call("GET", "/containers/" + id_or_name + "/json", {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_inspect(response->body);
}

Async<ContainerStats> Client::stats(std::string id) {
    auto response = co_await call("GET", "/containers/" + id + "/stats?stream=false&one-shot=true",
                                  {}, kStatsTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_stats(response->body);
}

Async<> Client::remove(std::string id_or_name) {
    auto response =
        co_await call("DELETE", "/containers/" + id_or_name + "?force=1&v=1", {}, 2 * kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return Result<>{};
}

Async<> Client::remove_volume(std::string name) {
    auto response = co_await call("DELETE", "/volumes/" + url_encode(name), {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return Result<>{};
}

Async<std::string> Client::volume_path(std::string name) {
    auto response = co_await call("GET", "/volumes/" + url_encode(name), {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_volume_path(response->body);
}

Async<std::vector<ContainerSummary>> Client::list(std::string label) {
    auto response = co_await call(
        "GET", "/containers/json?all=1&filters=" + filters({{"label", {label}}}), {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_list(response->body);
}

Async<std::vector<VolumeSummary>> Client::unused_volumes(std::string label) {
    const std::string unused = filters({{"label", {label}}, {"dangling", {"true"}}});
    auto response = co_await call("GET", "/volumes?filters=" + unused, {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_volumes(response->body);
}

Async<> Client::open(net::HttpStream& stream, net::HttpRequest request) {
    auto status = co_await open_for_status(stream, std::move(request));
    if (!status) co_return std::unexpected(std::move(status).error());
    co_return Result<>{};
}

Async<int> Client::open_for_status(net::HttpStream& stream, net::HttpRequest request) {
    request.target = "/v" + version_ + request.target;
    auto response = co_await stream.open(std::move(request));
    if (!response) co_return std::unexpected(std::move(response).error());
    if (response->status < 400) co_return response->status;
    std::string body;
    for (;;) {
        auto piece = co_await stream.read();
        if (!piece || piece->empty() || body.size() > 64 * 1024) break;
        body += *piece;
    }
    co_return std::unexpected(engine_error(response->status, body));
}

Async<> Client::pull(net::HttpStream& stream, std::string image, std::string registry_auth) {
    net::HttpRequest request{.method = "POST",
                             .target = "/images/create?fromImage=" + url_encode(image),
                             .timeout = kPullHeadTimeout};
    if (!registry_auth.empty()) {
        request.headers.emplace_back("X-Registry-Auth", std::move(registry_auth));
    }
    auto opened = co_await open(stream, std::move(request));
    if (!opened) co_return opened;
    LineReader lines(stream, kPullStall);
    for (;;) {
        auto line = co_await lines.next();
        if (!line) co_return std::unexpected(std::move(line).error());
        if (line->empty()) co_return Result<>{};
        if (auto error = pull_error(*line)) co_return fail(ErrorKind::Internal, std::move(*error));
    }
}

Async<> Client::import_image(std::string name, std::string tar) {
    const auto colon = name.rfind(':');
    auto response =
        co_await call("POST",
                      fmt::format("/images/create?fromSrc=-&repo={}&tag={}",
                                  url_encode(name.substr(0, colon)), name.substr(colon + 1)),
                      std::move(tar), kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    if (auto error = pull_error(response->body)) {
        co_return fail(ErrorKind::Internal, std::move(*error));
    }
    co_return Result<>{};
}

Async<> Client::follow_logs(net::HttpStream& stream, std::string id, std::int64_t since_ns) {
    std::string target = "/containers/" + id + "/logs?stdout=1&stderr=1&follow=1&timestamps=1";
    if (since_ns > 0) target += "&since=" + since_text(since_ns);
    co_return co_await open(stream, net::HttpRequest{.method = "GET", .target = std::move(target)});
}

Async<bool> Client::attach(net::HttpStream& stream, std::string id) {
    constexpr int kSwitchingProtocols = 101;
    net::HttpRequest request{
        .method = "POST",
        .target = "/containers/" + id + "/attach?stream=1&stdin=1&stdout=1&stderr=1",
        .headers = {{"Connection", "Upgrade"}, {"Upgrade", "tcp"}}};
    auto status = co_await open_for_status(stream, std::move(request));
    if (!status) co_return std::unexpected(std::move(status).error());
    co_return *status == kSwitchingProtocols;
}

Async<ImageConfig> Client::image_config(std::string image) {
    auto response = co_await call("GET", "/images/" + image + "/json", {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return parse_image(response->body);
}

Async<std::string> Client::last_log_record(std::string id) {
    auto response =
        co_await call("GET", "/containers/" + id + "/logs?stdout=1&stderr=1&timestamps=1&tail=1",
                      {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return std::move(response->body);
}

Async<> Client::open_events(net::HttpStream& stream, std::string label, std::int64_t since_ns) {
    std::string target =
        "/events?filters=" + filters({{"label", {label}}, {"type", {"container"}}});
    if (since_ns > 0) target += "&since=" + since_text(since_ns);
    co_return co_await open(stream, net::HttpRequest{.method = "GET", .target = std::move(target)});
}

Async<std::string_view> LineReader::next() {
    for (;;) {
        const auto newline = buffer_.find('\n', at_);
        if (newline != std::string::npos) {
            std::string_view line = std::string_view(buffer_).substr(at_, newline - at_);
            at_ = newline + 1;
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (!line.empty()) co_return line;
            continue;
        }
        buffer_.erase(0, at_);
        at_ = 0;
        if (buffer_.size() > kLongestLine) {
            co_return fail(ErrorKind::Unavailable, "the Engine sent a line of more than 1 MiB");
        }
        auto piece = co_await stream_.read(limit_);
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (!piece->empty()) {
            buffer_ += *piece;
        } else if (buffer_.empty()) {
            co_return std::string_view{};
        } else {
            buffer_ += '\n';  // the last line may lack its end
        }
    }
}

Async<std::vector<Event>> Client::recent_events() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto until = std::chrono::ceil<std::chrono::seconds>(now).count();
    auto response =
        co_await call("GET", fmt::format("/events?since=1&until={}", until), {}, kCallTimeout);
    if (!response) co_return std::unexpected(std::move(response).error());
    std::vector<Event> events;
    std::string_view text = response->body;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0) {
            auto event = parse_event(text.substr(0, end));
            if (!event) co_return std::unexpected(std::move(event).error());
            events.push_back(std::move(*event));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    co_return events;
}

Async<Event> EventReader::next() {
    auto line = co_await lines_.next();
    if (!line) co_return std::unexpected(std::move(line).error());
    if (line->empty()) co_return fail(ErrorKind::Unavailable, "the Engine ended its events");
    co_return parse_event(*line);
}

}  // namespace batchd::docker
