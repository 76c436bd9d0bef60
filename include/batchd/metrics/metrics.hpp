// Prometheus metrics. Names: docs/operations.md. Any thread.
#pragma once

#include "batchd/ports/event_sink.hpp"
#include "batchd/ports/retention.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::metrics {

/// What is read at the moment of a scrape instead of being counted.
struct Gauges {
    struct Queue {
        std::string name;
        std::array<std::int64_t, model::kJobStatusCount> counts{};
        double oldest_runnable_seconds = 0;
    };
    struct Host {
        std::string name;
        bool is_up = false;
        model::Resources capacity;
        model::Resources used;
    };
    struct Environment {
        std::string name;
        MilliVcpu used;
        std::optional<MilliVcpu> limit;
    };
    std::vector<Queue> queues;
    std::vector<Host> hosts;
    std::vector<Environment> environments;
    bool is_writable = true;
    std::int64_t last_event = 0;  ///< the number of the event feed's last one
};

class Metrics final : public ports::EventSink, public ports::RetentionSink {
  public:
    Metrics();
    ~Metrics() override;

    void committed(const std::vector<ports::JobChange>& changes,
                   const std::vector<model::Attempt>& ended) override;

    void job_removed(const std::string& queue, model::JobStatus status, Reason reason) override;
    void database_measured(std::int64_t bytes, std::int64_t max_bytes) override;

    /// `operation` is one of a small fixed set, never a client's text.
    void count_request(const std::string& operation, int status, std::chrono::nanoseconds took);

    /// A try to deliver an event to a webhook: delivered, failed or given_up.
    void count_delivery(std::string_view result);

    /// The text exposition format, version 0.0.4.
    std::string scrape(const Gauges& gauges);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The `outcome` label of an ended attempt or job: succeeded, failed, oom, timeout, host_lost,
/// start_failed, cancelled or dependency.
std::string_view outcome_of(const model::JobState& job, const model::Attempt* attempt);

}  // namespace batchd::metrics
