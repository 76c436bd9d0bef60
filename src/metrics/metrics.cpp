#include "batchd/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace batchd::metrics {
namespace {

using prometheus::Family;

const prometheus::Histogram::BucketBoundaries kJobSeconds{0.01, 0.1, 1,    5,     15,   60,
                                                          300,  900, 3600, 14400, 86400};
const prometheus::Histogram::BucketBoundaries kRequestSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                              0.05,   0.1,   0.5,    1,     10};

double seconds(Milliseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

template <class T>
Family<T>& family(prometheus::Registry& registry, const char* name, const char* help) {
    using Builder = decltype([] {
        if constexpr (std::is_same_v<T, prometheus::Counter>) return prometheus::BuildCounter();
        if constexpr (std::is_same_v<T, prometheus::Gauge>) return prometheus::BuildGauge();
        if constexpr (std::is_same_v<T, prometheus::Histogram>) return prometheus::BuildHistogram();
    }());
    return Builder().Name(name).Help(help).Register(registry);
}

}  // namespace

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

struct Metrics::Impl {
    prometheus::Registry registry;
    Family<Counter>& submitted =
        family<Counter>(registry, "batchd_jobs_submitted_total", "Jobs accepted");
    Family<Counter>& finished =
        family<Counter>(registry, "batchd_jobs_finished_total", "Jobs ended, by outcome");
    Family<Counter>& attempts =
        family<Counter>(registry, "batchd_job_attempts_total", "Attempts ended, by outcome");
    Family<Histogram>& queue_seconds =
        family<Histogram>(registry, "batchd_job_queue_seconds", "From submission to first start");
    Family<Histogram>& run_seconds =
        family<Histogram>(registry, "batchd_job_run_seconds", "Run time of a job's last attempt");
    Family<Counter>& removed =
        family<Counter>(registry, "batchd_jobs_removed_total", "Ended jobs removed by retention");
    Gauge& database_bytes = family<Gauge>(registry, "batchd_database_bytes",
                                          "What the database holds, without free pages")
                                .Add({});
    Gauge& database_max_bytes =
        family<Gauge>(registry, "batchd_database_max_bytes",
                      "Above it the oldest ended jobs are removed; 0: no limit")
            .Add({});
    Family<Counter>& requests =
        family<Counter>(registry, "batchd_http_requests_total", "Requests answered");
    Family<Histogram>& request_seconds =
        family<Histogram>(registry, "batchd_http_request_seconds", "Time to answer a request");

    Family<Counter>& deliveries = family<Counter>(registry, "batchd_webhook_deliveries_total",
                                                  "Tries to deliver events, by result");

    /// Requests are counted on the hot path: the label lookup of the library is done once.
    struct RequestMetrics {
        Counter* count = nullptr;
        Histogram* took = nullptr;
    };
    std::mutex mutex;
    std::unordered_map<std::string, RequestMetrics> by_request;

    /// Likewise jobs, by the engine's thread alone. The texts of outcomes are constants.
    struct QueueMetrics {
        Counter* submitted = nullptr;
        Histogram* queue_seconds = nullptr;
        Histogram* run_seconds = nullptr;
        std::map<std::string_view, Counter*> attempts;
        std::map<std::string_view, Counter*> finished;
    };
    std::unordered_map<std::string, QueueMetrics> by_queue;
};

namespace {

/// The metric, made by `make` at its first use.
template <class Metric, class Make>
Metric& once(Metric*& metric, const Make& make) {
    if (!metric) metric = &make();
    return *metric;
}

}  // namespace

std::string_view outcome_of(const model::JobState& job, const model::Attempt* attempt) {
    if (job.status == model::JobStatus::Succeeded) return "succeeded";
    if (job.is_cancelled || job.is_terminated) return "cancelled";
    if (!attempt) return "dependency";
    if (attempt->status_reason.starts_with("Job attempt duration")) return "timeout";
    if (attempt->status_reason.starts_with("Host EC2")) return "host_lost";
    if (attempt->reason.starts_with("OutOfMemoryError")) return "oom";
    if (attempt->status_reason == "Task failed to start") return "start_failed";
    return attempt->exit_code == 0 ? "succeeded" : "failed";
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
    family<Gauge>(impl_->registry, "batchd_build_info", "1, with the version as label")
        .Add({{"version", BATCHD_VERSION}})
        .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::committed(const std::vector<ports::JobChange>& changes,
                        const std::vector<model::Attempt>& ended) {
    std::unordered_map<model::JobId, const model::Attempt*> attempts;
    for (const auto& attempt : ended) attempts[attempt.id.job] = &attempt;
    for (const auto& change : changes) {
        auto& known = impl_->by_queue[change.queue];
        const auto found = attempts.find(change.id);
        const model::Attempt* attempt = found == attempts.end() ? nullptr : found->second;
        const auto count = [&](Family<Counter>& metrics, Counter*& counter,
                               std::string_view outcome) {
            once(counter, [&]() -> Counter& {
                return metrics.Add({{"queue", change.queue}, {"outcome", std::string(outcome)}});
            }).Increment();
        };
        const auto observe = [&](Family<Histogram>& metrics, Histogram*& histogram,
                                 Milliseconds took) {
            once(histogram, [&]() -> Histogram& {
                return metrics.Add({{"queue", change.queue}}, kJobSeconds);
            }).Observe(seconds(took));
        };
        if (change.is_new) {
            once(known.submitted, [&]() -> Counter& {
                return impl_->submitted.Add({{"queue", change.queue}});
            }).Increment();
        }
        const bool has_ended = model::is_terminal(change.state.status);
        if (!attempt && !has_ended) continue;
        const std::string_view outcome = outcome_of(change.state, attempt);
        if (attempt) count(impl_->attempts, known.attempts[outcome], outcome);
        if (attempt && attempt->id.number == 1 && attempt->started_at) {
            observe(impl_->queue_seconds, known.queue_seconds,
                    *attempt->started_at - change.created_at);
        }
        if (!has_ended) continue;
        count(impl_->finished, known.finished[outcome], outcome);
        const auto& started = change.state.started_at;
        if (started && change.state.stopped_at) {
            observe(impl_->run_seconds, known.run_seconds, *change.state.stopped_at - *started);
        }
    }
}

void Metrics::job_removed(const std::string& queue, model::JobStatus status, Reason reason) {
    impl_->removed
        .Add({{"queue", queue},
              {"status", std::string(to_string(status))},
              {"reason", reason == Reason::Age ? "age" : "size"}})
        .Increment();
}

void Metrics::database_measured(std::int64_t bytes, std::int64_t max_bytes) {
    impl_->database_bytes.Set(static_cast<double>(bytes));
    impl_->database_max_bytes.Set(static_cast<double>(max_bytes));
}

void Metrics::count_request(const std::string& operation, int status,
                            std::chrono::nanoseconds took) {
    const std::string code = std::to_string(status);
    const std::lock_guard lock(impl_->mutex);
    auto& entry = impl_->by_request[operation + ' ' + code];
    if (!entry.count) {
        entry.count = &impl_->requests.Add({{"operation", operation}, {"code", code}});
        entry.took = &impl_->request_seconds.Add({{"operation", operation}}, kRequestSeconds);
    }
    entry.count->Increment();
    entry.took->Observe(std::chrono::duration<double>(took).count());
}

void Metrics::count_delivery(std::string_view result) {
    impl_->deliveries.Add({{"result", std::string(result)}}).Increment();
}

namespace {

/// Made anew for each scrape: a queue or a host that is gone leaves nothing behind.
struct GaugeFamilies {
    prometheus::Registry registry;
    Family<Gauge>& jobs = family<Gauge>(registry, "batchd_jobs", "Jobs by queue and status");
    Family<Gauge>& oldest = family<Gauge>(registry, "batchd_oldest_runnable_seconds",
                                          "Age of the job at the head of the queue");
    Family<Gauge>& host_up =
        family<Gauge>(registry, "batchd_host_up", "Whether the Engine answers");
    Family<Gauge>& host_vcpus =
        family<Gauge>(registry, "batchd_host_vcpus", "vCPUs of a host, by state");
    Family<Gauge>& host_memory =
        family<Gauge>(registry, "batchd_host_memory_bytes", "Memory of a host, by state");
    Family<Gauge>& compute_vcpus =
        family<Gauge>(registry, "batchd_compute_vcpus", "vCPUs of a compute environment, by state");
    Family<Gauge>& writable =
        family<Gauge>(registry, "batchd_db_writable", "Whether the database takes writes");

    Family<Gauge>& events =
        family<Gauge>(registry, "batchd_events_seq", "Number of the event feed's last event");

    void set(const Gauges& gauges);
};

void GaugeFamilies::set(const Gauges& gauges) {
    const auto bytes = [](MiB memory) { return static_cast<double>(memory.value) * 1048576.0; };
    const auto vcpu = [](MilliVcpu v) { return static_cast<double>(v.value) / 1000.0; };
    for (const auto& queue : gauges.queues) {
        for (std::size_t i = 0; i < queue.counts.size(); ++i) {
            const auto status = to_string(static_cast<model::JobStatus>(i));
            jobs.Add({{"queue", queue.name}, {"status", std::string(status)}})
                .Set(static_cast<double>(queue.counts[i]));
        }
        oldest.Add({{"queue", queue.name}}).Set(queue.oldest_runnable_seconds);
    }
    for (const auto& host : gauges.hosts) {
        host_up.Add({{"host", host.name}}).Set(host.is_up ? 1 : 0);
        for (const auto& [state, resources] :
             {std::pair("capacity", host.capacity), std::pair("used", host.used)}) {
            host_vcpus.Add({{"host", host.name}, {"state", state}}).Set(vcpu(resources.vcpu));
            host_memory.Add({{"host", host.name}, {"state", state}}).Set(bytes(resources.memory));
        }
    }
    for (const auto& environment : gauges.environments) {
        compute_vcpus.Add({{"ce", environment.name}, {"state", "used"}})
            .Set(vcpu(environment.used));
        if (environment.limit) {
            compute_vcpus.Add({{"ce", environment.name}, {"state", "max"}})
                .Set(vcpu(*environment.limit));
        }
    }
    writable.Add({}).Set(gauges.is_writable ? 1 : 0);
    events.Add({}).Set(static_cast<double>(gauges.last_event));
}

}  // namespace

std::string Metrics::scrape(const Gauges& gauges) {
    GaugeFamilies families;
    families.set(gauges);
    const prometheus::TextSerializer serializer;
    return serializer.Serialize(impl_->registry.Collect()) +
           serializer.Serialize(families.registry.Collect());
}

}  // namespace batchd::metrics
