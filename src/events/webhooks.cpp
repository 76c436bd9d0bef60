#include "batchd/events/webhooks.hpp"

#include "events/webhook_worker.hpp"

#include <algorithm>
#include <utility>

namespace batchd::events {

Webhooks::Webhooks(Settings settings) : settings_(settings) {}

Webhooks::~Webhooks() { stop(); }

void Webhooks::run(Outside outside, const std::vector<model::WebhookRow>& stored) {
    const std::lock_guard lock(mutex_);
    outside_.emplace(std::move(outside));
    for (const auto& row : stored) put(row);
}

void Webhooks::stop() {
    std::vector<std::shared_ptr<WebhookWorker>> ending;
    std::function<void()> cut_off;
    {
        const std::lock_guard lock(mutex_);
        if (!outside_) return;
        cut_off = outside_->cut_off;
        outside_.reset();
        ending = std::move(leaving_);
        for (auto& [name, worker] : workers_) ending.push_back(std::move(worker));
        workers_.clear();
    }
    for (const auto& worker : ending) worker->tell_to_stop(false);
    cut_off();
    ending.clear();  // waits for their threads
}

std::optional<model::WebhookProgress> Webhooks::progress(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(name);
    return found == workers_.end() ? std::nullopt : std::optional(found->second->progress());
}

bool Webhooks::redeliver(const std::string& name, std::vector<model::UndeliveredRow> rows) {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(name);
    if (found == workers_.end()) return false;
    found->second->redeliver(std::move(rows));
    return true;
}

void Webhooks::webhooks_changed(const std::vector<model::WebhookRow>& rows) {
    const std::lock_guard lock(mutex_);
    if (!outside_) return;
    std::erase_if(leaving_, [](const auto& worker) { return worker->has_ended(); });
    for (const auto& row : rows) {
        if (row.is_gone) {
            remove(row.document.name);
        } else {
            put(row);
        }
    }
}

void Webhooks::put(const model::WebhookRow& row) {
    auto& worker = workers_[row.document.name];
    if (!worker) {
        worker = std::make_shared<WebhookWorker>(settings_, *outside_, row);
    } else {
        worker->change(row.document);
    }
}

void Webhooks::remove(const std::string& name) {
    auto found = workers_.extract(name);
    if (found.empty()) return;
    found.mapped()->tell_to_stop(true);
    leaving_.push_back(std::move(found.mapped()));
}

}  // namespace batchd::events
