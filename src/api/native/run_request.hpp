// POST /api/v1/run: one container to run, told in one request without a job definition. Any thread.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/http/message.hpp"
#include "batchd/model/job.hpp"

#include <expected>
#include <string>

namespace batchd::api::native {

struct RunRequest {
    model::JobDefinition definition;  ///< checked by no rule yet
    model::SubmitJobRequest submit;
};

struct RunRefusal {
    Error error;
    std::string hint;  ///< what to do next
};

/// The body may be JSON or an HTML form. Besides its own members it takes those of SubmitJob that
/// name no definition and override none. InvalidArgument names the member, its value and its rule.
std::expected<RunRequest, RunRefusal> parse_run(const http::Request& request);

}  // namespace batchd::api::native
