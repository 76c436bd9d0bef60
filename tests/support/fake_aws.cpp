#include "support/fake_aws.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <sys/socket.h>
#include <unistd.h>

namespace batchd::testing {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            decoded +=
                static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

FakeAws::Request parse_head(const std::string& head) {
    FakeAws::Request request;
    auto line_end = head.find("\r\n");
    const std::string first = head.substr(0, line_end);
    const auto method_end = first.find(' ');
    const auto target_end = first.rfind(' ');
    request.method = first.substr(0, method_end);
    const std::string target = first.substr(method_end + 1, target_end - method_end - 1);
    const auto question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    request.query = target.substr(std::min(question + 1, target.size()));
    while (line_end != std::string::npos && line_end + 2 < head.size()) {
        const auto begin = line_end + 2;
        line_end = head.find("\r\n", begin);
        const std::string line = head.substr(begin, line_end - begin);
        const auto colon = line.find(": ");
        if (colon != std::string::npos) {
            request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }
    return request;
}

Timestamp machine_time() {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

std::string FakeAws::Request::header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
        if (lower(key) == name) return value;
    }
    return {};
}

std::string FakeAws::Request::form(const std::string& name) const {
    std::string_view rest = body;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const std::string_view part = rest.substr(0, end);
        if (part.starts_with(name + "=")) return decode(part.substr(name.size() + 1));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

FakeAws::FakeAws(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        std::abort();
    }
    port_ = ntohs(address.sin_port);
    add_key({.access_key_id = "AKIDTEST", .secret_access_key = "test-secret", .session_token{}});
    thread_ = std::thread([this] { accept_loop(); });
}

FakeAws::~FakeAws() {
    ::shutdown(listener_, SHUT_RDWR);
    {
        const std::scoped_lock lock(mutex_);
        for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
    }
    thread_.join();
    ::close(listener_);
}

std::string FakeAws::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<FakeAws::Request> FakeAws::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

int FakeAws::connections() const {
    const std::scoped_lock lock(mutex_);
    return connections_;
}

void FakeAws::add_key(const net::AwsKeys& keys) {
    const std::scoped_lock lock(mutex_);
    keys_.push_back(keys);
}

void FakeAws::set_clock(Seconds ahead) {
    const std::scoped_lock lock(mutex_);
    ahead_ = ahead;
}

FakeAws::Answer FakeAws::json(const std::string& body, int status) {
    return {.status = status,
            .body = body,
            .headers = {{"Content-Type", "application/x-amz-json-1.1"}}};
}

FakeAws::Answer FakeAws::json_error(const std::string& code, const std::string& message,
                                    int status) {
    return json(fmt::format(R"({{"__type":"com.amazonaws#{}","message":"{}"}})", code, message),
                status);
}

FakeAws::Answer FakeAws::xml(const std::string& body, int status) {
    return {.status = status,
            .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + body,
            .headers = {{"Content-Type", "text/xml;charset=UTF-8"}}};
}

FakeAws::Answer FakeAws::ec2_error(const std::string& code, const std::string& message,
                                   int status) {
    return xml(fmt::format("<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error>"
                           "</Errors><RequestID>0</RequestID></Response>",
                           code, message),
               status);
}

FakeAws::Answer FakeAws::html(int status) {
    return {.status = status,
            .body = "<!doctype html><html lang=en><title>Oops</title><p>It<br>broke</html>",
            .headers = {{"Content-Type", "text/html"}}};
}

void FakeAws::accept_loop() {
    std::vector<std::thread> clients;
    for (;;) {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) break;
        {
            const std::scoped_lock lock(mutex_);
            ++connections_;
            open_.push_back(connection);
        }
        clients.emplace_back([this, connection] { serve(connection); });
    }
    for (auto& client : clients) client.join();
}

void FakeAws::serve(int connection) {
    std::string input;
    char piece[16384];
    for (bool open = true; open;) {
        const auto head_end = input.find("\r\n\r\n");
        if (head_end != std::string::npos) {
            Request request = parse_head(input.substr(0, head_end));
            const std::string length = request.header("content-length");
            const std::size_t body_size = length.empty() ? 0 : std::stoul(length);
            if (input.size() >= head_end + 4 + body_size) {
                request.body = input.substr(head_end + 4, body_size);
                input.erase(0, head_end + 4 + body_size);
                open = reply(connection, answer(request));
                continue;
            }
        }
        const auto size = ::read(connection, piece, sizeof piece);
        if (size <= 0) break;
        input.append(piece, static_cast<std::size_t>(size));
    }
    const std::scoped_lock lock(mutex_);
    std::erase(open_, connection);
    ::close(connection);
}

FakeAws::Answer FakeAws::answer(Request& request) {
    const std::string target = request.header("x-amz-target");
    request.operation =
        target.empty() ? request.form("Action") : target.substr(target.find('.') + 1);
    Timestamp now;
    {
        const std::scoped_lock lock(mutex_);
        now = machine_time() + ahead_;
    }
    if (!request.header("authorization").empty()) {
        const net::KeyLookup lookup = [this](std::string_view id) -> std::optional<net::KnownKey> {
            const std::scoped_lock lock(mutex_);
            const auto key = std::ranges::find(keys_, id, &net::AwsKeys::access_key_id);
            if (key == keys_.end()) return std::nullopt;
            return net::KnownKey{.secret_access_key = key->secret_access_key,
                                 .session_token = key->session_token,
                                 .expires{}};
        };
        const auto signer = net::verify(
            {request.method, request.path, request.query, request.headers, request.body}, lookup,
            {.region = "",
             .services = {"ec2", "ecs", "ecr", "logs", "ssm", "secretsmanager", "sts", "pricing"}},
            now);
        if (!signer) return json_error(signer.error().code, signer.error().message, 403);
        request.access_key_id = signer->access_key_id;
        request.scope = signer->scope;
    }
    {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
    }
    return script_(request);
}

/// False if the connection is to be closed.
bool FakeAws::reply(int connection, const Answer& answer) {
    if (answer.lost) return false;
    if (answer.is_slow) return true;
    Seconds ahead{0};
    {
        const std::scoped_lock lock(mutex_);
        ahead = ahead_;
    }
    const auto seconds = std::chrono::floor<Seconds>(machine_time() + ahead);
    std::string bytes =
        fmt::format("HTTP/1.1 {} X\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", answer.status,
                    fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
    for (const auto& [name, value] : answer.headers) bytes += name + ": " + value + "\r\n";
    bytes += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
    bytes += answer.cut ? answer.body.substr(0, answer.body.size() / 2) : answer.body;
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto size =
            ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (size <= 0) return false;
        sent += static_cast<std::size_t>(size);
    }
    return !answer.cut;
}

}  // namespace batchd::testing
