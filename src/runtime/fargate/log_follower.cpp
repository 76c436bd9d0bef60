#include "runtime/fargate/log_follower.hpp"

#include "batchd/aws/logs.hpp"
#include "batchd/base/log.hpp"

namespace batchd::runtime {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

/// A megabyte each: more than the pages of any task that ends in a sane way.
constexpr int kMostLastPages = 10'000;

}  // namespace

bool LogFollower::open() {
    if (writer_ || is_broken_) return writer_ != nullptr;
    auto opened = sink_.open(id_);
    if (!opened) {
        log::error("attempt {}: its output is lost: {}", to_string(id_.attempt),
                   opened.error().message);
        is_broken_ = true;
        return false;
    }
    writer_ = std::move(*opened);
    from_ = writer_->position();
    skip_ = from_.lines_at_that_time;
    return true;
}

aws::Outcome<bool> LogFollower::read(aws::Client& client) {
    if (!open()) return false;
    aws::GetLogEvents request{.group = stream_.group,
                              .stream = stream_.name,
                              .region = stream_.region,
                              .next_token = token_};
    if (from_.time_ns > 0) request.from = from_epoch_ms(from_.time_ns / kNsPerMs);
    auto page = aws::get_log_events(client, request);
    if (!page) {
        if (page.error().code == "ResourceNotFoundException") return false;
        return std::unexpected(std::move(page).error());
    }
    for (const auto& event : page->events) {
        append(to_epoch_ms(event.time) * kNsPerMs, event.message);
    }
    // Pages may be empty with others behind them; the same token again is the end.
    const bool is_new = !page->events.empty() || (!token_.empty() && page->next_token != token_);
    token_ = std::move(page->next_token);
    if (page->events.empty()) return is_new;
    if (auto flushed = writer_->flush(); !flushed) {
        log::error("attempt {}: its output cannot be stored: {}", to_string(id_.attempt),
                   flushed.error().message);
    }
    return true;
}

void LogFollower::append(std::int64_t time_ns, std::string_view message) {
    while (true) {
        const auto end = message.find('\n');
        const auto line = message.substr(0, end);
        if (time_ns == from_.time_ns && skip_ > 0) {
            --skip_;
        } else if (time_ns >= from_.time_ns) {
            writer_->append(time_ns, ports::OutputChannel::Stdout, line);
        }
        if (end == message.npos) return;
        message.remove_prefix(end + 1);
        if (message.empty()) return;
    }
}

void LogFollower::finish(aws::Client& client) {
    for (int i = 0; i < kMostLastPages; ++i) {
        const auto more = read(client);
        if (!more) {
            log::warn("attempt {}: the end of its output cannot be read: {}",
                      to_string(id_.attempt), more.error().text());
        }
        if (!more || !*more) break;
    }
    if (!writer_) return;
    if (auto closed = writer_->close(); !closed) {
        log::error("attempt {}: its output cannot be stored: {}", to_string(id_.attempt),
                   closed.error().message);
    }
    writer_.reset();
    is_broken_ = true;  // nothing follows
}

}  // namespace batchd::runtime
