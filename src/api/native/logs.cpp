// GET /api/v1/jobs/{id}/logs: the output of a job as plain text, once or until the job ends.
#include "api/errors.hpp"
#include "api/native/routes.hpp"
#include "api/signal.hpp"
#include "api/task_detail.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kMaxAttempt = 1'000'000;
constexpr std::chrono::milliseconds kLookAtClient{1000};

/// One client that reads the output of one job.
struct LogTail {
    const Services* services = nullptr;
    model::JobId job;
    std::int32_t attempt = 1;
    std::size_t container = 0;  ///< index in the task
    bool follow = false;
    bool all_later_attempts = true;  ///< go on with the next attempt when this one is retried

    std::int64_t offset = 0;

    model::LogId log() const { return {{.job = job, .number = attempt}, container}; }
};

struct Progress {
    bool attempt_ended = false;
    bool job_ended = false;
    bool has_next_attempt = false;
};

Task<Progress> look(const LogTail& tail) {
    co_return co_await read(
        tail.services,
        [id = tail.job, number = tail.attempt](store::Reader& reader) -> Result<Progress> {
            auto status = reader.job_status(id);
            if (!status) return error_of(status);
            auto attempts = reader.attempts(id);
            if (!attempts) return error_of(attempts);
            Progress progress;
            progress.job_ended = *status && model::is_terminal(**status);
            for (const auto& attempt : *attempts) {
                if (attempt.id.number == number) {
                    progress.attempt_ended = attempt.stopped_at.has_value();
                }
                if (attempt.id.number > number) progress.has_next_attempt = true;
            }
            return progress;
        });
}

/// Sends what is there from the offset on. False when the client is gone.
boost::asio::awaitable<bool> send_new(LogTail& tail, http::BodyWriter& writer) {
    while (true) {
        auto page = co_await read(
            tail.services, [logs = &tail.services->logs, id = tail.log(), offset = tail.offset](
                               store::Reader&) { return logs->read_forward(id, offset, {}); });
        if (!page || page->events.empty()) co_return true;
        tail.offset = page->end;
        std::string chunk;
        for (const auto& event : page->events) chunk += event.message + '\n';
        if (!co_await writer.write(std::move(chunk))) co_return false;
    }
}

/// False if the output goes on, but not to this client.
boost::asio::awaitable<bool> run(LogTail tail, http::BodyWriter& writer) {
    auto signal = std::make_shared<Signal>(co_await boost::asio::this_coro::executor);
    const auto wake = [signal] { signal->notify(); };
    const auto subscription = tail.services->watch.subscribe(tail.job, wake);
    while (true) {
        const auto follower = tail.services->logs.follow(tail.log(), wake);
        while (true) {
            // Looked at before reading: what an ended attempt wrote is all there.
            const auto progress = co_await look(tail);
            if (!progress || !co_await send_new(tail, writer)) co_return false;
            if (!tail.follow) co_return true;
            const bool is_done = progress->attempt_ended || progress->has_next_attempt;
            if (progress->job_ended || (is_done && !tail.all_later_attempts)) co_return true;
            if (is_done) break;
            co_await signal->wait(kLookAtClient);
            if (writer.closed() || tail.services->watch.is_closed()) co_return false;
        }
        ++tail.attempt;
        tail.offset = 0;
    }
}

/// The index of the container that the client named; else of the first essential one.
Result<std::size_t> container_of(const http::Request& request, const store::JobDetail& job) {
    const auto name = request.query_value("container");
    const auto task = task_in(job.spec);
    if (!name) return task ? model::first_essential(*task) : 0;
    if (!task && *name == model::kOnlyContainer) return 0;
    const auto index = task ? model::find_container(*task, *name) : std::nullopt;
    if (index) return *index;
    return fail(ErrorKind::NotFound,
                "job '" + to_string(job.id) + "' has no container '" + std::string(*name) + "'");
}

}  // namespace

Task<http::Response> get_logs(NativeCall call) {
    auto job = co_await find_job(call.services, call.id);
    if (!job) co_return error_of(job);
    auto attempt = number_of(call.request, "attempt", 0, 1, kMaxAttempt);
    if (!attempt) co_return error_of(attempt);
    // The next attempt may be waited for, as long as there can be one.
    const bool may_come = !model::is_terminal(job->state.status);
    if (*attempt > job->state.attempt + (may_come ? 1 : 0)) {
        co_return fail(ErrorKind::NotFound, "job '" + call.id + "' has no attempt " +
                                                std::to_string(*attempt) + ", but " +
                                                std::to_string(job->state.attempt) + " so far");
    }
    const auto follow = call.request.query_value("follow").value_or("false");
    if (follow != "true" && follow != "false" && follow != "1" && follow != "0") {
        co_return invalid_argument("follow '" + std::string(follow) + "' is not true or false");
    }
    auto container = container_of(call.request, *job);
    if (!container) co_return error_of(container);
    LogTail tail{.services = call.services,
                 .job = job->id,
                 .attempt = *attempt > 0 ? static_cast<std::int32_t>(*attempt)
                                         : std::max(1, job->state.attempt),
                 .container = *container,
                 .follow = follow == "true" || follow == "1",
                 .all_later_attempts = *attempt == 0};
    http::Response response;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.stream = [tail](http::BodyWriter& writer) { return run(tail, writer); };
    co_return response;
}

}  // namespace batchd::api::native
