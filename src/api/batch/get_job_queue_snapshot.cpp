#include "api/batch/operations.hpp"
#include "batchd/base/json_text.hpp"

namespace batchd::api::batch {
namespace {

constexpr std::size_t kMostJobs = 100;

struct SnapshotRequest {
    std::string job_queue;
};
BOOST_DESCRIBE_STRUCT(SnapshotRequest, (), (job_queue))

using Front = std::optional<std::vector<core::WaitingJob>>;

Answer compose(const model::Scope& scope, const std::vector<core::WaitingJob>& front,
               Timestamp now) {
    std::string text = R"({"frontOfQueue":{"jobs":[)";
    for (const auto& job : front) {
        if (text.back() != '[') text += ',';
        json::ObjectText item(text);
        item.string("jobArn", model::job_arn(scope, job.id));
        item.number("earliestTimeAtPosition", to_epoch_ms(job.since));
        item.close();
    }
    text += R"(],"lastUpdatedAt":)" + std::to_string(to_epoch_ms(now)) + "}}";
    return Answer(std::move(text));
}

}  // namespace

/// The jobs that are served next, from the engine's own order.
Task<Answer> get_job_queue_snapshot(Call call) {
    auto request = json::decode<SnapshotRequest>(call.body);
    if (!request) co_return error_of(request);
    if (auto given = require("jobQueue", request->job_queue); !given) co_return error_of(given);
    const std::string name = model::name_of(call.scope(), "job-queue", request->job_queue);
    const Front front = co_await look<Front>(call.services, [name](const core::State& state) {
        const auto queue = state.find_queue(name);
        return queue ? Front(core::front_of_queue(state, state.queue(*queue), kMostJobs))
                     : std::nullopt;
    });
    if (!front) co_return fail(ErrorKind::NotFound, "JobQueue " + name + " does not exist.");
    co_return compose(call.scope(), *front, call.on().clock.now());
}

}  // namespace batchd::api::batch
