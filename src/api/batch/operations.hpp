// The operations of AWS Batch, each in a file of its own, and the table that routes to them.
#pragma once

#include "api/call.hpp"

#include <span>
#include <string_view>

namespace batchd::api::batch {

using Handler = Task<Answer> (*)(Call);

struct Operation {
    std::string_view name;
    Handler handler;
};

/// Every operation that is called by POST /v1/<lower-case name>.
std::span<const Operation> operations();

Task<Answer> cancel_job(Call call);
Task<Answer> create_compute_environment(Call call);
Task<Answer> create_consumable_resource(Call call);
Task<Answer> create_job_queue(Call call);
Task<Answer> create_quota_share(Call call);
Task<Answer> create_scheduling_policy(Call call);
Task<Answer> create_service_environment(Call call);
Task<Answer> delete_compute_environment(Call call);
Task<Answer> delete_consumable_resource(Call call);
Task<Answer> delete_job_queue(Call call);
Task<Answer> delete_quota_share(Call call);
Task<Answer> delete_scheduling_policy(Call call);
Task<Answer> delete_service_environment(Call call);
Task<Answer> deregister_job_definition(Call call);
Task<Answer> describe_compute_environments(Call call);
Task<Answer> describe_consumable_resource(Call call);
Task<Answer> describe_job_definitions(Call call);
Task<Answer> describe_job_queues(Call call);
Task<Answer> describe_jobs(Call call);
Task<Answer> describe_quota_share(Call call);
Task<Answer> describe_scheduling_policies(Call call);
Task<Answer> describe_service_environments(Call call);
Task<Answer> describe_service_job(Call call);
Task<Answer> explain_job(Call call);
Task<Answer> get_job_queue_snapshot(Call call);
Task<Answer> hold_job(Call call);
Task<Answer> list_consumable_resources(Call call);
Task<Answer> list_jobs_by_consumable_resource(Call call);
Task<Answer> list_jobs(Call call);
Task<Answer> list_quota_shares(Call call);
Task<Answer> list_scheduling_policies(Call call);
Task<Answer> list_service_jobs(Call call);
Task<Answer> pause_job_queue(Call call);
Task<Answer> register_job_definition(Call call);
Task<Answer> release_job(Call call);
Task<Answer> rerun_job(Call call);
Task<Answer> resume_job_queue(Call call);
Task<Answer> submit_job(Call call);
Task<Answer> submit_service_job(Call call);
Task<Answer> terminate_job(Call call);
Task<Answer> terminate_service_job(Call call);
Task<Answer> update_compute_environment(Call call);
Task<Answer> update_consumable_resource(Call call);
Task<Answer> update_job_queue(Call call);
Task<Answer> update_quota_share(Call call);
Task<Answer> update_scheduling_policy(Call call);
Task<Answer> update_service_environment(Call call);
Task<Answer> update_service_job(Call call);

/// model::quota_share_key of the share that an ARN names; nullopt for what is no such ARN.
std::optional<std::string> quota_share_key_of(const model::Scope& scope, std::string_view arn);

/// Tags have a path of their own: GET, POST, DELETE /v1/tags/{arn}. `call.body` is the body of
/// POST.
Task<Answer> list_tags_for_resource(Call call, std::string arn);
Task<Answer> tag_resource(Call call, std::string arn);
Task<Answer> untag_resource(Call call, std::string arn, std::vector<std::string> keys);

}  // namespace batchd::api::batch
