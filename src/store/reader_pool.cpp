#include "batchd/store/reader_pool.hpp"

#include <algorithm>

namespace batchd::store {

Result<std::unique_ptr<ReaderPool>> ReaderPool::open(const std::string& path, std::size_t size) {
    std::vector<std::unique_ptr<Reader>> readers;
    for (std::size_t i = 0; i < std::max<std::size_t>(size, 1); ++i) {
        auto reader = Reader::open(path);
        if (!reader) return std::unexpected(std::move(reader).error());
        readers.push_back(std::move(*reader));
    }
    return std::unique_ptr<ReaderPool>(new ReaderPool(std::move(readers)));
}

std::unique_ptr<Reader> ReaderPool::take() {
    std::unique_lock lock(mutex_);
    is_free_.wait(lock, [this] { return !free_.empty(); });
    auto reader = std::move(free_.back());
    free_.pop_back();
    return reader;
}

void ReaderPool::give_back(std::unique_ptr<Reader> reader) {
    {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(reader));
    }
    is_free_.notify_one();
}

}  // namespace batchd::store
