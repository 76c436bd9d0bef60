// Who hears of committed changes of jobs: waiters, metrics, later event streams.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/news.hpp"
#include "batchd/model/webhook.hpp"

#include <memory>
#include <string>
#include <vector>

namespace batchd::ports {

/// A job's state after a step in which it changed.
struct JobChange {
    model::JobId id;
    std::string queue;  ///< name
    bool is_new = false;
    model::JobState state;
    Timestamp created_at;
};

class EventSink {
  public:
    virtual ~EventSink() = default;
    /// Called by the engine's thread after the commit and before the replies leave, in order of
    /// commits; must not block. `ended` are the attempts that ended in the step.
    virtual void committed(const std::vector<JobChange>& changes,
                           const std::vector<model::Attempt>& ended) = 0;
    /// Likewise, of steps in which something happened that the event feed tells.
    virtual void told(const std::shared_ptr<const model::NewsBatch>& news) { (void)news; }
    /// Likewise, of webhooks that were put or deleted, or whose delivery has got on.
    virtual void webhooks_changed(const std::vector<model::WebhookRow>& rows) { (void)rows; }
};

}  // namespace batchd::ports
