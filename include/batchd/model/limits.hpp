// How much one request, one job and one daemon may have. The operator may set each otherwise.
#pragma once

#include <cstdint>

namespace batchd::model {

/// The defaults are batchd's own: AWS protects a service that many accounts share, a daemon has the
/// machine of its operator. They only bound what one mistaken client can store.
struct Limits {
    std::int64_t register_job_definition_bytes = 1'048'576;  ///< of the request's body
    std::int64_t submit_job_bytes = 1'048'576;
    std::int64_t submit_service_job_bytes = 1'048'576;
    std::int64_t container_overrides_characters = 1'048'576;  ///< as JSON in ECS's form
    std::int64_t array_size = 10'000;                         ///< children of one array
    std::int64_t depends_on = 1000;                           ///< entries of one job
    std::int64_t batch_jobs = 10'000;                         ///< submitted by one request
    std::int64_t job_queues = 10'000;
    std::int64_t compute_environments = 10'000;
    std::int64_t service_environments = 10'000;
    std::int64_t consumable_resources = 1'000'000;
    std::int64_t active_shares = 10'000;  ///< share identifiers in use in one queue
};

inline constexpr Limits kAwsLimits{.register_job_definition_bytes = 24'576,
                                   .submit_job_bytes = 30'720,
                                   .submit_service_job_bytes = 30'720,
                                   .container_overrides_characters = 8192,
                                   .array_size = 10'000,
                                   .depends_on = 20,
                                   .batch_jobs = 10'000,
                                   .job_queues = 50,
                                   .compute_environments = 50,
                                   .service_environments = 50,
                                   .consumable_resources = 50'000,
                                   .active_shares = 500};

}  // namespace batchd::model
