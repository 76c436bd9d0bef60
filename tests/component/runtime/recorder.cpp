#include "component/runtime/recorder.hpp"

namespace batchd::testing {

void EventRecorder::host_up(std::string host, model::Resources capacity,
                            std::vector<std::string> /*gpus*/) {
    const std::lock_guard lock(mutex_);
    ups_.push_back(capacity);
    news_[std::move(host)].push_back(capacity);
    changed_.notify_all();
}

void EventRecorder::host_leaving(std::string host, std::optional<Timestamp> at) {
    const std::lock_guard lock(mutex_);
    leaving_.emplace_back(std::move(host), at);
    changed_.notify_all();
}

void EventRecorder::host_down(std::string host, std::string reason) {
    const std::lock_guard lock(mutex_);
    news_[std::move(host)].push_back(std::nullopt);
    downs_.push_back(std::move(reason));
    changed_.notify_all();
}

void EventRecorder::attempt_started(model::AttemptId id, std::string container_id,
                                    Timestamp started_at, std::string address) {
    const std::lock_guard lock(mutex_);
    attempts_[id].started.push_back({std::move(container_id), started_at, std::move(address)});
    changed_.notify_all();
}

void EventRecorder::attempt_ended(model::AttemptId id, ports::AttemptOutcome outcome) {
    const std::lock_guard lock(mutex_);
    attempts_[id].ended.push_back(std::move(outcome));
    changed_.notify_all();
}

std::optional<model::Resources> EventRecorder::wait_host_up() {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return !ups_.empty(); })) return std::nullopt;
    return ups_.back();
}

std::optional<std::string> EventRecorder::wait_host_down() {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return !downs_.empty(); })) return std::nullopt;
    return downs_.back();
}

std::optional<std::pair<std::string, std::optional<Timestamp>>> EventRecorder::wait_host_leaving() {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return !leaving_.empty(); })) return std::nullopt;
    return leaving_.front();
}

bool EventRecorder::wait_host(const std::string& host, std::optional<MilliVcpu> vcpu) {
    std::unique_lock lock(mutex_);
    return wait(lock, [&] {
        const auto& news = news_[host];
        if (news.empty() || news.back().has_value() != vcpu.has_value()) return false;
        return !vcpu || vcpu->value == 0 || news.back()->vcpu == *vcpu;
    });
}

std::size_t EventRecorder::news_of(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return news_[host].size();
}

std::optional<EventRecorder::Started> EventRecorder::wait_started(model::AttemptId id,
                                                                  std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return attempts_[id].started.size() >= count; })) return std::nullopt;
    return attempts_[id].started.back();
}

std::optional<ports::AttemptOutcome> EventRecorder::wait_ended(model::AttemptId id,
                                                               std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return attempts_[id].ended.size() >= count; })) return std::nullopt;
    return attempts_[id].ended.back();
}

EventRecorder::Seen EventRecorder::seen(model::AttemptId id) {
    const std::lock_guard lock(mutex_);
    return attempts_[id];
}

class MemoryLogs::Writer final : public ports::LogWriter {
  public:
    Writer(MemoryLogs& logs, Log& log) : logs_(logs), log_(log) {}

    void append(std::int64_t time_ns, ports::OutputChannel channel,
                std::string_view line) override {
        const std::lock_guard lock(logs_.mutex_);
        log_.lines.push_back({time_ns, channel, std::string(line)});
    }
    Result<> flush() override {
        const std::lock_guard lock(logs_.mutex_);
        log_.flushed = log_.lines.size();
        logs_.changed_.notify_all();
        return {};
    }
    Result<> close() override {
        const std::lock_guard lock(logs_.mutex_);
        log_.flushed = log_.lines.size();
        log_.closed = true;
        logs_.changed_.notify_all();
        return {};
    }
    Position position() const override {
        const std::lock_guard lock(logs_.mutex_);
        Position position;
        for (const auto& line : log_.lines) {
            if (line.time_ns > position.time_ns) position = {line.time_ns, 0};
            if (line.time_ns == position.time_ns) ++position.lines_at_that_time;
        }
        return position;
    }

  private:
    MemoryLogs& logs_;
    Log& log_;
};

Result<std::unique_ptr<ports::LogWriter>> MemoryLogs::open(const model::LogId& id) {
    const std::lock_guard lock(mutex_);
    return std::make_unique<Writer>(*this, logs_[id]);
}

std::vector<MemoryLogs::Line> MemoryLogs::lines(model::LogId id) {
    const std::lock_guard lock(mutex_);
    return logs_[id].lines;
}

std::vector<std::string> MemoryLogs::texts(model::LogId id) {
    std::vector<std::string> texts;
    for (auto& line : lines(id)) texts.push_back(std::move(line.text));
    return texts;
}

bool MemoryLogs::is_closed(model::LogId id) {
    const std::lock_guard lock(mutex_);
    return logs_[id].closed;
}

bool MemoryLogs::wait_lines(model::LogId id, std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes{1},
                             [&] { return logs_[id].flushed >= count; });
}

void FakeSecrets::set(const std::string& name, std::string value) {
    const std::lock_guard lock(mutex_);
    values_[name] = std::move(value);
}

void FakeSecrets::hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
}

void FakeSecrets::release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
}

bool FakeSecrets::wait_asked(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes{1}, [&] { return asked_ >= count; });
}

Result<std::string> FakeSecrets::resolve(const std::string& value_from) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    const auto found = values_.find(value_from);
    if (found == values_.end()) return fail(ErrorKind::NotFound, "'" + value_from + "': nowhere");
    return found->second;
}

}  // namespace batchd::testing
