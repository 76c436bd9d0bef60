// A fixed number of readers that threads borrow. Any thread.
#pragma once

#include "batchd/store/reader.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace batchd::store {

class ReaderPool {
  public:
    /// Opens `size` connections, at least one.
    static Result<std::unique_ptr<ReaderPool>> open(const std::string& path, std::size_t size);

    /// Waits for a free reader, calls `use(Reader&)` and gives its result back. Must not be nested:
    /// with all readers lent to callers that wait for another, none would come back.
    template <class Use>
    auto with(Use&& use) {
        const Loan loan(*this);
        return std::forward<Use>(use)(*loan.reader);
    }

  private:
    struct Loan {
        explicit Loan(ReaderPool& lender) : pool(lender), reader(lender.take()) {}
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan() { pool.give_back(std::move(reader)); }
        ReaderPool& pool;
        std::unique_ptr<Reader> reader;
    };

    explicit ReaderPool(std::vector<std::unique_ptr<Reader>> readers) : free_(std::move(readers)) {}
    std::unique_ptr<Reader> take();
    void give_back(std::unique_ptr<Reader> reader);

    std::mutex mutex_;
    std::condition_variable is_free_;
    std::vector<std::unique_ptr<Reader>> free_;
};

}  // namespace batchd::store
