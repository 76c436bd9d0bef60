// The operations of AWS Batch, each in a file of its own, and the table that routes to them.
#pragma once

#include "api/call.hpp"

#include <span>
#include <string_view>

namespace batchd::api::batch {

using Handler = Task<Json> (*)(Call);

struct Operation {
    std::string_view name;
    Handler handler;  ///< null: known to the model, not served yet
};

/// Every operation that is called by POST /v1/<lower-case name>.
std::span<const Operation> operations();

Task<Json> cancel_job(Call call);
Task<Json> create_compute_environment(Call call);
Task<Json> create_job_queue(Call call);
Task<Json> delete_compute_environment(Call call);
Task<Json> delete_job_queue(Call call);
Task<Json> deregister_job_definition(Call call);
Task<Json> describe_compute_environments(Call call);
Task<Json> describe_job_definitions(Call call);
Task<Json> describe_job_queues(Call call);
Task<Json> describe_jobs(Call call);
Task<Json> list_jobs(Call call);
Task<Json> register_job_definition(Call call);
Task<Json> submit_job(Call call);
Task<Json> terminate_job(Call call);
Task<Json> update_compute_environment(Call call);
Task<Json> update_job_queue(Call call);

/// Tags have a path of their own: GET, POST, DELETE /v1/tags/{arn}. `call.body` is the body of
/// POST.
Task<Json> list_tags_for_resource(Call call, std::string arn);
Task<Json> tag_resource(Call call, std::string arn);
Task<Json> untag_resource(Call call, std::string arn, std::vector<std::string> keys);

}  // namespace batchd::api::batch
