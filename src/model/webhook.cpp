#include "batchd/model/webhook.hpp"

#include "batchd/model/job.hpp"
#include "batchd/model/names.hpp"

#include <algorithm>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxSecret = 256;
constexpr std::size_t kMaxQueues = 100;

bool is_url(const std::string& url) {
    const auto rest = url.starts_with("http://")    ? url.substr(7)
                      : url.starts_with("https://") ? url.substr(8)
                                                    : std::string();
    const bool is_plain =
        std::ranges::all_of(url, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    return is_plain && url.size() <= kMaxUrl && !rest.empty() && rest.front() != '/';
}

}  // namespace

Result<> validate(const Webhook& webhook) {
    if (!is_resource_name(webhook.name)) {
        return invalid_argument("name '" + webhook.name +
                                "' must be 1 to 128 letters, digits, hyphens and underscores");
    }
    if (!is_url(webhook.url)) {
        return invalid_argument("url '" + webhook.url +
                                "' must be http:// or https:// and a host, of at most " +
                                std::to_string(kMaxUrl) + " characters");
    }
    if (webhook.queues.size() > kMaxQueues) {
        return invalid_argument("queues must be at most " + std::to_string(kMaxQueues));
    }
    for (const auto& queue : webhook.queues) {
        if (is_resource_name(queue)) continue;
        return invalid_argument("queues: '" + queue + "' is no name of a job queue");
    }
    for (const auto& status : webhook.statuses) {
        if (from_string(status, static_cast<JobStatus*>(nullptr))) continue;
        return invalid_argument("statuses: '" + status + "' is no status of a job");
    }
    if (webhook.secret && (webhook.secret->empty() || webhook.secret->size() > kMaxSecret)) {
        return invalid_argument("secret must have 1 to " + std::to_string(kMaxSecret) +
                                " characters");
    }
    return {};
}

}  // namespace batchd::model
