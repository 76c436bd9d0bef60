#include "api/batch/operations.hpp"
#include "batchd/base/json_text.hpp"

#include <algorithm>

namespace batchd::api::batch {
namespace {

constexpr std::size_t kMostJobs = 100;

struct SnapshotRequest {
    std::string job_queue;
};
BOOST_DESCRIBE_STRUCT(SnapshotRequest, (), (job_queue))

constexpr std::size_t kMostShares = 20;

struct ShareUsage {
    std::string identifier;
    MilliVcpu used;
};

struct Snapshot {
    std::vector<core::WaitingJob> front;
    MilliVcpu used;
    std::size_t active_shares = 0;
    std::optional<std::vector<ShareUsage>> shares;  ///< of a fair-share queue, the largest first
    bool has_service_jobs = false;
    /// Of a queue with quota shares, by name.
    std::optional<std::map<std::string, std::vector<core::WaitingJob>>> quota_shares;
};

void take_shares(const model::FairsharePolicy& policy, const core::Queue& queue, Timestamp now,
                 Snapshot& snapshot) {
    auto& shares = snapshot.shares.emplace();
    for (const auto& [identifier, index] : queue.share_index) {
        const core::Share& share = queue.shares[index.value];
        if (!core::is_active(policy, share, now)) continue;
        ++snapshot.active_shares;
        shares.push_back({.identifier = identifier, .used = share.used});
    }
    std::ranges::sort(shares, std::greater<>{}, &ShareUsage::used);
    if (shares.size() > kMostShares) shares.resize(kMostShares);
}

void take_service_jobs(const core::State& state, const core::Queue& queue, Snapshot& snapshot) {
    snapshot.has_service_jobs = true;
    if (!core::has_quota_policy(state, queue)) {
        snapshot.front = core::front_of_service_queue(state, queue, {}, kMostJobs);
        return;
    }
    auto& shares = snapshot.quota_shares.emplace();
    for (const auto& [key, share] : state.quota_shares) {
        if (share.document.job_queue != queue.row.document.job_queue_name) continue;
        const std::string& name = share.document.quota_share_name;
        shares.emplace(name, core::front_of_service_queue(state, queue, name, kMostJobs));
    }
}

std::optional<Snapshot> take_snapshot(const core::State& state, const std::string& name,
                                      Timestamp now) {
    const auto index = state.find_queue(name);
    if (!index) return std::nullopt;
    const core::Queue& queue = state.queue(*index);
    Snapshot snapshot;
    if (model::is_for_service_jobs(queue.row.document)) {
        take_service_jobs(state, queue, snapshot);
        return snapshot;
    }
    snapshot.front = core::front_of_queue(state, queue, kMostJobs, now);
    snapshot.used = queue.used;
    if (const auto* policy = core::fairness_of(state, queue)) {
        take_shares(*policy, queue, now, snapshot);
    }
    return snapshot;
}

Json capacity(MilliVcpu used) {
    return Json::array(
        {{{"capacityUnit", "VCPU"}, {"quantity", static_cast<double>(used.value) / 1000}}});
}

Json utilization_of(const Snapshot& snapshot, Timestamp now) {
    Json utilization{{"totalCapacityUsage", capacity(snapshot.used)},
                     {"lastUpdatedAt", to_epoch_ms(now)}};
    if (!snapshot.shares) return utilization;
    Json top = Json::array();
    for (const auto& share : *snapshot.shares) {
        top.push_back(
            {{"shareIdentifier", share.identifier}, {"capacityUsage", capacity(share.used)}});
    }
    utilization["fairshareUtilization"] = {{"activeShareCount", snapshot.active_shares},
                                           {"topCapacityUtilization", std::move(top)}};
    return utilization;
}

/// A list of jobs, which may be long, as JSON text.
std::string jobs_text(const model::Scope& scope, const std::vector<core::WaitingJob>& jobs,
                      bool are_service_jobs) {
    std::string text = "[";
    for (const auto& job : jobs) {
        if (text.back() != '[') text += ',';
        json::ObjectText item(text);
        item.string("jobArn", are_service_jobs
                                  ? model::batch_arn(scope, "service-job", to_string(job.id))
                                  : model::job_arn(scope, job.id));
        item.number("earliestTimeAtPosition", to_epoch_ms(job.since));
        item.close();
    }
    return text + "]";
}

Answer compose(const model::Scope& scope, const Snapshot& snapshot, Timestamp now) {
    const std::string updated = R"(,"lastUpdatedAt":)" + std::to_string(to_epoch_ms(now)) + "}";
    std::string text = R"({"frontOfQueue":{"jobs":)" +
                       jobs_text(scope, snapshot.front, snapshot.has_service_jobs) + updated;
    if (snapshot.quota_shares) {
        text += R"(,"frontOfQuotaShares":{"quotaShares":{)";
        for (const auto& [name, jobs] : *snapshot.quota_shares) {
            if (text.back() != '{') text += ',';
            text += '"' + name + "\":" + jobs_text(scope, jobs, true);
        }
        text += "}" + updated;
    }
    if (!snapshot.has_service_jobs) {
        text += R"(,"queueUtilization":)" + utilization_of(snapshot, now).dump();
    }
    return Answer(text + "}");
}

}  // namespace

/// The jobs that are served next, from the engine's own order.
Task<Answer> get_job_queue_snapshot(Call call) {
    auto request = json::decode<SnapshotRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    const std::string name = model::name_of(call.scope(), "job-queue", request->job_queue);
    const Timestamp now = call.on().clock.now();
    const auto snapshot = co_await look<std::optional<Snapshot>>(
        call.services,
        [name, now](const core::State& state) { return take_snapshot(state, name, now); });
    if (!snapshot) co_return fail(ErrorKind::NotFound, "JobQueue " + name + " does not exist.");
    co_return compose(call.scope(), *snapshot, now);
}

}  // namespace batchd::api::batch
