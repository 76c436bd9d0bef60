// GET /api/v1/overview, /metrics, /healthz and /readyz: from what the engine published, without a
// look at the database.
#include "api/errors.hpp"
#include "api/native/routes.hpp"
#include "api/text_table.hpp"

#include <fmt/format.h>

namespace batchd::api::native {
namespace {

std::string vcpus_text(MilliVcpu vcpus) {
    return fmt::format("{}", static_cast<double>(vcpus.value) / 1000.0);
}

Json queue_of(const engine::View& view, const engine::QueueView& queue) {
    Json jobs = Json::object();
    for (std::size_t i = 0; i < queue.counts.size(); ++i) {
        jobs[std::string(to_string(static_cast<model::JobStatus>(i)))] = queue.counts[i];
    }
    Json waiting = Json::array();
    for (const auto& of_shape : queue.waiting) {
        waiting.push_back(Json{{"resources", resources_of(of_shape.shape.resources)},
                               {"jobs", of_shape.jobs},
                               {"reason", view.waiting_reason(queue, of_shape.shape)}});
    }
    return Json{{"name", queue.name},         {"state", queue.state}, {"status", queue.status},
                {"priority", queue.priority}, {"jobs", jobs},         {"waiting", waiting}};
}

Json host_of(const engine::HostView& host) {
    Json entry{{"name", host.name},
               {"status", host.is_up ? "UP" : "UNAVAILABLE"},
               {"capacity", resources_of(host.capacity)},
               {"free", resources_of(host.is_known ? host.capacity - host.used : host.capacity)},
               {"running", host.running}};
    if (!host.is_up) entry["reason"] = host.down_reason;
    if (host.row) {
        entry["computeEnvironment"] = host.environment;
        entry["state"] = *host.row->document.state;
    }
    return entry;
}

std::string as_text(const engine::View& view) {
    std::vector<std::string> head{"queue", "state", "priority"};
    for (std::size_t i = 0; i < model::kJobStatusCount; ++i) {
        head.emplace_back(to_string(static_cast<model::JobStatus>(i)));
    }
    TextTable queues(std::move(head));
    for (const auto& queue : view.queues) {
        std::vector<std::string> row{queue.name, queue.state, std::to_string(queue.priority)};
        for (const auto count : queue.counts) row.push_back(std::to_string(count));
        queues.add(std::move(row));
    }
    TextTable environments({"compute environment", "state", "status", "used vcpus", "max vcpus"});
    for (const auto& environment : view.environments) {
        const auto& limit = environment.limit;
        environments.add({environment.name, environment.state, environment.status,
                          vcpus_text(environment.used), limit ? vcpus_text(*limit) : ""});
    }
    TextTable hosts({"host", "status", "vcpus", "free", "memory MiB", "free", "running", "reason"});
    for (const auto& host : view.hosts) {
        if (host.is_fargate) continue;
        const auto free = host.is_known ? host.capacity - host.used : host.capacity;
        hosts.add({host.name, host.is_up ? "UP" : "UNAVAILABLE", vcpus_text(host.capacity.vcpu),
                   vcpus_text(free.vcpu), std::to_string(host.capacity.memory.value),
                   std::to_string(free.memory.value), std::to_string(host.running),
                   host.is_up ? "" : host.down_reason});
    }
    return queues.text() + "\n" + environments.text() + "\n" + hosts.text() +
           (view.is_writable ? "" : "\nno writes are taken: " + view.not_writable_reason + "\n");
}

metrics::Gauges gauges_of(const engine::View& view, Timestamp now) {
    metrics::Gauges gauges;
    for (const auto& queue : view.queues) {
        const auto age = queue.oldest_runnable ? now - *queue.oldest_runnable : Milliseconds{0};
        gauges.queues.push_back(
            {.name = queue.name,
             .counts = queue.counts,
             .oldest_runnable_seconds = static_cast<double>(age.count()) / 1000.0});
    }
    for (const auto& host : view.hosts) {
        if (host.is_fargate) continue;  // its environment's gauges say it all
        gauges.hosts.push_back(
            {.name = host.name, .is_up = host.is_up, .capacity = host.capacity, .used = host.used});
    }
    for (const auto& environment : view.environments) {
        gauges.environments.push_back(
            {.name = environment.name, .used = environment.used, .limit = environment.limit});
    }
    gauges.is_writable = view.is_writable;
    return gauges;
}

}  // namespace

Task<http::Response> get_overview(NativeCall call) {
    const auto view = call.services->engine.view();
    if (wants_text(call.request)) co_return text_response(as_text(*view));
    Json queues = Json::array();
    for (const auto& queue : view->queues) queues.push_back(queue_of(*view, queue));
    Json hosts = Json::array();
    for (const auto& host : view->hosts) {
        if (!host.is_fargate) hosts.push_back(host_of(host));
    }
    Json environments = Json::array();
    for (const auto& environment : view->environments) {
        Json entry{{"name", environment.name},
                   {"state", environment.state},
                   {"status", environment.status},
                   {"usedVcpus", static_cast<double>(environment.used.value) / 1000.0}};
        if (environment.limit) entry["maxVcpus"] = environment.limit->value / 1000;
        environments.push_back(std::move(entry));
    }
    co_return json_response(200, json::dump(Json{{"queues", std::move(queues)},
                                                 {"computeEnvironments", std::move(environments)},
                                                 {"hosts", std::move(hosts)},
                                                 {"writable", view->is_writable}}) +
                                     "\n");
}

Task<http::Response> get_metrics(NativeCall call) {
    const auto view = call.services->engine.view();
    auto gauges = gauges_of(*view, call.services->clock.now());
    gauges.last_event = call.services->feed.newest();
    http::Response response;
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = call.services->metrics.scrape(gauges);
    co_return response;
}

/// Alive: this thread answers.
Task<http::Response> get_healthz(NativeCall) {
    co_return json_response(200, "{\"status\":\"ok\"}\n");
}

/// Ready: writes are taken, and some host can run jobs.
Task<http::Response> get_readyz(NativeCall call) {
    const auto view = call.services->engine.view();
    Json problems = Json::array();
    if (!view->is_writable) {
        problems.push_back("the database takes no writes: " + view->not_writable_reason);
    }
    bool any_up = false;
    for (const auto& host : view->hosts) {
        any_up = any_up || host.is_up;
        if (!host.is_up) problems.push_back("host " + host.name + ": " + host.down_reason);
    }
    const bool ready = view->is_writable && any_up;
    co_return json_response(ready ? 200 : 503,
                            json::dump(Json{{"ready", ready}, {"problems", problems}}) + "\n");
}

}  // namespace batchd::api::native
