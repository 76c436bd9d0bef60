// RerunJob: runs a job again that has ended, as a new job; of an array all children, those that
// failed, or some. batchd's own.
#include "api/batch/operations.hpp"
#include "api/batch/submit_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace batchd::api::batch {
namespace {

struct RerunRequest {
    std::string job_id;
    std::optional<std::string> only;     ///< failed or all
    std::optional<std::string> indices;  ///< "3,7-9"
};
BOOST_DESCRIBE_STRUCT(RerunRequest, (), (job_id, only, indices))

std::unexpected<Error> bad_indices(const std::string& text, std::int32_t size) {
    return invalid_argument(fmt::format(
        "indices '{}' are not indexes and ranges from 0 to {}, such as \"3,7-9\"", text, size - 1));
}

Result<std::vector<std::int32_t>> parse_indices(const std::string& text, std::int32_t size) {
    std::set<std::int32_t> indices;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        std::int32_t first = 0;
        auto [rest, error] = std::from_chars(at, end, first);
        if (error != std::errc{}) return bad_indices(text, size);
        std::int32_t last = first;
        if (rest != end && *rest == '-') {
            const auto range = std::from_chars(rest + 1, end, last);
            if (range.ec != std::errc{}) return bad_indices(text, size);
            rest = range.ptr;
        }
        if (first < 0 || last < first || last >= size) return bad_indices(text, size);
        for (std::int32_t i = first; i <= last; ++i) indices.insert(i);
        if (rest == end) break;
        if (*rest != ',') return bad_indices(text, size);
        at = rest + 1;
    }
    return std::vector(indices.begin(), indices.end());
}

Result<std::vector<std::int32_t>> failed_children(store::Reader& reader, const model::JobId& id) {
    const auto page = reader.list_children(id, model::JobStatus::Failed, std::nullopt,
                                           std::numeric_limits<std::int32_t>::max());
    if (!page) return std::unexpected(page.error());
    std::vector<std::int32_t> indices;
    for (const auto& child : page->items) indices.push_back(child.id.index());
    return indices;
}

/// Empty: all.
Result<std::vector<std::int32_t>> chosen(const RerunRequest& request, const store::JobDetail& job,
                                         store::Reader& reader) {
    const std::string only = request.only.value_or("failed");
    if (only != "failed" && only != "all") {
        return invalid_argument("only '" + only + "' is not one of failed, all");
    }
    if (job.array_size == 0) {
        if (request.indices) return invalid_argument("indices are for array jobs");
        return std::vector<std::int32_t>{};
    }
    if (request.indices) return parse_indices(*request.indices, job.array_size);
    if (only == "all") return std::vector<std::int32_t>{};
    auto failed = failed_children(reader, job.id);
    if (failed && failed->empty()) {
        return fail(ErrorKind::Conflict,
                    "no child of job " + to_string(job.id) +
                        " has failed: there is nothing to run again (only=all runs all of them)");
    }
    return failed;
}

/// "name:revision" at the end of an ARN.
void take_definition(const std::string& arn, core::SubmitJob& event) {
    const auto slash = arn.rfind('/') + 1;
    const auto colon = arn.rfind(':');
    event.definition_name = arn.substr(slash, colon - slash);
    std::from_chars(arn.data() + colon + 1, arn.data() + arn.size(), event.definition_revision);
}

/// The job as it was asked for, but for what it waited for and until when.
Result<core::SubmitJob> submission_of(const Services& services, const store::JobDetail& job) {
    auto spec = json::parse_as<model::JobSpec>(job.spec);
    if (!spec) return std::unexpected(std::move(spec).error());
    std::erase_if(spec->depends_on,
                  [](const model::JobDependency& one) { return one.job_id.has_value(); });
    if (spec->options) spec->options->deadline.reset();
    spec->rerun_of = to_string(job.id);
    core::SubmitJob event;
    event.id = model::JobId{.uuid = make_uuid(services.clock.now())};
    event.queue = job.queue;
    event.name = job.name;
    take_definition(spec->job_definition, event);
    event.traits = model::traits_of(*spec, job.shape);
    event.traits.array_size = job.array_size;
    event.spec = json::to_text(*spec);
    event.tags = job.tags;
    return event;
}

Result<Submission> rerun(const Services& services, const RerunRequest& request,
                         const model::JobId& id, store::Reader& reader) {
    const auto jobs = reader.jobs(std::span(&id, 1));
    if (!jobs) return std::unexpected(jobs.error());
    if (jobs->empty()) {
        return fail(ErrorKind::NotFound, "job '" + request.job_id + "' does not exist");
    }
    const store::JobDetail& job = jobs->front();
    if (!model::is_terminal(job.state.status)) {
        return fail(ErrorKind::Conflict, "job '" + request.job_id + "' is " +
                                             std::string(to_string(job.state.status)) +
                                             ": only a job that has ended can be run again");
    }
    auto event = submission_of(services, job);
    if (!event) return error_of(event);
    auto children = chosen(request, job, reader);
    if (!children) return error_of(children);
    event->only_children = std::move(*children);
    return Submission{.event = std::move(*event)};
}

/// Empty if it cannot be told: the job was accepted all the same.
std::string job_name_of(store::Reader& reader, const model::JobId& id) {
    const auto jobs = reader.jobs(std::span(&id, 1));
    return jobs && !jobs->empty() ? jobs->front().name : "";
}

}  // namespace

Task<Answer> rerun_job(Call call) {
    auto request = json::decode<RerunRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobId", request->job_id); !given) co_return error_of(given);
    const auto id = model::parse_job_id(model::name_of(call.scope(), "job", request->job_id));
    if (!id) co_return std::unexpected(id.error());
    if (id->part != 0) {
        co_return invalid_argument("jobId '" + request->job_id +
                                   "' is a part of a job: give the whole job's id, and indices");
    }
    auto submission = co_await read(call.services, [services = call.services, request = *request,
                                                    id = *id](store::Reader& reader) {
        return rerun(*services, request, id, reader);
    });
    std::string name = submission ? submission->event.name : "";
    auto submitted = co_await submit(call.services, std::move(submission), call.key);
    if (!submitted) co_return error_of(submitted);
    if (name.empty()) {  // a replay, and the job that it ran again is stored no more
        name = co_await read(call.services, [id = submitted->id](store::Reader& reader) {
            return job_name_of(reader, id);
        });
    }
    Answer answer(json::to_text(accepted(call.on(), submitted->id, name)));
    answer.is_replay = submitted->is_replay;
    co_return answer;
}

}  // namespace batchd::api::batch
