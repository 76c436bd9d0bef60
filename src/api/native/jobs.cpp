// GET /api/v1/jobs/{id}, and the long polls: for one job by GET /api/v1/jobs/{id}/wait, for several
// by POST /api/v1/jobs:wait.
#include "api/errors.hpp"
#include "api/job_detail.hpp"
#include "api/native/routes.hpp"
#include "api/signal.hpp"
#include "api/text_table.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kDefaultWaitSeconds = 50;  // botocore gives up reading after 60
constexpr std::int64_t kMaxWaitSeconds = 900;
constexpr std::size_t kMaxJobs = 1000;

/// What is waited for. That can never come once a job FAILED, unless it is the end.
enum class Until { Terminal, Running, Succeeded };

struct WaitRequest {
    std::vector<std::string> jobs;
    std::string until = "terminal";
    bool any = false;  ///< one job is enough
    std::int64_t timeout = kDefaultWaitSeconds;
};
BOOST_DESCRIBE_STRUCT(WaitRequest, (), (jobs, until, any, timeout))

Result<Until> parse_until(std::string_view text) {
    if (text == "terminal") return Until::Terminal;
    if (text == "running") return Until::Running;
    if (text == "succeeded") return Until::Succeeded;
    return invalid_argument(fmt::format("until '{}' is not running, succeeded or terminal", text));
}

struct Wait {
    std::vector<model::JobId> jobs;
    Until until = Until::Terminal;
    bool any = false;
    std::chrono::steady_clock::time_point deadline;
};

using Jobs = std::vector<store::JobDetail>;

bool has_reached(model::JobStatus status, Until until) {
    return model::is_terminal(status) ||
           (until == Until::Running && status == model::JobStatus::Running);
}

/// Whether more waiting cannot change the answer.
bool is_over(const Wait& wait, const Jobs& jobs) {
    const auto status = [](const store::JobDetail& job) { return job.state.status; };
    const auto reached = [&](model::JobStatus s) { return has_reached(s, wait.until); };
    if (wait.any) return std::ranges::any_of(jobs, reached, status);
    if (wait.until == Until::Succeeded &&
        std::ranges::find(jobs, model::JobStatus::Failed, status) != jobs.end()) {
        return true;
    }
    return std::ranges::all_of(jobs, reached, status);
}

/// In the order of the ids; NotFound if one of them does not exist.
Task<Jobs> read_jobs(const Services* services, const std::vector<model::JobId>* ids) {
    auto jobs = co_await read(
        services, [ids](store::Reader& reader) { return reader.jobs(std::span(*ids)); });
    if (!jobs || jobs->size() == ids->size()) co_return jobs;
    std::size_t known = 0;
    while (known < jobs->size() && (*jobs)[known].id == (*ids)[known]) ++known;
    co_return fail(ErrorKind::NotFound, "job '" + to_string((*ids)[known]) + "' does not exist");
}

/// The jobs as they are when the wait is over, at the latest at its deadline.
Task<Jobs> wait_until_over(const Services* services, Wait wait) {
    auto signal = std::make_shared<Signal>(co_await boost::asio::this_coro::executor);
    std::vector<std::unique_ptr<events::JobWatch::Subscription>> subscriptions;
    for (const auto& id : wait.jobs) {
        subscriptions.push_back(services->watch.subscribe(id, [signal] { signal->notify(); }));
    }
    while (true) {
        auto jobs = co_await read_jobs(services, &wait.jobs);
        if (!jobs) co_return error_of(jobs);
        const auto left = std::chrono::duration_cast<Milliseconds>(
            wait.deadline - std::chrono::steady_clock::now());
        if (is_over(wait, *jobs) || left <= Milliseconds{0} || services->watch.is_closed()) {
            co_return jobs;
        }
        co_await signal->wait(left);
    }
}

void append_job(std::string& text, const Services& services, const store::JobDetail& job) {
    append_job_detail(
        text, services, *services.engine.view(), job,
        model::is_terminal(job.state.status) ? R"("isTerminal":true)" : R"("isTerminal":false)");
}

std::string as_text(const engine::View& view, const store::JobDetail& job) {
    const auto& state = job.state;
    const auto reason = status_reason(view, view.find_queue(job.queue), job.shape, state);
    TextTable facts({"member", "value"});
    facts.add({"job", to_string(job.id)});
    facts.add({"name", job.name});
    facts.add({"queue", job.queue});
    facts.add({"status", std::string(to_string(state.status))});
    facts.add({"reason", reason});
    facts.add({"created", to_iso8601(job.created_at)});
    facts.add({"started", time_text(state.started_at)});
    facts.add({"stopped", time_text(state.stopped_at)});
    facts.add({"tags", job.tags});
    TextTable attempts({"attempt", "host", "started", "stopped", "exit", "reason"});
    for (const auto& attempt : job.attempts) {
        attempts.add({std::to_string(attempt.id.number), attempt.host,
                      time_text(attempt.started_at), time_text(attempt.stopped_at),
                      attempt.exit_code ? std::to_string(*attempt.exit_code) : "",
                      attempt.reason.empty() ? attempt.status_reason : attempt.reason});
    }
    return facts.text() + (job.attempts.empty() ? "" : "\n" + attempts.text());
}

http::Response answer(const NativeCall& call, const store::JobDetail& job) {
    const Services& services = *call.services;
    if (wants_text(call.request)) return text_response(as_text(*services.engine.view(), job));
    std::string text;
    append_job(text, services, job);
    text += '\n';
    return json_response(200, std::move(text));
}

http::Response answer(const Services& services, const Jobs& jobs, bool is_done) {
    std::string text = is_done ? R"({"isDone":true,"jobs":[)" : R"({"isDone":false,"jobs":[)";
    for (const auto& job : jobs) {
        if (&job != &jobs.front()) text += ',';
        append_job(text, services, job);
    }
    text += "]}\n";
    return json_response(200, std::move(text));
}

Result<Wait> to_wait(const Services& services, const WaitRequest& request) {
    const auto until = parse_until(request.until);
    if (!until) return std::unexpected(until.error());
    if (request.timeout < 0 || request.timeout > kMaxWaitSeconds) {
        return invalid_argument(fmt::format("timeout '{}' is not a number from 0 to {}",
                                            request.timeout, kMaxWaitSeconds));
    }
    if (request.jobs.empty() || request.jobs.size() > kMaxJobs) {
        return invalid_argument(
            fmt::format("jobs must name 1 to {} jobs, got {}", kMaxJobs, request.jobs.size()));
    }
    Wait wait{.jobs = {}, .until = *until, .any = request.any, .deadline = {}};
    for (const auto& text : request.jobs) {
        const auto id = model::parse_job_id(model::name_of(services.scope, "job", text));
        if (!id) return std::unexpected(id.error());
        wait.jobs.push_back(*id);
    }
    wait.deadline = std::chrono::steady_clock::now() + Seconds{request.timeout};
    return wait;
}

}  // namespace

Task<http::Response> get_job(NativeCall call) {
    auto job = co_await find_job(call.services, call.id);
    if (!job) co_return error_of(job);
    co_return answer(call, *job);
}

/// Answers when the job has ended, at the latest after `timeout` seconds: `isTerminal` tells which.
Task<http::Response> wait_for_job(NativeCall call) {
    const auto timeout =
        number_of(call.request, "timeout", kDefaultWaitSeconds, 0, kMaxWaitSeconds);
    if (!timeout) co_return std::unexpected(timeout.error());
    const WaitRequest request{
        .jobs = {call.id},
        .until = std::string(call.request.query_value("until").value_or("terminal")),
        .any = false,
        .timeout = *timeout};
    const auto wait = to_wait(*call.services, request);
    if (!wait) co_return std::unexpected(wait.error());
    auto jobs = co_await wait_until_over(call.services, *wait);
    if (!jobs) co_return error_of(jobs);
    co_return answer(call, jobs->front());
}

/// Likewise for several jobs; `isDone` tells whether what was waited for has come, or cannot come
/// any more.
Task<http::Response> wait_for_jobs(NativeCall call) {
    auto request = json::parse_as<WaitRequest>(call.request.body);
    if (!request) co_return error_of(request);
    const auto wait = to_wait(*call.services, *request);
    if (!wait) co_return std::unexpected(wait.error());
    auto jobs = co_await wait_until_over(call.services, *wait);
    if (!jobs) co_return error_of(jobs);
    co_return answer(*call.services, *jobs, is_over(*wait, *jobs));
}

}  // namespace batchd::api::native
