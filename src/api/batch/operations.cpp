#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr Operation kOperations[] = {
    {"CancelJob", cancel_job},
    {"CreateComputeEnvironment", create_compute_environment},
    {"CreateConsumableResource", create_consumable_resource},
    {"CreateJobQueue", create_job_queue},
    {"CreateQuotaShare", nullptr},
    {"CreateSchedulingPolicy", create_scheduling_policy},
    {"CreateServiceEnvironment", create_service_environment},
    {"DeleteComputeEnvironment", delete_compute_environment},
    {"DeleteConsumableResource", delete_consumable_resource},
    {"DeleteJobQueue", delete_job_queue},
    {"DeleteQuotaShare", nullptr},
    {"DeleteSchedulingPolicy", delete_scheduling_policy},
    {"DeleteServiceEnvironment", delete_service_environment},
    {"DeregisterJobDefinition", deregister_job_definition},
    {"DescribeComputeEnvironments", describe_compute_environments},
    {"DescribeConsumableResource", describe_consumable_resource},
    {"DescribeJobDefinitions", describe_job_definitions},
    {"DescribeJobQueues", describe_job_queues},
    {"DescribeJobs", describe_jobs},
    {"DescribeQuotaShare", nullptr},
    {"DescribeSchedulingPolicies", describe_scheduling_policies},
    {"DescribeServiceEnvironments", describe_service_environments},
    {"DescribeServiceJob", nullptr},
    {"GetJobQueueSnapshot", get_job_queue_snapshot},
    {"ListConsumableResources", list_consumable_resources},
    {"ListJobs", list_jobs},
    {"ListJobsByConsumableResource", list_jobs_by_consumable_resource},
    {"ListQuotaShares", nullptr},
    {"ListSchedulingPolicies", list_scheduling_policies},
    {"ListServiceJobs", nullptr},
    {"RegisterJobDefinition", register_job_definition},
    {"SubmitJob", submit_job},
    {"SubmitServiceJob", nullptr},
    {"TerminateJob", terminate_job},
    {"TerminateServiceJob", nullptr},
    {"UpdateComputeEnvironment", update_compute_environment},
    {"UpdateConsumableResource", update_consumable_resource},
    {"UpdateJobQueue", update_job_queue},
    {"UpdateQuotaShare", nullptr},
    {"UpdateSchedulingPolicy", update_scheduling_policy},
    {"UpdateServiceEnvironment", update_service_environment},
    {"UpdateServiceJob", nullptr},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

}  // namespace batchd::api::batch
