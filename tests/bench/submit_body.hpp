// What a client sends to submit a job.
#pragma once

#include <cstddef>
#include <string>

namespace batchd::bench {

/// The body of a typical SubmitJob, about 320 bytes.
std::string submit_body(std::size_t number);

}  // namespace batchd::bench
