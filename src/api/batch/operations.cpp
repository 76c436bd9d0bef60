#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr Operation kOperations[] = {
    {"CancelJob", cancel_job},
    {"CreateComputeEnvironment", create_compute_environment},
    {"CreateConsumableResource", create_consumable_resource},
    {"CreateJobQueue", create_job_queue},
    {"CreateQuotaShare", create_quota_share},
    {"CreateSchedulingPolicy", create_scheduling_policy},
    {"CreateServiceEnvironment", create_service_environment},
    {"DeleteComputeEnvironment", delete_compute_environment},
    {"DeleteConsumableResource", delete_consumable_resource},
    {"DeleteJobQueue", delete_job_queue},
    {"DeleteQuotaShare", delete_quota_share},
    {"DeleteSchedulingPolicy", delete_scheduling_policy},
    {"DeleteServiceEnvironment", delete_service_environment},
    {"DeregisterJobDefinition", deregister_job_definition},
    {"DescribeComputeEnvironments", describe_compute_environments},
    {"DescribeConsumableResource", describe_consumable_resource},
    {"DescribeJobDefinitions", describe_job_definitions},
    {"DescribeJobQueues", describe_job_queues},
    {"DescribeJobs", describe_jobs},
    {"DescribeQuotaShare", describe_quota_share},
    {"DescribeSchedulingPolicies", describe_scheduling_policies},
    {"DescribeServiceEnvironments", describe_service_environments},
    {"DescribeServiceJob", describe_service_job},
    {"ExplainJob", explain_job},
    {"GetJobQueueSnapshot", get_job_queue_snapshot},
    {"HoldJob", hold_job},
    {"ListConsumableResources", list_consumable_resources},
    {"ListJobs", list_jobs},
    {"ListJobsByConsumableResource", list_jobs_by_consumable_resource},
    {"ListQuotaShares", list_quota_shares},
    {"ListSchedulingPolicies", list_scheduling_policies},
    {"ListServiceJobs", list_service_jobs},
    {"PauseJobQueue", pause_job_queue},
    {"RegisterJobDefinition", register_job_definition},
    {"ReleaseJob", release_job},
    {"RerunJob", rerun_job},
    {"ResumeJobQueue", resume_job_queue},
    {"SubmitJob", submit_job},
    {"SubmitServiceJob", submit_service_job},
    {"TerminateJob", terminate_job},
    {"TerminateServiceJob", terminate_service_job},
    {"UpdateComputeEnvironment", update_compute_environment},
    {"UpdateConsumableResource", update_consumable_resource},
    {"UpdateJobQueue", update_job_queue},
    {"UpdateQuotaShare", update_quota_share},
    {"UpdateSchedulingPolicy", update_scheduling_policy},
    {"UpdateServiceEnvironment", update_service_environment},
    {"UpdateServiceJob", update_service_job},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

}  // namespace batchd::api::batch
