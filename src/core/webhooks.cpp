// Webhooks: the engine keeps who they are and how far their delivery has come; it is carried out
// elsewhere.
#include "core/decisions.hpp"

namespace batchd::core {
namespace {

Result<model::WebhookRow*> existing(State& state, const std::string& name) {
    const auto found = state.webhooks.find(name);
    if (found != state.webhooks.end()) return &found->second;
    return fail(ErrorKind::NotFound, "webhook '" + name + "' does not exist");
}

/// The configuration alone changes what stands in it.
Result<> expect_origin(const model::WebhookRow& row, bool is_configured) {
    if (!row.is_configured || is_configured) return {};
    return fail(ErrorKind::Conflict, "webhook '" + row.document.name +
                                         "' is in the daemon's configuration: change it there");
}

}  // namespace

Result<Reply> decide(State& state, PutWebhook&& event, Timestamp now) {
    const std::string name = event.document.name;
    const auto found = state.webhooks.find(name);
    if (found == state.webhooks.end()) {
        if (state.webhooks.size() >= model::kMaxWebhooks) {
            return fail(ErrorKind::Capacity, "webhook '" + name + "': there are " +
                                                 std::to_string(model::kMaxWebhooks) +
                                                 " already, which is the most there may be");
        }
        model::WebhookRow row{.document = std::move(event.document),
                              .is_configured = event.is_configured,
                              .created_at = now,
                              .progress = {.done = state.next_event - 1}};
        state.step.changes.webhooks.push_back(row);
        state.webhooks.emplace(name, std::move(row));
        return Reply{};
    }
    model::WebhookRow& row = found->second;
    BATCHD_TRY(expect_origin(row, event.is_configured));
    if (row.document == event.document && row.is_configured == event.is_configured) return Reply{};
    // It may be well now: the next try comes at once.
    row.progress = {.done = row.progress.done};
    row.document = std::move(event.document);
    row.is_configured = event.is_configured;
    state.step.changes.webhooks.push_back(row);
    return Reply{};
}

Result<Reply> decide(State& state, DeleteWebhook&& event, Timestamp) {
    const auto row = existing(state, event.name);
    if (!row) return std::unexpected(row.error());
    BATCHD_TRY(expect_origin(**row, event.is_configured));
    model::WebhookRow gone = std::move(**row);
    gone.is_gone = true;
    state.webhooks.erase(event.name);
    std::erase_if(state.step.changes.undelivered,
                  [&](const model::UndeliveredRow& lost) { return lost.webhook == event.name; });
    state.step.changes.webhooks.push_back(std::move(gone));
    return Reply{};
}

Result<Reply> decide(State& state, NoteDelivery&& event, Timestamp) {
    const auto row = existing(state, event.name);
    if (!row) return std::unexpected(row.error());
    if (event.progress && event.progress != (*row)->progress) {
        (*row)->progress = std::move(*event.progress);
        state.step.changes.webhooks.push_back(**row);
    }
    for (auto& undelivered : event.undelivered) {
        state.step.changes.undelivered.push_back(std::move(undelivered));
    }
    return Reply{};
}

}  // namespace batchd::core
