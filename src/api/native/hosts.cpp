// The Docker hosts of a compute environment: PUT, GET, DELETE
// /api/v1/compute-environments/{id}/hosts/{host}, GET .../hosts, POST .../hosts/{host}/drain.
#include "api/errors.hpp"
#include "api/native/routes.hpp"

#include <algorithm>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kLongestDrainSeconds = 30LL * 24 * 60 * 60;
constexpr std::size_t kMostAttempts = 1000;  // that are listed

std::string_view to_string(model::HostOrigin origin) {
    switch (origin) {
        case model::HostOrigin::Registered:
            return "REGISTERED";
        case model::HostOrigin::Configured:
            return "CONFIGURED";
        case model::HostOrigin::Launched:
            return "LAUNCHED";
    }
    return "";
}

Json detail_of(const engine::HostView& host) {
    const model::HostRow& row = *host.row;
    Json detail = json::encode(row.document);
    detail["computeEnvironment"] = host.environment;
    detail["origin"] = to_string(row.origin);
    detail["status"] = host.is_up ? "UP" : "UNAVAILABLE";
    if (!host.is_up) detail["reason"] = host.down_reason;
    if (host.is_known) detail["capacity"] = resources_of(host.capacity);
    detail["used"] = resources_of(host.used);
    detail["runningAttempts"] = host.running;
    detail["deleting"] = row.is_deleting;
    detail["createdAt"] = to_epoch_ms(row.created_at);
    if (row.drain_deadline) detail["drainDeadline"] = to_epoch_ms(*row.drain_deadline);
    return detail;
}

std::string environment_of(const NativeCall& call) {
    return model::name_of(call.services->scope, "compute-environment", call.id);
}

const engine::HostView* find_host(const engine::View& view, const NativeCall& call) {
    const std::string environment = environment_of(call);
    const auto found = std::ranges::find_if(view.hosts, [&](const engine::HostView& host) {
        return host.row && host.name == call.host && host.environment == environment;
    });
    return found == view.hosts.end() ? nullptr : &*found;
}

std::unexpected<Error> no_host(const NativeCall& call) {
    return fail(ErrorKind::NotFound, "computeEnvironment '" + environment_of(call) +
                                         "' has no host '" + call.host + "'");
}

http::Response answer(const Json& document) {
    return json_response(200, json::dump(document) + "\n");
}

/// What the host is after a change.
Result<http::Response> present(const NativeCall& call) {
    const auto view = call.services->engine.view();
    const auto* host = find_host(*view, call);
    if (!host) return no_host(call);
    return answer(detail_of(*host));
}

Json attempts_on(const core::State& state, const std::string& host) {
    Json list = Json::array();
    const auto index = state.find_host(host);
    if (!index) return list;
    for (const core::JobIndex job : state.host(*index).attempts) {
        if (list.size() == kMostAttempts) break;
        const auto& id = state.job(job).run->attempt.id;
        list.push_back(Json{{"jobId", model::to_string(id.job)}, {"attempt", id.number}});
    }
    return list;
}

}  // namespace

Task<http::Response> list_hosts(NativeCall call) {
    const auto view = call.services->engine.view();
    const auto* environment = view->find_environment(environment_of(call));
    if (!environment) {
        co_return fail(ErrorKind::NotFound,
                       "computeEnvironment '" + environment_of(call) + "' does not exist");
    }
    Json hosts = Json::array();
    if (environment->has_own_hosts) {
        for (const std::size_t h : environment->hosts) {
            if (view->hosts[h].row) hosts.push_back(detail_of(view->hosts[h]));
        }
    }
    const bool uses_local = !environment->has_own_hosts && !environment->hosts.empty();
    co_return answer(Json{{"hosts", std::move(hosts)}, {"usesLocalEngine", uses_local}});
}

Task<http::Response> get_host(NativeCall call) {
    const auto view = call.services->engine.view();
    const auto* host = find_host(*view, call);
    if (!host) co_return no_host(call);
    Json detail = detail_of(*host);
    detail["attempts"] = co_await look<Json>(
        call.services,
        [name = call.host](const core::State& state) { return attempts_on(state, name); });
    co_return answer(detail);
}

Task<http::Response> put_host(NativeCall call) {
    auto host = json::parse_as<model::Host>(call.request.body);
    if (!host) co_return error_of(host);
    if (host->name.empty()) host->name = call.host;
    if (host->name != call.host) {
        co_return invalid_argument("name '" + host->name + "' must be the one in the path, '" +
                                   call.host + "'");
    }
    if (auto valid = model::validate(*host, call.services->allow_plain_tcp); !valid) {
        co_return error_of(valid);
    }
    auto done = co_await execute(call.services, core::PutHost{.environment = environment_of(call),
                                                              .document = std::move(*host)});
    if (!done) co_return error_of(done);
    co_return present(call);
}

Task<http::Response> drain_host(NativeCall call) {
    const auto seconds = number_of(call.request, "deadlineSeconds", -1, 0, kLongestDrainSeconds);
    if (!seconds) co_return std::unexpected(seconds.error());
    core::DrainHost event{.environment = environment_of(call), .host = call.host, .deadline = {}};
    if (*seconds >= 0) event.deadline = call.services->clock.now() + Seconds{*seconds};
    auto done = co_await execute(call.services, std::move(event));
    if (!done) co_return error_of(done);
    // A launched one without attempts is ended at once.
    if (!find_host(*call.services->engine.view(), call)) {
        co_return answer(Json{{"name", call.host}, {"removed", true}});
    }
    co_return present(call);
}

/// Answers whether the host is gone already, or goes with its last attempt.
Task<http::Response> delete_host(NativeCall call) {
    const auto force = call.request.query_value("force");
    if (force && *force != "true" && *force != "false") {
        co_return invalid_argument("force '" + std::string(*force) + "' must be true or false");
    }
    auto done =
        co_await execute(call.services, core::DeleteHost{.environment = environment_of(call),
                                                         .host = call.host,
                                                         .force = force == "true"});
    if (!done) co_return error_of(done);
    const bool is_gone = find_host(*call.services->engine.view(), call) == nullptr;
    co_return answer(Json{{"name", call.host}, {"removed", is_gone}});
}

}  // namespace batchd::api::native
