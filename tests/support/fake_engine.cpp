#include "support/fake_engine.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace batchd::testing {

FakeEngine::FakeEngine(Script script) : script_(std::move(script)) {
    char folder[] = "/tmp/bdf.XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/s";
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 16) != 0) {
        std::abort();
    }
    thread_ = std::thread([this] { accept_loop(); });
}

FakeEngine::~FakeEngine() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void FakeEngine::accept_loop() {
    std::vector<std::thread> clients;
    for (;;) {
        const int connection = accept(listener_, nullptr, nullptr);
        if (connection < 0) break;
        ++connections_;
        clients.emplace_back([this, connection] { serve(connection); });
    }
    for (auto& client : clients) client.join();
}

void FakeEngine::serve(int connection) {
    std::string input;
    char piece[4096];
    for (;;) {
        const auto end = input.find("\r\n\r\n");
        if (end == std::string::npos) {
            const auto size = read(connection, piece, sizeof piece);
            if (size <= 0) break;
            input.append(piece, static_cast<std::size_t>(size));
            continue;
        }
        const Reply reply = script_(input.substr(0, end));
        input.erase(0, end + 4);
        if (reply.keep_silent) continue;
        (void)!send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
        if (reply.close) break;
    }
    close(connection);
}

std::string FakeEngine::answer(int status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace batchd::testing
