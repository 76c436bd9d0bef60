// Why a job waits, or how it ended: the document of ExplainJob and GET /api/v1/jobs/{id}/explain.
#pragma once

#include "api/call.hpp"

#include <string>

namespace batchd::api {

/// By the job's id or ARN. InvalidArgument for what is none, NotFound if there is no such job.
Task<Json> explain_document(const Services* services, std::string job);

/// The same in a few lines for people.
std::string explain_text(const Json& document);

}  // namespace batchd::api
