// GET /api/v1/jobs/{id}/logs: the output of a job as plain text, once or until the job ends.
//
// A client whose connection broke goes on where it was: with the offset of the answer's header and
// the bytes of text that it has got since, as `offset` and `skip`.
#include "api/errors.hpp"
#include "api/native/routes.hpp"
#include "api/signal.hpp"
#include "api/task_detail.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <limits>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kMaxAttempt = 1'000'000;
constexpr std::int64_t kMaxTail = 1'000'000;
constexpr std::size_t kMaxTailBytes = std::size_t{64} << 20;
constexpr std::chrono::milliseconds kLookAtClient{1000};

/// One client that reads the output of one job.
struct LogTail {
    const Services* services = nullptr;
    model::JobId job;
    std::int32_t attempt = 1;
    std::size_t container = 0;  ///< index in the task
    bool follow = false;
    bool all_later_attempts = true;  ///< go on with the next attempt when this one is retried

    std::int64_t offset = 0;  ///< in the file
    std::int64_t skip = 0;    ///< bytes of text from there that the client has

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
        const auto seen = std::min(tail.skip, std::ssize(chunk));
        tail.skip -= seen;
        chunk.erase(0, static_cast<std::size_t>(seen));
        if (!chunk.empty() && !co_await writer.write(std::move(chunk))) co_return false;
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
        tail.skip = 0;
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

/// Where the last `lines` lines begin.
Task<std::int64_t> offset_of_last(const LogTail* tail, std::int64_t lines) {
    const logs::LogLimits limits{
        .events = static_cast<std::size_t>(std::max<std::int64_t>(1, lines)),
        .message_bytes = kMaxTailBytes};
    const auto page = co_await read(
        tail->services, [logs = &tail->services->logs, id = tail->log(), limits](store::Reader&) {
            return logs->read_backward(id, logs::LogStore::kEnd, limits);
        });
    if (!page) co_return std::unexpected(page.error());
    co_return lines == 0 ? page->end : page->begin;
}

/// From where the client wants the log: the last lines of it, or where an earlier answer broke off.
Task<LogTail> place(LogTail tail, const http::Request* request) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    const auto offset = number_of(*request, "offset", 0, 0, kMost);
    if (!offset) co_return std::unexpected(offset.error());
    const auto skip = number_of(*request, "skip", 0, 0, kMost);
    if (!skip) co_return std::unexpected(skip.error());
    const auto lines = number_of(*request, "tail", -1, 0, kMaxTail);
    if (!lines) co_return std::unexpected(lines.error());
    tail.offset = *offset;
    tail.skip = *skip;
    if (*lines < 0) co_return tail;
    const auto begin = co_await offset_of_last(&tail, *lines);
    if (!begin) co_return std::unexpected(begin.error());
    tail.offset = *begin;
    co_return tail;
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
    LogTail wanted{.services = call.services,
                   .job = job->id,
                   .attempt = *attempt > 0 ? static_cast<std::int32_t>(*attempt)
                                           : std::max(1, job->state.attempt),
                   .container = *container,
                   .follow = follow == "true" || follow == "1",
                   .all_later_attempts = *attempt == 0};
    const auto tail = co_await place(wanted, &call.request);
    if (!tail) co_return std::unexpected(tail.error());
    http::Response response;
    response.headers.add("X-Batchd-Log-Attempt", std::to_string(tail->attempt));
    response.headers.add("X-Batchd-Log-Offset", std::to_string(tail->offset));
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.stream = [tail = *tail](http::BodyWriter& writer) { return run(tail, writer); };
    co_return response;
}

}  // namespace batchd::api::native
