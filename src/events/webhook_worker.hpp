// The delivery to one webhook, on a thread of its own.
#pragma once

#include "batchd/events/webhooks.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <random>
#include <thread>

namespace batchd::events {

class WebhookWorker {
  public:
    WebhookWorker(const Webhooks::Settings& settings, Webhooks::Outside outside,
                  const model::WebhookRow& row);
    ~WebhookWorker();

    // Any thread; none of them waits for the webhook.
    void change(model::Webhook document);
    void redeliver(std::vector<model::UndeliveredRow> rows);
    model::WebhookProgress progress() const;
    /// It ends after the request that is under way; if the webhook is deleted, without a trace.
    void tell_to_stop(bool is_deleted);
    bool has_ended() const { return has_ended_; }

  private:
    struct Failure {
        std::string error;
        bool is_refusal = false;  ///< of what is sent: it will not be taken later either
    };

    void run();
    void work();
    bool wait_for_work();
    void take_document();
    void keep_up();
    void refill();
    void note_pruned(std::int64_t oldest);
    void send_next();
    void note_success(std::int64_t seq);
    void note_failure(std::int64_t seq, Failure failure);
    void resend(model::UndeliveredRow row);
    std::optional<Failure> post(const Event& event);
    void save_if_due();
    void save(std::vector<model::UndeliveredRow> undelivered = {});
    bool is_due(Timestamp now) const;

    const Webhooks::Settings settings_;
    const Webhooks::Outside outside_;

    mutable std::mutex mutex_;  ///< guards what follows up to the thread's own; never held outside
    std::condition_variable wake_;
    bool stopping_ = false;
    bool is_deleted_ = false;
    model::Webhook latest_;  ///< what it was told last
    bool has_news_ = true;   ///< there may be events after the last that was read
    std::optional<model::Webhook> changed_;
    std::deque<model::UndeliveredRow> to_resend_;
    model::WebhookProgress progress_;  ///< written by the thread alone

    // The thread's own.
    model::Webhook document_;
    Filter filter_;
    std::unique_ptr<Feed::Subscription> subscription_;
    std::deque<EventPtr> queue_;  ///< read, and not sent yet
    std::int64_t read_to_ = 0;    ///< the last event that was looked at for it
    model::WebhookProgress saved_;
    Timestamp saved_at_;
    std::mt19937 random_{std::random_device{}()};

    std::atomic<bool> has_ended_ = false;
    std::thread thread_;
};

}  // namespace batchd::events
