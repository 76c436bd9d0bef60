// Tells webhooks of events: one thread for each, so that none holds up another.
//
// At least once and in order: the next event is sent when the one before was taken, or was given up
// and listed as undelivered. How far a webhook has come is stored now and then, at the latest when
// nothing is left to send or when a try fails; after a crash some events are sent again. What the
// feed keeps no more cannot be sent any more, and is listed as well.
#pragma once

#include "batchd/aws/transport.hpp"
#include "batchd/events/feed.hpp"
#include "batchd/model/webhook.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::events {

/// What x-batchd-signature says of a body that is sent at that time: "t=<seconds>,v1=<hex>", where
/// v1 is the HMAC-SHA256 of "<seconds>.<body>". Any thread.
std::string sign_body(std::string_view secret, Timestamp at, std::string_view body);

/// How long to wait after so many tries that failed: doubling, with jitter. `random` is from 0
/// to 1.
Milliseconds webhook_delay(std::int64_t tries, double random);

class WebhookWorker;

/// Any thread.
class Webhooks final : public ports::EventSink {
  public:
    struct Settings {
        Milliseconds timeout{10'000};  ///< of one try
        Seconds give_up = std::chrono::hours{24};
    };
    /// Each must outlive the webhooks. The functions must not block.
    struct Outside {
        aws::Transport& transport;
        std::function<void()> cut_off;  ///< ends its requests that are under way
        Feed& feed;
        Source& source;
        const Clock& clock;
        /// Has the progress, if there is any, and the rows stored.
        std::function<void(const std::string& name, std::optional<model::WebhookProgress> progress,
                           std::vector<model::UndeliveredRow> undelivered)>
            note;
        /// A try ended: delivered, failed (it will be repeated) or given_up.
        std::function<void(std::string_view result)> count;
    };
    /// Outside comes with run(): until then webhooks are only remembered.
    explicit Webhooks(Settings settings);
    ~Webhooks() override;

    /// Begins to deliver to those that are stored and to those that are put later.
    void run(Outside outside, const std::vector<model::WebhookRow>& stored);
    /// Ends all threads, soon. What was under way is sent again after the next start.
    void stop();

    /// nullopt if there is none of that name.
    std::optional<model::WebhookProgress> progress(const std::string& name) const;

    /// Sends again what could not be delivered, out of order, between other events. False if there
    /// is no webhook of that name.
    bool redeliver(const std::string& name, std::vector<model::UndeliveredRow> rows);

    void committed(const std::vector<ports::JobChange>&,
                   const std::vector<model::Attempt>&) override {}
    void webhooks_changed(const std::vector<model::WebhookRow>& rows) override;

  private:
    void put(const model::WebhookRow& row);
    void remove(const std::string& name);

    const Settings settings_;
    mutable std::mutex mutex_;  ///< guards all that follows
    std::optional<Outside> outside_;
    std::map<std::string, std::shared_ptr<WebhookWorker>> workers_;
    std::vector<std::shared_ptr<WebhookWorker>> leaving_;  ///< told to end
};

}  // namespace batchd::events
