#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

constexpr Operation kOperations[] = {
    {"CancelJob", cancel_job},
    {"CreateComputeEnvironment", create_compute_environment},
    {"CreateConsumableResource", nullptr},
    {"CreateJobQueue", create_job_queue},
    {"CreateQuotaShare", nullptr},
    {"CreateSchedulingPolicy", nullptr},
    {"CreateServiceEnvironment", nullptr},
    {"DeleteComputeEnvironment", delete_compute_environment},
    {"DeleteConsumableResource", nullptr},
    {"DeleteJobQueue", delete_job_queue},
    {"DeleteQuotaShare", nullptr},
    {"DeleteSchedulingPolicy", nullptr},
    {"DeleteServiceEnvironment", nullptr},
    {"DeregisterJobDefinition", deregister_job_definition},
    {"DescribeComputeEnvironments", describe_compute_environments},
    {"DescribeConsumableResource", nullptr},
    {"DescribeJobDefinitions", describe_job_definitions},
    {"DescribeJobQueues", describe_job_queues},
    {"DescribeJobs", describe_jobs},
    {"DescribeQuotaShare", nullptr},
    {"DescribeSchedulingPolicies", nullptr},
    {"DescribeServiceEnvironments", nullptr},
    {"DescribeServiceJob", nullptr},
    {"GetJobQueueSnapshot", get_job_queue_snapshot},
    {"ListConsumableResources", nullptr},
    {"ListJobs", list_jobs},
    {"ListJobsByConsumableResource", nullptr},
    {"ListQuotaShares", nullptr},
    {"ListSchedulingPolicies", nullptr},
    {"ListServiceJobs", nullptr},
    {"RegisterJobDefinition", register_job_definition},
    {"SubmitJob", submit_job},
    {"SubmitServiceJob", nullptr},
    {"TerminateJob", terminate_job},
    {"TerminateServiceJob", nullptr},
    {"UpdateComputeEnvironment", update_compute_environment},
    {"UpdateConsumableResource", nullptr},
    {"UpdateJobQueue", update_job_queue},
    {"UpdateQuotaShare", nullptr},
    {"UpdateSchedulingPolicy", nullptr},
    {"UpdateServiceEnvironment", nullptr},
    {"UpdateServiceJob", nullptr},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

}  // namespace batchd::api::batch
