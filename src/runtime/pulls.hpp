// Image pulls of one host: one at a time for each image, however many attempts want it.
#pragma once

#include "batchd/docker/client.hpp"
#include "runtime/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace batchd::runtime {

class Pulls {
  public:
    struct Pull {
        Pull(Context& context, docker::Client& client)
            : stream(client.stream()), done(context.strand) {}
        std::unique_ptr<net::HttpStream> stream;
        Signal done;
        std::size_t waiters = 0;
        std::optional<Result<>> result;
    };

    Pulls(Context& context, docker::Client& client) : context_(context), client_(client) {}

    /// Joins the pull of `image`, or begins it; `owner` keeps this object alive meanwhile.
    std::shared_ptr<Pull> join(const std::string& image, std::shared_ptr<void> owner);
    /// The last one to leave cancels the pull.
    void leave(Pull& pull);
    static boost::asio::awaitable<Result<>> wait(std::shared_ptr<Pull> pull);

  private:
    boost::asio::awaitable<void> run(std::string image, std::shared_ptr<Pull> pull,
                                     std::shared_ptr<void> owner);
    boost::asio::awaitable<Result<>> fetch(std::string image, std::shared_ptr<Pull> pull);
    boost::asio::awaitable<Result<std::string>> auth_for(std::string registry);

    Context& context_;
    docker::Client& client_;
    std::map<std::string, std::shared_ptr<Pull>> running_;  ///< by image
};

}  // namespace batchd::runtime
