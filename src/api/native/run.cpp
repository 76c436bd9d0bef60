// POST /api/v1/run: runs a container without a job definition.
#include "api/batch/submit_job.hpp"
#include "api/errors.hpp"
#include "api/job_options.hpp"
#include "api/native/routes.hpp"
#include "api/native/run_request.hpp"
#include "api/warnings.hpp"

#include <fmt/format.h>

namespace batchd::api::native {
namespace {

constexpr std::size_t kMaxHinted = 20;  // queues

/// The definition lives as long as this request: the job keeps what it resolves to.
Result<batch::Submission> prepare(const Services& services, RunRequest run) {
    BATCHD_TRY(model::validate(run.definition, services.containers));
    const model::DefinitionRow row{
        .name = run.definition.job_definition_name,
        .revision = 0,
        .document = std::make_shared<const model::JobDefinition>(std::move(run.definition)),
        .created_at = services.clock.now()};
    return batch::prepare(services, run.submit, row);
}

/// For a queue that is not there.
std::string hint_for(const Services& services, const std::string& queue) {
    const auto view = services.engine.view();
    if (view->find_queue(model::name_of(services.scope, "job-queue", queue))) return {};
    std::vector<std::string_view> names;
    for (const auto& known : view->queues) {
        if (names.size() == kMaxHinted) break;
        names.push_back(known.name);
    }
    if (names.empty()) return "there is no job queue yet; CreateJobQueue makes one";
    return fmt::format("there are the queues {}", fmt::join(names, ", "));
}

}  // namespace

Task<http::Response> run_job(NativeCall call) {
    auto key = key_of(call.request);
    if (!key) co_return error_of(key);
    auto run = parse_run(call.request);
    if (!run) co_return native_error(run.error().error, run.error().hint);
    auto laid = lay_in_token(run->submit.client_token, fingerprint(call.request.body), *key);
    if (!laid) co_return error_of(laid);
    const std::string name = run->submit.job_name;
    const std::string queue = run->submit.job_queue;
    auto submission = prepare(*call.services, *std::move(run));
    const bool is_sound = submission.has_value();
    auto submitted = co_await batch::submit(call.services, std::move(submission), std::move(*key));
    if (!submitted && !is_sound) co_return error_of(submitted);
    if (!submitted) co_return native_error(submitted.error(), hint_for(*call.services, queue));
    auto answer = batch::accepted(*call.services, submitted->id, name);
    if (!submitted->warnings.empty()) answer.warnings = submitted->warnings;
    auto response = json_response(200, json::to_text(answer) + "\n");
    if (submitted->is_replay) response.headers.add(std::string(kReplayHeader), "true");
    add_warnings(response, submitted->warnings);
    co_return response;
}

}  // namespace batchd::api::native
