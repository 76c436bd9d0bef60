#include "runtime/context.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace batchd::runtime {

void Context::spawn(boost::asio::awaitable<void> work) {
    ++coroutines;
    boost::asio::co_spawn(
        strand, std::move(work), [this, self = shared_from_this()](std::exception_ptr failure) {
            if (failure) {
                try {
                    std::rethrow_exception(failure);
                } catch (const std::exception& e) {
                    log::error("runtime: a coroutine ended with an exception: {}", e.what());
                }
            }
            if (--coroutines == 0) idle.notify_all();
        });
}

}  // namespace batchd::runtime
