// The BodyWriter of one streamed answer.
#pragma once

#include "batchd/http/message.hpp"
#include "http/server_state.hpp"

#include <memory>

namespace batchd::http {

class ChunkWriter final : public BodyWriter {
  public:
    /// `chunked` false: the plain bytes, for HTTP/1.0.
    ChunkWriter(std::shared_ptr<ServerState> server, std::shared_ptr<TimedSocket> socket,
                bool chunked);

    boost::asio::awaitable<bool> write(std::string chunk) override;
    bool closed() const override;
    /// Sends the end mark. False if the client did not get everything.
    boost::asio::awaitable<bool> finish();

  private:
    boost::asio::awaitable<bool> send(TimedSocket::Buffers buffers);

    std::shared_ptr<ServerState> server_;
    std::shared_ptr<TimedSocket> socket_;
    bool chunked_;
    bool broken_ = false;
};

}  // namespace batchd::http
