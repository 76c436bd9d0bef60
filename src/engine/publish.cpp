// From the live state to what readers and listeners see.
#include "batchd/engine/machine.hpp"

namespace batchd::engine {

void Machine::publish() { published_.set(std::make_shared<View>(view_of(state_, now_))); }

void Machine::publish_refusal() {
    auto view = std::make_shared<View>(*published_.get());
    view->is_writable = false;
    view->not_writable_reason = not_writable_reason_;
    published_.set(std::move(view));
}

void Machine::tell_sinks(core::Decision& decision) {
    if (!decision.changes.webhooks.empty()) {
        for (auto* sink : sinks_) sink->webhooks_changed(decision.changes.webhooks);
    }
    if (!decision.changes.news.entries.empty()) {
        const auto news =
            std::make_shared<const model::NewsBatch>(std::move(decision.changes.news));
        for (auto* sink : sinks_) sink->told(news);
    }
    if (decision.jobs.empty() && decision.ended_attempts.empty()) return;
    std::vector<ports::JobChange> changes;
    changes.reserve(decision.jobs.size());
    for (const auto& job : decision.jobs) {
        changes.push_back({.id = job.id,
                           .queue = state_.queue(job.queue).row.document.job_queue_name,
                           .is_new = job.is_new,
                           .state = job.state,
                           .created_at = job.created_at});
    }
    for (auto* sink : sinks_) sink->committed(changes, decision.ended_attempts);
}

}  // namespace batchd::engine
