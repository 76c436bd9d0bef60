// Webhooks: who is told of events by HTTP requests, and how far that has come.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct Webhook {
    std::string name;
    std::string url;                    ///< http or https
    std::vector<std::string> queues;    ///< names; empty: all events, also those of no queue
    std::vector<std::string> statuses;  ///< of jobs; empty: all, and other events, too
    std::optional<std::string> secret;  ///< signs what is sent
    friend bool operator==(const Webhook&, const Webhook&) = default;
};
BOOST_DESCRIBE_STRUCT(Webhook, (), (name, url, queues, statuses, secret))

inline constexpr std::size_t kMaxWebhooks = 64;

/// InvalidArgument names the member and its rule.
Result<> validate(const Webhook& webhook);

/// How far the delivery to a webhook has come.
struct WebhookProgress {
    std::int64_t done = 0;   ///< the number of the last event that needs no delivery any more
    std::int64_t tries = 0;  ///< of the next one, so far
    std::optional<Timestamp> failing_since = {};  ///< the first of those tries
    std::optional<Timestamp> next_try = {};
    std::string last_error = {};
    friend bool operator==(const WebhookProgress&, const WebhookProgress&) = default;
};

struct WebhookRow {
    Webhook document;
    bool is_configured = false;  ///< in the daemon's configuration, which alone may change it
    Timestamp created_at;
    WebhookProgress progress;
    bool is_gone = false;  ///< the row goes, with what could not be delivered
};

/// Events that were given up; by (webhook, first_seq).
struct UndeliveredRow {
    std::string webhook;
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;  ///< more than one if they were pruned before they could be sent
    Timestamp at;
    std::int64_t tries = 0;
    std::string error;
    bool is_gone = false;  ///< it was delivered after all: the row goes
};

}  // namespace batchd::model
