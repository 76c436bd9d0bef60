// All attempts of the Fargate runtime, and the two loops that follow them.
#pragma once

#include "batchd/net/retry_delay.hpp"
#include "runtime/fargate/attempt.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace batchd::runtime {

/// Calls on the strand.
class Fleet {
  public:
    explicit Fleet(FargateContext& context);

    /// Begins to follow the attempts. Call it once.
    void run();

    /// nullptr if it is not known.
    std::shared_ptr<FargateAttempt> find(const model::AttemptId& id) const;
    std::shared_ptr<FargateAttempt> add(ports::StartAttempt start);
    /// As they are now: what is done to them may remove them.
    std::vector<std::shared_ptr<FargateAttempt>> all() const;

    void shutdown();

  private:
    boost::asio::awaitable<void> look_at_tasks();
    boost::asio::awaitable<void> look_at(std::vector<std::shared_ptr<FargateAttempt>> some);
    std::vector<std::shared_ptr<FargateAttempt>> due_for_a_look(Milliseconds& wait) const;
    Milliseconds pause_after_look(const FargateAttempt& attempt) const;
    boost::asio::awaitable<void> read_logs();
    std::shared_ptr<FargateAttempt> next_to_read() const;

    FargateContext& context_;
    Cluster cluster_;
    std::unordered_map<model::AttemptId, std::shared_ptr<FargateAttempt>> attempts_;
    Signal look_;  ///< something has changed
    Signal read_;
    net::RetryDelay trouble_;  ///< of looks, while AWS does not answer
};

}  // namespace batchd::runtime
