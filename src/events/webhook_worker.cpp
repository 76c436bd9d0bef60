#include "events/webhook_worker.hpp"

#include "batchd/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace batchd::events {
namespace {

constexpr std::size_t kReadAtOnce = 64;
/// While events are delivered, or pass by, progress is stored so often.
constexpr Milliseconds kSaveEvery{1'000};
/// Nobody can take a body that was refused so often.
constexpr std::int64_t kMostRefusals = 3;
constexpr Milliseconds kKeepUpEvery{60'000};
/// After the database could not be read.
constexpr Milliseconds kReadAgain{1'000};

Filter filter_of(const model::Webhook& webhook) {
    Filter filter;
    filter.queues = webhook.queues;
    for (const auto& text : webhook.statuses) {
        const auto status = model::from_string(text, static_cast<model::JobStatus*>(nullptr));
        if (status) filter.statuses |= Filter::bit(*status);
    }
    return filter;
}

/// What is wrong with the request itself; anything else may be well later.
bool is_refusal(int status) { return status == 400 || status == 413 || status == 422; }

}  // namespace

WebhookWorker::WebhookWorker(const Webhooks::Settings& settings, Webhooks::Outside outside,
                             const model::WebhookRow& row)
    : settings_(settings),
      outside_(std::move(outside)),
      latest_(row.document),
      changed_(row.document),
      progress_(row.progress),
      read_to_(row.progress.done),
      saved_(row.progress),
      saved_at_(outside_.clock.now()),
      thread_([this] { run(); }) {}

WebhookWorker::~WebhookWorker() {
    tell_to_stop(false);
    thread_.join();
}

void WebhookWorker::change(model::Webhook document) {
    {
        const std::lock_guard lock(mutex_);
        if (document == latest_) return;
        latest_ = document;
        changed_ = std::move(document);
    }
    wake_.notify_one();
}

void WebhookWorker::redeliver(std::vector<model::UndeliveredRow> rows) {
    {
        const std::lock_guard lock(mutex_);
        for (auto& row : rows) to_resend_.push_back(std::move(row));
    }
    wake_.notify_one();
}

model::WebhookProgress WebhookWorker::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

void WebhookWorker::tell_to_stop(bool is_deleted) {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        is_deleted_ = is_deleted_ || is_deleted;
    }
    wake_.notify_one();
}

void WebhookWorker::run() {
    while (wait_for_work()) work();
    save();
    subscription_.reset();
    has_ended_ = true;
}

/// One step; each ends within the time of a request.
void WebhookWorker::work() {
    take_document();
    std::optional<model::UndeliveredRow> again;
    {
        const std::lock_guard lock(mutex_);
        if (!to_resend_.empty()) {
            again = std::move(to_resend_.front());
            to_resend_.pop_front();
        }
    }
    if (again) resend(std::move(*again));
    keep_up();
    if (is_due(outside_.clock.now())) {
        if (queue_.empty()) refill();
        if (!queue_.empty()) send_next();
    }
    save_if_due();
}

bool WebhookWorker::is_due(Timestamp now) const {
    return !progress_.next_try || *progress_.next_try <= now;
}

/// False when it is to end.
bool WebhookWorker::wait_for_work() {
    const auto is_awake = [this] {
        const bool may_send = is_due(outside_.clock.now()) && (has_news_ || !queue_.empty());
        return stopping_ || changed_ || !to_resend_.empty() || may_send;
    };
    std::unique_lock lock(mutex_);
    const Timestamp now = outside_.clock.now();
    Timestamp until = progress_.next_try.value_or(now + kKeepUpEvery);
    if (progress_ != saved_) until = std::min(until, saved_at_ + kSaveEvery);
    wake_.wait_for(lock, std::max(until - now, Milliseconds{0}), is_awake);
    return !stopping_;
}

void WebhookWorker::take_document() {
    std::optional<model::Webhook> document;
    {
        const std::lock_guard lock(mutex_);
        document = std::exchange(changed_, std::nullopt);
        if (!document) return;
        has_news_ = true;
    }
    const bool is_first = document_.name.empty();
    document_ = std::move(*document);
    filter_ = filter_of(document_);
    queue_.clear();
    read_to_ = progress_.done;
    if (!is_first) {
        const std::lock_guard lock(mutex_);
        progress_ = {.done = progress_.done};
    }
    const auto wake = [this] {
        {
            const std::lock_guard lock(mutex_);
            has_news_ = true;
        }
        wake_.notify_one();
    };
    subscription_ = outside_.feed.subscribe(filter_, progress_.done, wake);
}

/// Events that do not concern it pass by without a wake: it is as far as its place in the feed.
void WebhookWorker::keep_up() {
    if (!queue_.empty()) return;
    const std::int64_t position = subscription_->position();
    if (position <= read_to_) return;
    read_to_ = position;
    const std::lock_guard lock(mutex_);
    progress_ = {.done = position};
}

void WebhookWorker::refill() {
    {
        const std::lock_guard lock(mutex_);
        has_news_ = false;  // what comes from now on sets it again
    }
    auto page = outside_.source.page(read_to_, filter_, kReadAtOnce);
    if (page) subscription_->move_to(page->position);
    const std::lock_guard lock(mutex_);
    if (!page) {
        log::warn("webhook {}: {}", document_.name, page.error().message);
        progress_.next_try = outside_.clock.now() + kReadAgain;
        has_news_ = true;
        return;
    }
    if (progress_.done + 1 < page->oldest) note_pruned(page->oldest);
    queue_.assign(page->events.begin(), page->events.end());
    read_to_ = page->position;
    if (queue_.empty()) progress_ = {.done = read_to_};
    if (read_to_ < page->newest) has_news_ = true;
}

/// Under the lock.
void WebhookWorker::note_pruned(std::int64_t oldest) {
    model::UndeliveredRow row{.webhook = document_.name,
                              .first_seq = progress_.done + 1,
                              .last_seq = oldest - 1,
                              .at = outside_.clock.now(),
                              .tries = progress_.tries,
                              .error = "the event feed does not keep these events any more"};
    log::warn("webhook {}: events {} to {} were not delivered in time", document_.name,
              row.first_seq, row.last_seq);
    progress_ = {.done = oldest - 1};
    outside_.note(document_.name, progress_, {std::move(row)});
    outside_.count("given_up");
}

void WebhookWorker::send_next() {
    const EventPtr event = queue_.front();
    if (auto failure = post(*event)) {
        note_failure(event->seq, std::move(*failure));
    } else {
        note_success(event->seq);
    }
}

void WebhookWorker::note_success(std::int64_t seq) {
    outside_.count("delivered");
    queue_.pop_front();
    const std::lock_guard lock(mutex_);
    progress_ = {.done = queue_.empty() ? read_to_ : seq};
}

void WebhookWorker::note_failure(std::int64_t seq, Failure failure) {
    const Timestamp now = outside_.clock.now();
    std::vector<model::UndeliveredRow> undelivered;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;  // it may be our own end that cut it off
        ++progress_.tries;
        if (!progress_.failing_since) progress_.failing_since = now;
        progress_.last_error = failure.error;
        const bool is_hopeless = (failure.is_refusal && progress_.tries >= kMostRefusals) ||
                                 now - *progress_.failing_since >= settings_.give_up;
        if (is_hopeless) {
            undelivered.push_back({.webhook = document_.name,
                                   .first_seq = seq,
                                   .last_seq = seq,
                                   .at = now,
                                   .tries = progress_.tries,
                                   .error = std::move(failure.error)});
            queue_.pop_front();
            progress_ = {.done = queue_.empty() ? read_to_ : seq};
        } else {
            const double random = std::uniform_real_distribution<double>(0, 1)(random_);
            progress_.next_try = now + webhook_delay(progress_.tries, random);
        }
    }
    outside_.count(undelivered.empty() ? "failed" : "given_up");
    save(std::move(undelivered));
}

/// Goes from the list if it is delivered now.
void WebhookWorker::resend(model::UndeliveredRow row) {
    if (row.first_seq != row.last_seq) return;  // they were pruned
    const auto page = outside_.source.page(row.first_seq - 1, {}, 1);
    const bool is_there =
        page && !page->events.empty() && page->events.front()->seq == row.first_seq;
    std::optional<Failure> failure;
    if (is_there) {
        failure = post(*page->events.front());
    } else {
        failure = Failure{.error = page ? "the event feed does not keep this event any more"
                                        : page.error().message};
    }
    outside_.count(failure ? "failed" : "delivered");
    row.is_gone = !failure;
    row.at = outside_.clock.now();
    ++row.tries;
    if (failure) row.error = std::move(failure->error);
    const std::lock_guard lock(mutex_);
    if (!stopping_) outside_.note(document_.name, std::nullopt, {std::move(row)});
}

std::optional<WebhookWorker::Failure> WebhookWorker::post(const Event& event) {
    aws::HttpRequest request{.method = "POST", .url = document_.url, .body = event.text};
    request.connect_timeout = settings_.timeout;
    request.timeout = settings_.timeout;
    request.headers = {{"Content-Type", "application/json"},
                       {"User-Agent", "batchd/" BATCHD_VERSION},
                       {"x-batchd-webhook", document_.name},
                       {"x-batchd-event", std::to_string(event.seq)}};
    if (document_.secret) {
        request.headers.emplace_back(
            "x-batchd-signature", sign_body(*document_.secret, outside_.clock.now(), request.body));
    }
    const auto response = outside_.transport.send(request);
    if (!response) return Failure{.error = response.error().message};
    if (response->status >= 200 && response->status < 300) return std::nullopt;
    return Failure{.error = fmt::format("HTTP {}", response->status),
                   .is_refusal = is_refusal(response->status)};
}

void WebhookWorker::save_if_due() {
    const bool is_idle = queue_.empty() && read_to_ != saved_.done && progress_.done == read_to_;
    const bool is_late = outside_.clock.now() - saved_at_ >= kSaveEvery;
    if (progress_ != saved_ && (is_idle || is_late)) save();
}

void WebhookWorker::save(std::vector<model::UndeliveredRow> undelivered) {
    const std::lock_guard lock(mutex_);
    if (is_deleted_ || (progress_ == saved_ && undelivered.empty())) return;
    saved_ = progress_;
    saved_at_ = outside_.clock.now();
    outside_.note(document_.name, progress_, std::move(undelivered));
}

}  // namespace batchd::events
