// From the live state to what readers and listeners see.
#include "batchd/engine/machine.hpp"

namespace batchd::engine {
namespace {

QueueView view_of(const core::State& state, const core::Queue& queue) {
    QueueView view{.id = queue.row.id,
                   .name = queue.row.document.job_queue_name,
                   .state = queue.row.document.state,
                   .status = queue.row.status,
                   .priority = queue.row.document.priority,
                   .counts = queue.counts,
                   .waiting = {},
                   .oldest_runnable = {}};
    core::WaitKey head;
    for (const auto& [index, bucket] : queue.waiting) {
        const core::Shape& shape = state.shape(index);
        view.waiting.push_back({.resources = shape.resources,
                                .fargate = shape.fargate,
                                .jobs = static_cast<std::int64_t>(bucket.size()),
                                .reason = core::waiting_reason(state, queue, shape)});
        const auto& [key, job] = *bucket.begin();
        if (!view.oldest_runnable || key < head) {
            head = key;
            view.oldest_runnable = state.job(job).created_at;
        }
    }
    return view;
}

}  // namespace

void Machine::publish() {
    auto view = std::make_shared<View>();
    for (const auto& queue : state_.queues) {
        if (queue.row.status != "DELETED") view->queues.push_back(view_of(state_, queue));
    }
    for (const auto& environment : state_.environments) {
        const auto& row = environment.row;
        if (row.status == "DELETED") continue;
        view->environments.push_back({.name = row.document.compute_environment_name,
                                      .uuid = row.uuid,
                                      .state = row.document.state,
                                      .status = row.status,
                                      .limit = core::vcpu_limit(environment),
                                      .used = environment.used});
    }
    for (const auto& host : state_.hosts) {
        view->hosts.push_back({.name = host.name,
                               .is_up = host.is_up,
                               .down_reason = host.down_reason,
                               .capacity = host.capacity,
                               .used = host.used,
                               .running = host.running});
    }
    published_.set(std::move(view));
}

void Machine::publish_refusal() {
    auto view = std::make_shared<View>(*published_.get());
    view->is_writable = false;
    view->not_writable_reason = not_writable_reason_;
    published_.set(std::move(view));
}

void Machine::tell_sinks(const core::Decision& decision) {
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
