#include "many_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace batchd::bench {
namespace {

constexpr std::size_t kDescribed = 100;
constexpr std::chrono::milliseconds kPoll{10};
constexpr std::chrono::minutes kPatience{10};

}  // namespace

Result<> submit_singles(const Batchd& batchd, std::size_t jobs, std::size_t together,
                        const std::function<void(const std::string&)>& on_answer) {
    for (std::size_t first = 0; first < jobs; first += together) {
        const auto answer = batchd.fetch(batch_request(first, std::min(together, jobs - first)));
        if (!answer) return std::unexpected(answer.error());
        if (on_answer) on_answer(*answer);
    }
    return {};
}

Result<> submit_arrays(const Batchd& batchd, std::size_t children) {
    for (std::size_t first = 0; first < children; first += kTogether) {
        const auto answer =
            batchd.fetch(array_request(first, std::min(kTogether, children - first)));
        if (!answer) return std::unexpected(answer.error());
    }
    return {};
}

std::string array_request(std::size_t number, std::size_t size) {
    std::string body = submit_body(number);
    body.pop_back();
    body += fmt::format(R"(,"arrayProperties":{{"size":{}}}}})", size);
    return http_request("POST", "/v1/submitjob", body);
}

void add_job_ids(const std::string& answer, std::vector<std::string>& ids) {
    constexpr std::string_view kKey = "\"jobId\":\"";
    constexpr std::size_t kLength = 36;
    for (auto at = answer.find(kKey); at != std::string::npos; at = answer.find(kKey, at)) {
        at += kKey.size();
        ids.push_back(answer.substr(at, kLength));
    }
}

std::string describe_request(const std::vector<std::string>& ids, std::mt19937& random) {
    std::string list;
    for (std::size_t i = 0; i < kDescribed; ++i) {
        list += fmt::format("{}\"{}\"", i > 0 ? "," : "", ids[random() % ids.size()]);
    }
    return http_request("POST", "/v1/describejobs", "{\"jobs\":[" + list + "]}");
}

Result<std::size_t> succeeded_jobs(const Batchd& batchd) {
    constexpr std::string_view kName = R"(batchd_jobs_finished_total{outcome="succeeded")";
    const auto metrics = batchd.fetch(http_request("GET", "/metrics"));
    if (!metrics) return std::unexpected(metrics.error());
    const auto begin = metrics->find(kName);
    if (begin == std::string::npos) return 0;
    const auto number = metrics->find("} ", begin) + 2;
    double value = 0;
    std::from_chars(metrics->data() + number, metrics->data() + metrics->size(), value);
    return static_cast<std::size_t>(value);
}

Result<> wait_until_succeeded(const Batchd& batchd, std::size_t jobs) {
    const auto deadline = SteadyClock::now() + kPatience;
    for (;;) {
        const auto ended = succeeded_jobs(batchd);
        if (!ended) return std::unexpected(ended.error());
        if (*ended >= jobs) return {};
        if (SteadyClock::now() > deadline) return fail(ErrorKind::Internal, "jobs do not end");
        std::this_thread::sleep_for(kPoll);
    }
}

double seconds_since(SteadyClock::time_point begin) {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

}  // namespace batchd::bench
