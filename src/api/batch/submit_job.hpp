// From what a client submits to the engine's event: the steps that SubmitJob shares with batchd's
// own ways to submit. Any thread.
#pragma once

#include "api/call.hpp"
#include "batchd/model/job.hpp"

namespace batchd::api::batch {

struct Submission {
    core::SubmitJob event;  ///< with a new id
    bool propagates_tags = false;
    std::vector<std::string> warnings = {};  ///< what was asked for and has no effect
};

/// InvalidArgument for a wrong type. Takes empty overrides out of the body.
Result<model::SubmitJobRequest> decode_submission(Json& body);

/// Finds the job definition, merges both and checks all that can be checked without the engine's
/// state. Without a reader INACTIVE revisions in their grace are not found. NotFound if there is no
/// such definition, InvalidArgument with AWS's text if a rule is broken.
Result<Submission> prepare(const Services& services, const model::SubmitJobRequest& request,
                           store::Reader* reader);
/// With a definition of the caller's, which is validated; the request's jobDefinition is ignored.
Result<Submission> prepare(const Services& services, const model::SubmitJobRequest& request,
                           const model::DefinitionRow& definition);

/// AWS: with propagateTags the task gets the tags of the job and of its definition, and the job
/// fails if they are too many. Our containers get none. `tags` are the job's.
Result<> check_task_tags(store::Reader& reader, Submission& submission, model::StringMap tags);

struct Submitted {
    model::JobId id;
    bool is_replay = false;  ///< of the first submission with that key
    std::vector<std::string> warnings = {};
};

/// Hands the job to the engine. What was refused before that, because the world has changed, but
/// repeats a submission that was accepted, is answered as that one was.
Task<Submitted> submit(const Services* services, Result<Submission> submission,
                       std::optional<model::SubmissionKey> key);

/// The answer to a job that was accepted.
struct Accepted {
    std::string job_arn;
    std::string job_name;
    std::string job_id;
    std::optional<std::vector<std::string>> warnings = {};  ///< in batchd's own answers
};
BOOST_DESCRIBE_STRUCT(Accepted, (), (job_arn, job_name, job_id, warnings))
Accepted accepted(const Services& services, const model::JobId& id, const std::string& name);

}  // namespace batchd::api::batch
