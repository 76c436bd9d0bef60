// Quota shares: parts of the capacity of a queue for service jobs.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

constexpr auto kKind = model::ResourceKind::QuotaShare;

void put_row(State& state, const std::string& key, model::ResourceDocument document,
             Timestamp created_at) {
    state.step.changes.resources.push_back(
        {.kind = kKind, .name = key, .document = std::move(document), .created_at = created_at});
}

Result<Kept<model::QuotaShare>*> existing(State& state, const std::string& key) {
    const auto found = state.quota_shares.find(key);
    if (found != state.quota_shares.end()) return &found->second;
    return fail(ErrorKind::NotFound, "quotaShare '" + key + "' does not exist");
}

bool has_jobs(const State& state, const model::QuotaShare& share) {
    const auto queue = state.find_queue(share.job_queue);
    return queue &&
           !front_of_service_queue(state, state.queue(*queue), share.quota_share_name, 1).empty();
}

}  // namespace

bool has_quota_policy(const State& state, const Queue& queue) {
    const auto& name = queue.row.document.scheduling_policy_arn;
    if (!name) return false;
    const auto policy = state.scheduling_policies.find(*name);
    return policy != state.scheduling_policies.end() && policy->second.document.quota_share_policy;
}

Result<> expect_share(const State& state, const Queue& queue, const model::ServiceJob& job) {
    const std::string& name = queue.row.document.job_queue_name;
    if (has_quota_policy(state, queue)) {
        if (!job.quota_share_name) {
            return invalid_argument("quotaShareName is required: job queue '" + name +
                                    "' has a quota-share scheduling policy");
        }
        const auto share =
            state.quota_shares.find(model::quota_share_key(name, *job.quota_share_name));
        if (share == state.quota_shares.end() || share->second.document.state != "ENABLED") {
            return invalid_argument("quotaShareName '" + *job.quota_share_name +
                                    "' is no ENABLED quota share of job queue '" + name + "'");
        }
        return {};
    }
    if (job.quota_share_name) {
        return invalid_argument("quotaShareName '" + *job.quota_share_name + "': job queue '" +
                                name + "' has no quota-share scheduling policy");
    }
    const bool is_fair = fairness_of(state, queue) != nullptr;
    if (is_fair == job.share_identifier.has_value()) return {};
    return invalid_argument(
        is_fair ? "shareIdentifier is required: job queue '" + name +
                      "' has a fair-share scheduling policy"
                : "Job with shareIdentifier or schedulingPriority can onlybe submitted to job "
                  "queue with fair share scheduling policy.");
}

Result<Reply> decide(State& state, CreateQuotaShare&& event, Timestamp now) {
    const model::QuotaShare& share = event.document;
    const auto queue = state.find_queue(share.job_queue);
    if (!queue) return fail(ErrorKind::NotFound, "JobQueue " + share.job_queue + " not found.");
    if (!has_quota_policy(state, state.queue(*queue))) {
        return invalid_argument("jobQueue '" + share.job_queue +
                                "' has no scheduling policy with a quotaSharePolicy: only such "
                                "queues, of type SAGEMAKER_TRAINING, have quota shares");
    }
    const std::string key = model::quota_share_key(share.job_queue, share.quota_share_name);
    const auto [entry, is_new] = state.quota_shares.try_emplace(key, share, now);
    if (!is_new) {
        return fail(ErrorKind::Conflict, "Object already exists: quotaShare '" + key + "'");
    }
    put_row(state, key, share, now);
    put_tags(state, {.kind = kKind, .name = key, .job = {}}, std::move(event.tags));
    return Reply{};
}

Result<Reply> decide(State& state, UpdateQuotaShare&& event, Timestamp) {
    const auto share = existing(state, event.key);
    if (!share) return std::unexpected(share.error());
    model::QuotaShare document = (*share)->document;
    model::merge(document, event.update);
    BATCHD_TRY(model::validate(document));
    put_row(state, event.key, document, (*share)->created_at);
    (*share)->document = std::move(document);
    return Reply{};
}

Result<Reply> decide(State& state, DeleteQuotaShare&& event, Timestamp) {
    const auto share = existing(state, event.key);
    if (!share) return std::unexpected(share.error());
    if ((*share)->document.state != "DISABLED") {
        return fail(ErrorKind::Conflict, "Cannot delete, quotaShare '" + event.key +
                                             "' is ENABLED: its state must be DISABLED");
    }
    if (has_jobs(state, (*share)->document)) {
        return fail(ErrorKind::Conflict, "Cannot delete, quotaShare '" + event.key +
                                             "' has service jobs that have not ended");
    }
    state.quota_shares.erase(event.key);
    put_row(state, event.key, std::monostate{}, {});
    return Reply{};
}

void drop_quota_shares(State& state, const std::string& queue) {
    const std::string prefix = model::quota_share_key(queue, "");
    auto share = state.quota_shares.lower_bound(prefix);
    while (share != state.quota_shares.end() && share->first.starts_with(prefix)) {
        put_row(state, share->first, std::monostate{}, {});
        share = state.quota_shares.erase(share);
    }
}

}  // namespace batchd::core
