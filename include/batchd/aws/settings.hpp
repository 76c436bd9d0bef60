// What a client is told by the operator, and what it takes from its surroundings.
#pragma once

#include "batchd/aws/transport.hpp"
#include "batchd/base/stop_event.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::aws {

/// What is empty is looked for as AWS's SDKs do.
struct Settings {
    std::string region{};
    std::string profile{};  ///< one that is given stands above keys in the environment
    std::string endpoint_url{};
    std::map<std::string, std::string> endpoint_urls{};  ///< by Service::id
    std::int64_t max_attempts = 4;                       ///< of a call, the first included
    Milliseconds connect_timeout{5'000};
    Milliseconds timeout{60'000};  ///< of one attempt
};

/// The world around a client; tests give another one. Functions may be called by any thread.
struct Outside {
    Transport& transport;
    const Clock& clock;
    std::function<std::optional<std::string>(const std::string&)> variable;  ///< of the environment
    std::function<double()> random;                                          ///< in [0, 1)
    std::function<bool(Milliseconds)> sleep;  ///< false: no further attempt, the daemon stops
    std::function<Result<std::string>(const std::vector<std::string>&)> run;  ///< run_command
};

/// The real world: the network, the process's environment, its programs.
class RealOutside {
  public:
    /// `clock` must outlive it.
    explicit RealOutside(const Clock& clock);

    /// Refers to this object.
    Outside outside();
    /// Calls end as Cancelled, within a second. Any thread.
    void stop();

  private:
    const Clock& clock_;
    StopEvent stop_;
    CurlTransport transport_;
};

}  // namespace batchd::aws
