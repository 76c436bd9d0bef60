// What clients give beyond AWS's members: JobOptions in a body, keys against repetition in headers.
#pragma once

#include "api/call.hpp"
#include "batchd/http/message.hpp"
#include "batchd/model/changes.hpp"
#include "batchd/model/job_options.hpp"

namespace batchd::api {

/// "true" in the answer to a request that was answered before.
inline constexpr std::string_view kReplayHeader = "x-batchd-idempotent-replay";

/// Takes the members of JobOptions out of the body. Numbers and flags may be texts, as forms send
/// them; the deadline may be an ISO 8601 time. InvalidArgument names the member.
Result<model::JobOptions> take_options(Json& body);

/// The members of stored options, "maxParallel":3,...; for answers.
std::string members_of(const model::JobOptions& options);

/// The request's key: Idempotency-Key, which the client chose, else amz-sdk-invocation-id, which
/// SDKs repeat with each try of one call. nullopt without either; InvalidArgument for a key that is
/// too long or empty.
Result<std::optional<model::SubmissionKey>> key_of(const http::Request& request);
/// Of a clientToken in the body. `request`: as key_of gives it.
Result<model::SubmissionKey> key_of(const std::string& client_token, std::int64_t request);
/// A clientToken stands above the header's key.
Result<> lay_in_token(const std::optional<std::string>& client_token, std::int64_t request,
                      std::optional<model::SubmissionKey>& key);
/// Tells what was asked for from anything else.
std::int64_t fingerprint(std::string_view body);

/// Who calls, as far as the request says: X-Batchd-User, else the access key that signed it.
std::string caller_of(const http::Request& request);

}  // namespace batchd::api
