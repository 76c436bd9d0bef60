#include "cli/client.hpp"

#include "batchd/base/json.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <poll.h>

namespace batchd::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstDelay = 50ms;
constexpr milliseconds kLongestDelay = 2s;

bool is_transient(int status) { return status == 429 || status == 503; }

Failure failure_of(const Response& response) {
    Failure failure{.exit_code = exit_code_of_status(response.status), .status = response.status};
    const auto body = json::parse(response.body);
    if (body && body->is_object()) {
        failure.message = body->value("message", "");
        failure.hint = body->value("hint", "");
    }
    if (failure.message.empty()) {
        failure.message = fmt::format("the daemon answered {}", response.status);
    }
    return failure;
}

Failure interrupted() { return {.exit_code = kSignalBase, .is_interrupted = true}; }

/// True if the descriptor became readable.
bool sleep_for(milliseconds time, int interrupt) {
    pollfd wait{.fd = interrupt, .events = POLLIN, .revents = 0};
    return ::poll(&wait, interrupt >= 0 ? 1 : 0, static_cast<int>(time.count())) > 0;
}

}  // namespace

/// The tries that failed since the daemon was last heard of.
struct Client::Failures {
    std::optional<Clock::time_point> since{};
    milliseconds delay = kFirstDelay;
};

Client::Client(Settings settings)
    : settings_(std::move(settings)), http_(settings_.url), random_(std::random_device{}()) {}

std::expected<Response, NoAnswer> Client::try_once(Request request, bool& made_progress) {
    if (request.on_data) {
        request.on_data = [&, on_data = std::move(request.on_data)](const Response& response,
                                                                    std::string_view data) {
            made_progress = true;
            on_data(response, data);
        };
    }
    return http_.perform(request, interrupt_);
}

Outcome<bool> Client::pause(Failures& failures, const std::string& why) {
    const auto patience = settings_.patience.value_or(has_answered_ ? kPatience : kFirstPatience);
    const auto now = Clock::now();
    if (!failures.since) {
        failures.since = now;
        if (settings_.tells_waits && patience > 0ms) {
            fmt::print(stderr, "batchd: {} does not answer ({}); trying again for {} s\n",
                       http_.url(), why,
                       std::chrono::duration_cast<std::chrono::seconds>(patience).count());
        }
    }
    const auto left = *failures.since + patience - now;
    if (left <= 0ms) return false;
    // Jitter: many clients lose the same daemon at once.
    const auto most = std::min<milliseconds>(failures.delay,
                                             std::chrono::duration_cast<milliseconds>(left) + 1ms);
    std::uniform_int_distribution<milliseconds::rep> pick(most.count() / 2, most.count());
    failures.delay = std::min(failures.delay * 2, kLongestDelay);
    if (sleep_for(milliseconds{pick(random_)}, interrupt_)) return std::unexpected(interrupted());
    return true;
}

Outcome<Response> Client::send(const std::function<Request()>& make, Repeat repeat) {
    Failures failures;
    while (true) {
        bool made_progress = false;
        const auto answer = try_once(make(), made_progress);
        std::string why;
        if (answer) {
            has_answered_ = true;
            if (answer->status < 400) return *answer;
            Failure failure = failure_of(*answer);
            if (!is_transient(answer->status)) return std::unexpected(std::move(failure));
            why = std::move(failure.message);
        } else {
            if (answer.error().why == NoAnswer::Why::Interrupted) {
                return std::unexpected(interrupted());
            }
            why = answer.error().message;
            if (answer.error().why == NoAnswer::Why::Broken && repeat == Repeat::IfNotReceived) {
                return std::unexpected(Failure{
                    .exit_code = kUnreachable,
                    .message = fmt::format("the connection to {} broke ({}); whether the daemon "
                                           "did it is not known",
                                           http_.url(), why)});
            }
        }
        if (made_progress) failures = {};
        const auto more = pause(failures, why);
        if (!more) return std::unexpected(more.error());
        if (*more) continue;
        return std::unexpected(
            Failure{.exit_code = kUnreachable,
                    .message = fmt::format("{} does not answer: {}", http_.url(), why),
                    .hint = "is the daemon running there? --url or BATCHD_URL names another"});
    }
}

Outcome<Response> Client::send(Request request, Repeat repeat) {
    return send([&request] { return request; }, repeat);
}

Outcome<nlohmann::json> Client::send_for_json(Request request, Repeat repeat) {
    auto response = send(std::move(request), repeat);
    if (!response) return std::unexpected(std::move(response).error());
    auto document = json::parse(response->body);
    if (document && document->is_object()) return *std::move(document);
    return std::unexpected(Failure{
        .exit_code = kUnreachable,
        .message = fmt::format("{} answered no JSON object: is it a batchd?", http_.url())});
}

Outcome<nlohmann::json> Client::get(const std::string& path) {
    return send_for_json({.path = path});
}

std::string job_path(const std::string& id, const std::string& rest) {
    return "/api/v1/jobs/" + percent_encode(id) + rest;
}

Request post(std::string path, const nlohmann::json& body) {
    return {.method = "POST",
            .path = std::move(path),
            .headers = {{"Content-Type", "application/json"}},
            .body = json::dump(body)};
}

}  // namespace batchd::cli
