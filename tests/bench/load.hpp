// The load generator: some connections that each send, wait for the answer and send again.
#pragma once

#include "http_connection.hpp"
#include "latencies.hpp"

#include <functional>
#include <string>

namespace batchd::bench {

struct Load {
    Endpoint endpoint{};
    std::size_t connections = 1;
    std::chrono::milliseconds warm_up{500};  ///< sent, but not counted
    std::chrono::milliseconds duration{4000};
    double requests_per_second = 0;  ///< of all connections together; 0: as fast as they can
    std::size_t request_limit = 0;   ///< ends before its time after that many; 0: none

    std::function<std::string()> next_request{};   ///< the bytes to send
    std::function<void(std::string)> on_answer{};  ///< the body; may be empty
};

struct LoadResult {
    double per_second = 0;
    Latencies latencies{};
};

/// Runs the load in this thread. The first failure, also an answer of 400 and more, ends it.
Result<LoadResult> run(const Load& load);

}  // namespace batchd::bench
