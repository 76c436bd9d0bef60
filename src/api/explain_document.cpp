#include "api/explain_document.hpp"

#include "api/job_detail.hpp"
#include "api/native/routes.hpp"
#include "api/pending_reason.hpp"
#include "batchd/core/explain.hpp"

#include <fmt/format.h>

#include <utility>

namespace batchd::api {
namespace {

using native::resources_of;

double to_vcpus(MilliVcpu amount) { return static_cast<double>(amount.value) / 1000; }

Json json_of(const core::Fact& fact) {
    Json json{{"code", fact.code}, {"text", fact.text}};
    for (const auto& [name, value] : fact.details) {
        std::visit([&](const auto& held) { json[name] = held; }, value);
    }
    return json;
}

Json json_of(const std::vector<core::Obstacle>& obstacles) {
    Json list = Json::array();
    for (const auto& obstacle : obstacles) list.push_back(json_of(obstacle.fact));
    return list;
}

Json json_of(const core::HostExplanation& host) {
    Json json{{"name", host.name},
              {"status", host.is_up ? "UP" : "UNAVAILABLE"},
              {"draining", host.is_draining},
              {"attempts", host.attempts},
              {"wouldEverFit", host.fits_when_empty},
              {"obstacles", json_of(host.obstacles)}};
    if (host.is_known && !host.is_fargate) {
        json["free"] = resources_of(host.free);
        json["total"] = resources_of(host.total);
    }
    if (host.kept_for) json["keptFor"] = to_string(*host.kept_for);
    return json;
}

Json json_of(const core::EnvironmentExplanation& environment) {
    Json hosts = Json::array();
    for (const auto& host : environment.hosts) hosts.push_back(json_of(host));
    Json json{{"name", environment.name},
              {"state", environment.state},
              {"status", environment.status},
              {"open", environment.is_open},
              {"platform", environment.is_fargate ? "FARGATE" : "EC2"},
              {"usedVcpus", to_vcpus(environment.used)},
              {"obstacles", json_of(environment.obstacles)},
              {"hosts", std::move(hosts)}};
    if (environment.limit) json["maxVcpus"] = to_vcpus(*environment.limit);
    if (const auto& elastic = environment.elastic) {
        Json plan{{"instancesBooting", elastic->booting},
                  {"instancesLaunching", elastic->launching}};
        if (!elastic->unserved.empty()) plan["unserved"] = elastic->unserved;
        if (!elastic->trouble.empty()) plan["trouble"] = elastic->trouble;
        if (elastic->decision > 0) plan["decision"] = elastic->decision;
        json["scaling"] = std::move(plan);
    }
    return json;
}

Json json_of(const core::Position& position) {
    Json json{{"before", position.before},
              {"exact", position.is_exact},
              {"waiting", position.waiting},
              {"inQueuesOfHigherPriority", position.in_queues_before}};
    if (position.head) json["head"] = to_string(*position.head);
    return json;
}

Json json_of(const core::ShareExplanation& share) {
    Json json{{"shareIdentifier", share.identifier},
              {"weightFactor", share.weight},
              {"usage", share.usage},
              {"usedVcpus", to_vcpus(share.used)},
              {"place", share.place},
              {"of", share.of},
              {"queueUsedVcpus", to_vcpus(share.queue_used)}};
    if (share.usable) json["computeReservationLeavesVcpus"] = to_vcpus(*share.usable);
    return json;
}

Json json_of(const core::RunExplanation& run, Timestamp now) {
    Json json{{"attempt", run.attempt},
              {"computeEnvironment", run.environment},
              {"host", run.host},
              {"hostStatus", run.is_host_up ? "UP" : "UNAVAILABLE"}};
    if (run.started_at) {
        json["startedAt"] = to_epoch_ms(*run.started_at);
    } else {
        json["startingSince"] = to_epoch_ms(run.starting_since);
        json["startingSeconds"] = (now - run.starting_since).count() / 1000;
        json["doing"] = run.has_container ? "its container is being started"
                                          : "its image is being pulled or its container made";
    }
    if (run.deadline) json["timeoutAt"] = to_epoch_ms(*run.deadline);
    return json;
}

Json json_of(const core::Counterfactual& way) {
    Json changes = Json::array();
    std::string text;
    for (const auto& change : way.changes) {
        changes.push_back(json_of(change));
        text += (text.empty() ? "" : " and ") + change.text;
    }
    return Json{{"text", text}, {"changesJobOnly", way.is_own}, {"changes", std::move(changes)}};
}

void add_consumables(const core::Explanation& explanation, Json& out) {
    if (explanation.consumables.empty()) return;
    Json list = Json::array();
    for (const auto& one : explanation.consumables) {
        Json entry{{"consumableResource", one.name},
                   {"asked", one.asked},
                   {"available", one.available},
                   {"heldByJobs", one.holders}};
        if (one.total) entry["total"] = *one.total;
        list.push_back(std::move(entry));
    }
    out["consumableResources"] = std::move(list);
}

void add_waiting(const core::Explanation& explanation, Json& out) {
    out["asks"] = resources_of(explanation.asked);
    if (explanation.nodes > 0) out["nodes"] = explanation.nodes;
    if (explanation.position) out["position"] = json_of(*explanation.position);
    out["obstacles"] = json_of(explanation.obstacles);
    if (explanation.share) out["share"] = json_of(*explanation.share);
    add_consumables(explanation, out);
    out["computeEnvironments"] = Json::array();
    for (const auto& environment : explanation.environments) {
        out["computeEnvironments"].push_back(json_of(environment));
    }
    out["wouldStartIf"] = Json::array();
    for (const auto& way : explanation.would_start_if) out["wouldStartIf"].push_back(json_of(way));
}

void add_end(const store::JobDetail& job, Json& out) {
    std::string text =
        fmt::format("The job {} after {} attempts", to_string(job.state.status), job.state.attempt);
    if (!job.attempts.empty()) {
        const auto& last = job.attempts.back();
        Json attempt{{"number", last.id.number}, {"statusReason", last.status_reason}};
        if (last.exit_code) {
            attempt["exitCode"] = *last.exit_code;
            text += fmt::format("; the last one ended with exit code {}", *last.exit_code);
        }
        if (!last.reason.empty()) {
            attempt["reason"] = last.reason;
            text += ": " + last.reason;
        }
        if (!last.host.empty()) attempt["host"] = last.host;
        out["lastAttempt"] = std::move(attempt);
    }
    if (!job.state.status_reason.empty()) text += " (" + job.state.status_reason + ")";
    out["ended"] = text + ".";
}

/// A job as it is stored, and those that it waits for.
struct Stored {
    store::JobDetail job;
    std::vector<core::Awaited> awaited;
    std::vector<store::JobDetail> others;
};

Result<std::optional<Stored>> find(store::Reader& reader, const model::JobId& id) {
    auto jobs = reader.jobs(std::span(&id, 1));
    if (!jobs) return std::unexpected(std::move(jobs).error());
    if (jobs->empty()) return std::nullopt;
    Stored found{.job = std::move(jobs->front()), .awaited = {}, .others = {}};
    BATCHD_TRY(note_awaited(reader, found.job));
    found.awaited = awaited_of(found.job.spec);
    return found;
}

/// Why those wait or run that the job waits for.
Result<std::vector<store::JobDetail>> find_others(
    store::Reader& reader, const std::vector<core::UnmetDependency>& dependencies) {
    std::vector<model::JobId> ids;
    for (const auto& dependency : dependencies) ids.push_back(dependency.id);
    auto jobs = reader.jobs(ids);
    if (!jobs) return jobs;
    for (auto& job : *jobs) BATCHD_TRY(note_awaited(reader, job));
    return jobs;
}

std::string reason_of(const engine::View& view, const store::JobDetail& job) {
    return status_reason(view, view.find_queue(job.queue), job.shape, job.state);
}

Json dependencies_of(const engine::View& view, const core::Explanation& explanation,
                     const std::vector<store::JobDetail>& others) {
    Json list = Json::array();
    for (const auto& dependency : explanation.dependencies) {
        Json entry{{"jobId", to_string(dependency.id)}, {"status", to_string(dependency.status)}};
        if (!dependency.type.empty()) entry["type"] = dependency.type;
        for (const auto& other : others) {
            if (other.id != dependency.id) continue;
            entry["jobName"] = other.name;
            if (auto reason = reason_of(view, other); !reason.empty()) {
                entry["statusReason"] = std::move(reason);
            }
        }
        list.push_back(std::move(entry));
    }
    return list;
}

Json compose(const Services& services, const Stored& stored,
             const std::optional<core::Explanation>& explanation) {
    const auto view = services.engine.view();
    const auto& job = stored.job;
    const auto status = explanation ? explanation->status : job.state.status;
    Json out{{"jobId", to_string(job.id)},
             {"jobName", job.name},
             {"jobQueue", job.queue},
             {"status", to_string(status)}};
    if (auto reason = reason_of(*view, job); !reason.empty()) {
        out["statusReason"] = std::move(reason);
    }
    if (!explanation) {
        if (model::is_terminal(status)) add_end(job, out);
        return out;
    }
    if (explanation->children) {
        Json counts = Json::object();
        for (std::size_t s = 0; s < explanation->children->size(); ++s) {
            counts[std::string(to_string(static_cast<model::JobStatus>(s)))] =
                explanation->children->at(s);
        }
        out["children"] = std::move(counts);
    }
    if (explanation->run) out["run"] = json_of(*explanation->run, services.clock.now());
    if (model::is_placed(status)) return out;
    if (!explanation->dependencies.empty()) {
        out["dependencies"] = dependencies_of(*view, *explanation, stored.others);
    }
    add_waiting(*explanation, out);
    return out;
}

}  // namespace

Task<Json> explain_document(const Services* services, std::string text) {
    const auto id = model::parse_job_id(model::name_of(services->scope, "job", text));
    if (!id) co_return std::unexpected(id.error());
    std::optional<Stored> stored;
    std::optional<core::Explanation> explanation;
    // A job may end between the two looks; the second round finds it ended.
    for (int round = 0; round < 2; ++round) {
        auto found =
            co_await read(services, [id = *id](store::Reader& reader) { return find(reader, id); });
        if (!found) co_return error_of(found);
        if (!*found) co_return fail(ErrorKind::NotFound, "job '" + text + "' does not exist");
        stored = std::move(*found);
        explanation = co_await look<std::optional<core::Explanation>>(
            services,
            [id = *id, awaited = stored->awaited, now = services->clock.now()](
                const core::State& state) { return core::explain(state, id, awaited, now); });
        if (explanation || model::is_terminal(stored->job.state.status)) break;
    }
    if (explanation && !explanation->dependencies.empty()) {
        auto others = co_await read(
            services, [dependencies = explanation->dependencies](store::Reader& reader) {
                return find_others(reader, dependencies);
            });
        if (!others) co_return error_of(others);
        stored->others = std::move(*others);
    }
    co_return compose(*services, *stored, explanation);
}

}  // namespace batchd::api
