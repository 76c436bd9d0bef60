// batchd's own API, for curl, CI and dashboards.
#pragma once

#include "api/call.hpp"

#include <span>
#include <string>
#include <string_view>

namespace batchd::api::native {

struct NativeCall {
    const Services* services = nullptr;
    http::Request request;
    std::string id;    ///< what stands for {id} in the path, decoded
    std::string host;  ///< likewise for {host}
};

using Handler = Task<http::Response> (*)(NativeCall);

/// `{id}` and `{host}` in a path match one segment each.
struct Route {
    std::string_view name;  ///< label in the metrics
    std::string_view method;
    std::string_view path;
    Handler handler;
};

std::span<const Route> routes();

Task<http::Response> search_jobs(NativeCall call);
Task<http::Response> run_job(NativeCall call);
Task<http::Response> submit_jobs(NativeCall call);
Task<http::Response> get_job(NativeCall call);
Task<http::Response> wait_for_job(NativeCall call);
Task<http::Response> wait_for_jobs(NativeCall call);
Task<http::Response> cancel_job(NativeCall call);
Task<http::Response> terminate_job(NativeCall call);
Task<http::Response> hold_job(NativeCall call);
Task<http::Response> release_job(NativeCall call);
Task<http::Response> rerun_job(NativeCall call);
Task<http::Response> pause_queue(NativeCall call);
Task<http::Response> resume_queue(NativeCall call);
Task<http::Response> get_logs(NativeCall call);
Task<http::Response> explain_job(NativeCall call);
Task<http::Response> get_overview(NativeCall call);
Task<http::Response> list_hosts(NativeCall call);
Task<http::Response> get_host(NativeCall call);
Task<http::Response> put_host(NativeCall call);
Task<http::Response> drain_host(NativeCall call);
Task<http::Response> delete_host(NativeCall call);
Task<http::Response> list_decisions(NativeCall call);
Task<http::Response> get_events(NativeCall call);
Task<http::Response> put_webhook(NativeCall call);
Task<http::Response> list_webhooks(NativeCall call);
Task<http::Response> get_webhook(NativeCall call);
Task<http::Response> delete_webhook(NativeCall call);
Task<http::Response> list_webhook_failures(NativeCall call);
Task<http::Response> clear_webhook_failures(NativeCall call);
Task<http::Response> redeliver_webhook(NativeCall call);
Task<http::Response> get_usage(NativeCall call);
Task<http::Response> get_client_file(NativeCall call);
Task<http::Response> get_metrics(NativeCall call);
Task<http::Response> get_healthz(NativeCall call);
Task<http::Response> get_readyz(NativeCall call);

/// As answers show them: vCPUs, memory, GPUs.
Json resources_of(const model::Resources& resources);

/// The stored job; NotFound with the id if there is none.
Task<store::JobDetail> find_job(const Services* services, std::string id);

/// A decimal query parameter; `fallback` if it is absent. InvalidArgument names key, value and
/// range.
Result<std::int64_t> number_of(const http::Request& request, std::string_view key,
                               std::int64_t fallback, std::int64_t min, std::int64_t max);

}  // namespace batchd::api::native
