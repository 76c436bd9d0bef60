#include "cli/log_follower.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace batchd::cli {

LogFollower::LogFollower(Client& client, LogWanted wanted, LogSink sink)
    : client_(client), wanted_(std::move(wanted)), sink_(std::move(sink)) {}

Request LogFollower::request() {
    std::string query = fmt::format("/logs?attempt={}", wanted_.attempt);
    if (wanted_.follow) query += "&follow=true";
    if (!wanted_.container.empty()) query += "&container=" + percent_encode(wanted_.container);
    if (!offset_.empty()) {
        query += fmt::format("&offset={}&skip={}", offset_, got_);
    } else if (wanted_.tail) {
        query += fmt::format("&tail={}", *wanted_.tail);
    }
    Request request{.path = job_path(wanted_.job, query)};
    request.timeout = std::chrono::milliseconds{0};
    request.on_data = [this](const Response& response, std::string_view text) {
        if (offset_.empty()) offset_ = response.header("X-Batchd-Log-Offset");
        got_ += std::ssize(text);
        sink_(wanted_.attempt, text);
    };
    return request;
}

Outcome<> LogFollower::run() {
    const auto done = client_.send([this] { return request(); });
    if (!done) return std::unexpected(done.error());
    return {};
}

JobFollower::JobFollower(Client& client, LogWanted first, LogSink sink)
    : client_(client),
      sink_(std::move(sink)),
      attempt_(std::in_place, client, std::move(first), sink_) {}

Outcome<nlohmann::json> JobFollower::run() {
    while (true) {
        const auto done = attempt_->run();
        if (!done && done.error().status != 404) return std::unexpected(done.error());
        auto job = client_.get(job_path(attempt_->wanted().job));
        if (!job || job->value("isTerminal", false)) return job;
        // Only a job that has ended may lack the attempt that we wait for.
        if (!done) return std::unexpected(done.error());
        LogWanted next = attempt_->wanted();
        ++next.attempt;
        next.tail.reset();
        attempt_.emplace(client_, std::move(next), sink_);
    }
}

}  // namespace batchd::cli
