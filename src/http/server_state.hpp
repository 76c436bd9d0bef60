// What the connections of one server share.
#pragma once

#include "batchd/http/server.hpp"
#include "http/timed_socket.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace batchd::http {

/// The open connections. Any thread.
class SocketSet {
  public:
    /// Returns how many there are now.
    std::size_t add(std::shared_ptr<TimedSocket> socket) {
        const std::lock_guard lock(mutex_);
        sockets_.insert(std::move(socket));
        return sockets_.size();
    }
    void remove(const std::shared_ptr<TimedSocket>& socket) {
        const std::lock_guard lock(mutex_);
        sockets_.erase(socket);
    }
    void interrupt_all() {
        const std::lock_guard lock(mutex_);
        for (const auto& socket : sockets_) socket->interrupt();
    }

  private:
    std::mutex mutex_;
    std::set<std::shared_ptr<TimedSocket>> sockets_;
};

struct ServerState {
    ServerOptions options;
    Handler handler;
    ErrorResponder on_error;
    std::atomic<bool> stopping = false;
    std::atomic<std::size_t> in_flight = 0;  ///< requests received whole and not yet answered whole
    SocketSet sockets;
    std::mutex acceptors_mutex;
    std::vector<std::shared_ptr<boost::asio::ip::tcp::acceptor>> acceptors;
};

}  // namespace batchd::http
