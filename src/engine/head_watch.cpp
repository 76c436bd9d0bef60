#include "engine/head_watch.hpp"

#include <algorithm>
#include <utility>

namespace batchd::engine {

std::vector<core::CancelJob> HeadWatch::look(const core::State& state, const View& view,
                                             Timestamp now) {
    next_deadline_.reset();
    std::vector<core::CancelJob> cancelled;
    // Queues that are gone, or without actions now, are not taken over.
    const Heads before = std::exchange(heads_, {});
    for (const core::Queue& queue : state.queues) {
        const auto& actions = queue.row.document.job_state_time_limit_actions;
        if (actions.empty()) continue;
        const Head* head = head_of(state, view, queue, before, now);
        if (!head) continue;
        const auto action =
            std::ranges::find(actions, head->reason, &model::JobStateTimeLimitAction::reason);
        if (action == actions.end()) continue;
        const Timestamp due = head->since + Seconds{action->max_time_seconds};
        if (due <= now) {
            cancelled.push_back(
                {.id = head->job,
                 .reason = "Canceled by JobStateTimeLimit action due to reason: " + head->reason});
        } else if (!next_deadline_ || due < *next_deadline_) {
            next_deadline_ = due;
        }
    }
    return cancelled;
}

const HeadWatch::Head* HeadWatch::head_of(const core::State& state, const View& view,
                                          const core::Queue& queue, const Heads& before,
                                          Timestamp now) {
    const std::string& name = queue.row.document.job_queue_name;
    const auto front = core::front_of_queue(state, queue, 1, now);
    const auto* shown = view.find_queue(name);
    if (front.empty() || !shown) return nullptr;
    const model::JobId& id = front.front().id;
    const auto slot = state.find_job(id);
    const auto index = slot ? *slot : *state.find_job(id.whole());
    const std::string text = view.waiting_reason(*shown, state.shape(state.job(index).shape));
    const std::string reason = text.substr(0, text.find(" - "));
    const auto known = before.find(name);
    const bool goes_on =
        known != before.end() && known->second.job == id && known->second.reason == reason;
    const Timestamp since = goes_on ? known->second.since : now;
    return &(heads_[name] = {.job = id, .reason = reason, .since = since});
}

}  // namespace batchd::engine
