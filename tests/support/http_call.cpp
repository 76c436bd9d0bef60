#include "support/http_call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace batchd::testing {

Result<net::HttpResponse> http_call(const std::string& url, net::HttpRequest request) {
    boost::asio::io_context io;
    net::HttpClient client(io.get_executor(), url, {});
    auto answer =
        boost::asio::co_spawn(io, client.fetch(std::move(request)), boost::asio::use_future);
    io.run();
    return answer.get();
}

}  // namespace batchd::testing
