// Carries out attempts as tasks of Amazon ECS on Fargate.
//
// Each attempt is one task. One loop looks after all tasks, a hundred in a call; another reads
// what their containers write from CloudWatch Logs. State lives on one strand of the io_context;
// calls to AWS block, and run on threads of their own.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/ports/container_runtime.hpp"
#include "batchd/ports/log_sink.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace batchd::runtime {

struct FargateOptions {
    /// Marks the tasks of this daemon; it must stay the same over restarts, and differ from that of
    /// other daemons of the account. Of [A-Za-z0-9-], 100 at most.
    std::string instance;
    std::string cluster;  ///< made if it is missing; empty: batchd-INSTANCE

    Milliseconds look_at_changing{2'000};  ///< how often at tasks that start or are being stopped
    Milliseconds look_at_running{5'000};   ///< at others, for each hundred of them
    Milliseconds read_logs{5'000};         ///< of a task that writes
    Milliseconds read_idle_logs{60'000};   ///< of one that has long written nothing, at least
    Milliseconds between_log_reads{100};   ///< of different tasks: CloudWatch allows 10 in a second
    Milliseconds first_pause{2'000};       ///< before a call is made again; doubles
    Milliseconds longest_pause{60'000};
    Milliseconds start_limit{30 * 60'000};  ///< a task that has no room for so long is given up
    Milliseconds missing_limit{60'000};     ///< a new task may be unknown to ECS for so long
};

/// What the runtime works with. The references must outlive the last run of the io_context and of
/// the threads.
struct FargatePorts {
    ports::RuntimeEvents& events;
    ports::LogSink& logs;
    aws::Client& aws;
    boost::asio::any_io_executor aws_threads;  ///< where `aws` is asked, and logs are written
    const Clock& clock;
};

class FargateRuntime final : public ports::ContainerRuntime {
  public:
    /// Asks AWS for nothing before the first attempt or adopt().
    FargateRuntime(boost::asio::io_context& io, FargateOptions options, FargatePorts used_ports);
    /// Call shutdown first if `io` still runs.
    ~FargateRuntime() override;

    // Any thread; each returns at once. Attempts have `fargate` set.
    void start(ports::StartAttempt attempt) override;
    void stop(model::AttemptId id, Seconds grace) override;
    void forget(model::AttemptId id) override;
    void connect(model::Host) override {}
    void disconnect(std::string) override {}
    void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) override;

    /// Stops to follow everything and flushes the logs; tasks go on, and no event follows. Stop the
    /// client's calls before it; takes two seconds at most. Any executor.
    boost::asio::awaitable<void> shutdown();

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace batchd::runtime
