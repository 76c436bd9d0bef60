#include "api/native/routes.hpp"

#include "api/pending_reason.hpp"

#include <fmt/format.h>

#include <charconv>

namespace batchd::api::native {
namespace {

constexpr Route kRoutes[] = {
    {"SearchJobs", "GET", "/api/v1/jobs", search_jobs},
    {"Run", "POST", "/api/v1/run", run_job},
    {"SubmitJobs", "POST", "/api/v1/jobs:batch", submit_jobs},
    {"WaitForJobs", "POST", "/api/v1/jobs:wait", wait_for_jobs},
    {"GetJob", "GET", "/api/v1/jobs/{id}", get_job},
    {"WaitForJob", "GET", "/api/v1/jobs/{id}/wait", wait_for_job},
    {"GetLogs", "GET", "/api/v1/jobs/{id}/logs", get_logs},
    {"Explain", "GET", "/api/v1/jobs/{id}/explain", explain_job},
    {"Cancel", "POST", "/api/v1/jobs/{id}/cancel", cancel_job},
    {"Terminate", "POST", "/api/v1/jobs/{id}/terminate", terminate_job},
    {"HoldJob", "POST", "/api/v1/jobs/{id}/hold", hold_job},
    {"ReleaseJob", "POST", "/api/v1/jobs/{id}/release", release_job},
    {"RerunJob", "POST", "/api/v1/jobs/{id}/rerun", rerun_job},
    {"PauseJobQueue", "POST", "/api/v1/queues/{id}/pause", pause_queue},
    {"ResumeJobQueue", "POST", "/api/v1/queues/{id}/resume", resume_queue},
    {"GetOverview", "GET", "/api/v1/overview", get_overview},
    {"ListHosts", "GET", "/api/v1/compute-environments/{id}/hosts", list_hosts},
    {"GetHost", "GET", "/api/v1/compute-environments/{id}/hosts/{host}", get_host},
    {"PutHost", "PUT", "/api/v1/compute-environments/{id}/hosts/{host}", put_host},
    {"DeleteHost", "DELETE", "/api/v1/compute-environments/{id}/hosts/{host}", delete_host},
    {"DrainHost", "POST", "/api/v1/compute-environments/{id}/hosts/{host}/drain", drain_host},
    {"ListDecisions", "GET", "/api/v1/compute-environments/{id}/decisions", list_decisions},
    {"GetEvents", "GET", "/api/v1/events", get_events},
    {"PutWebhook", "POST", "/api/v1/webhooks", put_webhook},
    {"ListWebhooks", "GET", "/api/v1/webhooks", list_webhooks},
    {"GetWebhook", "GET", "/api/v1/webhooks/{id}", get_webhook},
    {"DeleteWebhook", "DELETE", "/api/v1/webhooks/{id}", delete_webhook},
    {"ListWebhookFailures", "GET", "/api/v1/webhooks/{id}/failures", list_webhook_failures},
    {"ClearWebhookFailures", "DELETE", "/api/v1/webhooks/{id}/failures", clear_webhook_failures},
    {"RedeliverWebhook", "POST", "/api/v1/webhooks/{id}/redeliver", redeliver_webhook},
    {"GetUsage", "GET", "/api/v1/usage", get_usage},
    {"GetClientFile", "GET", "/client/{id}", get_client_file},
    {"GetMetrics", "GET", "/metrics", get_metrics},
    {"GetHealth", "GET", "/healthz", get_healthz},
    {"GetReadiness", "GET", "/readyz", get_readyz},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Json resources_of(const model::Resources& resources) {
    return Json{{"vcpus", static_cast<double>(resources.vcpu.value) / 1000.0},
                {"memoryMiB", resources.memory.value},
                {"gpus", resources.gpus}};
}

Task<store::JobDetail> find_job(const Services* services, std::string text) {
    const auto id = model::parse_job_id(model::name_of(services->scope, "job", text));
    if (!id) co_return std::unexpected(id.error());
    auto jobs = co_await read(services, [id = *id](store::Reader& reader) {
        auto found = reader.jobs(std::span(&id, 1));
        if (!found || found->empty()) return found;
        if (auto noted = note_awaited(reader, found->front()); !noted) {
            found = std::unexpected(std::move(noted).error());
        }
        return found;
    });
    if (!jobs) co_return error_of(jobs);
    if (jobs->empty()) co_return fail(ErrorKind::NotFound, "job '" + text + "' does not exist");
    co_return std::move(jobs->front());
}

Result<std::int64_t> number_of(const http::Request& request, std::string_view key,
                               std::int64_t fallback, std::int64_t min, std::int64_t max) {
    const auto text = request.query_value(key);
    if (!text) return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < min || value > max) {
        return invalid_argument(
            fmt::format("{} '{}' is not a number from {} to {}", key, *text, min, max));
    }
    return value;
}

}  // namespace batchd::api::native
