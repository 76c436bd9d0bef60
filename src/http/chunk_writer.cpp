#include "http/chunk_writer.hpp"

#include <fmt/format.h>

namespace batchd::http {

namespace asio = boost::asio;

ChunkWriter::ChunkWriter(std::shared_ptr<ServerState> server, std::shared_ptr<TimedSocket> socket,
                         bool chunked)
    : server_(std::move(server)), socket_(std::move(socket)), chunked_(chunked) {}

asio::awaitable<bool> ChunkWriter::write(std::string chunk) {
    if (chunk.empty()) co_return !closed();  // an empty chunk would end the body
    if (!chunked_) {
        co_await send({asio::buffer(chunk)});
    } else {
        const std::string size = fmt::format("{:x}\r\n", chunk.size());
        co_await send({asio::buffer(size), asio::buffer(chunk), asio::buffer("\r\n", 2)});
    }
    co_return !closed();
}

bool ChunkWriter::closed() const { return broken_ || server_->stopping || socket_->peer_gone(); }

asio::awaitable<bool> ChunkWriter::finish() {
    if (chunked_) co_await send({asio::buffer("0\r\n\r\n", 5)});
    co_return !broken_;
}

asio::awaitable<bool> ChunkWriter::send(TimedSocket::Buffers buffers) {
    if (broken_) co_return false;
    const auto deadline = std::chrono::steady_clock::now() + server_->options.write_timeout;
    broken_ = !co_await socket_->write(buffers, deadline);
    co_return !broken_;
}

}  // namespace batchd::http
