// GET /api/v1/jobs/{id} and its long poll.
#include "api/errors.hpp"
#include "api/job_detail.hpp"
#include "api/native/routes.hpp"
#include "api/signal.hpp"

#include <boost/asio/this_coro.hpp>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kDefaultWaitSeconds = 50;  // botocore gives up reading after 60
constexpr std::int64_t kMaxWaitSeconds = 900;

http::Response answer(const Services& services, const store::JobDetail& job) {
    std::string text;
    append_job_detail(
        text, services, *services.engine.view(), job,
        model::is_terminal(job.state.status) ? R"("isTerminal":true)" : R"("isTerminal":false)");
    text += '\n';
    return json_response(200, std::move(text));
}

}  // namespace

Task<http::Response> get_job(NativeCall call) {
    auto job = co_await find_job(call.services, call.id);
    if (!job) co_return error_of(job);
    co_return answer(*call.services, *job);
}

/// Answers when the job has ended, at the latest after `timeout` seconds: `isTerminal` tells which.
Task<http::Response> wait_for_job(NativeCall call) {
    auto timeout = number_of(call.request, "timeout", kDefaultWaitSeconds, 0, kMaxWaitSeconds);
    if (!timeout) co_return error_of(timeout);
    const auto deadline = std::chrono::steady_clock::now() + Seconds{*timeout};
    auto signal = std::make_shared<Signal>(co_await boost::asio::this_coro::executor);
    auto job = co_await find_job(call.services, call.id);
    if (!job) co_return error_of(job);
    const auto subscription =
        call.services->watch.subscribe(job->id, [signal] { signal->notify(); });
    while (true) {
        job = co_await find_job(call.services, call.id);
        if (!job) co_return error_of(job);
        const auto left =
            std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
        if (model::is_terminal(job->state.status) || left <= Milliseconds{0} ||
            call.services->watch.is_closed()) {
            co_return answer(*call.services, *job);
        }
        co_await signal->wait(left);
    }
}

}  // namespace batchd::api::native
