// The connections of one HttpClient: idle ones to use again, busy ones to close at the end.
#pragma once

#include "net/connection.hpp"

#include <unordered_set>
#include <vector>

namespace batchd::net {

class ConnectionPool {
  public:
    ConnectionPool(boost::asio::any_io_executor executor, std::string url, Tls tls);

    /// An idle connection, or nullptr.
    std::shared_ptr<Connection> take_idle();
    boost::asio::awaitable<Result<std::shared_ptr<Connection>>> connect(Milliseconds timeout);

    /// Back from a call; kept only if it can serve another one.
    void give_back(std::shared_ptr<Connection> connection);

    void drop_idle();
    void close();

  private:
    boost::asio::any_io_executor executor_;
    std::string url_;
    Tls tls_;
    std::vector<std::shared_ptr<Connection>> idle_;
    std::unordered_set<std::shared_ptr<Connection>> busy_;
    bool closed_ = false;
};

}  // namespace batchd::net
