#include "store/news_codec.hpp"

#include <cstdint>
#include <unordered_map>

namespace batchd::store {
namespace {

using model::JobNews;
using model::JobStatus;
using model::News;
using model::ResourceNews;

enum class Tag : std::uint8_t { Job, Resource };

// Bits of a job's entry.
constexpr std::uint8_t kStarted = 1;
constexpr std::uint8_t kStopped = 2;
constexpr std::uint8_t kCancelled = 4;
constexpr std::uint8_t kTerminated = 8;
constexpr std::uint8_t kChildren = 16;

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// Entries first, because only then all texts are known; they stand before them in the blob.
class Writer {
  public:
    explicit Writer(Timestamp at) : at_(at) {}

    void add(const JobNews& news) {
        const model::JobState& state = news.state;
        byte(static_cast<std::uint8_t>(Tag::Job));
        const auto bit = [](bool is_set, std::uint8_t value) { return is_set ? value : 0; };
        byte(static_cast<std::uint8_t>(
            bit(state.started_at.has_value(), kStarted) |
            bit(state.stopped_at.has_value(), kStopped) | bit(state.is_cancelled, kCancelled) |
            bit(state.is_terminated, kTerminated) | bit(news.children.has_value(), kChildren)));
        for (const std::uint8_t part : news.id.uuid.bytes) byte(part);
        number(zigzag(news.id.part));
        count(news.count);
        text(news.queue);
        byte(static_cast<std::uint8_t>(state.status));
        text(state.status_reason);
        count(state.attempt);
        if (state.started_at) time(*state.started_at);
        if (state.stopped_at) time(*state.stopped_at);
        if (!news.children) return;
        for (const std::int64_t children : *news.children) count(children);
    }

    void add(const ResourceNews& news) {
        byte(static_cast<std::uint8_t>(Tag::Resource));
        byte(static_cast<std::uint8_t>(news.kind));
        text(news.name);
        text(news.state);
        text(news.status);
        text(news.status_reason);
    }

    std::string finish() {
        std::string entries = std::move(out_);
        out_.clear();
        count(std::ssize(texts_));
        for (const std::string_view text : texts_) {
            count(std::ssize(text));
            out_ += text;
        }
        return std::move(out_) + entries;
    }

  private:
    void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
    void number(std::uint64_t value) {
        constexpr std::uint64_t kMore = 0x80;
        for (; value >= kMore; value >>= 7U) byte(static_cast<std::uint8_t>(value | kMore));
        byte(static_cast<std::uint8_t>(value));
    }
    void count(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
    void time(Timestamp value) { number(zigzag((value - at_).count())); }
    /// As its place among the texts. It must outlive the writer.
    void text(std::string_view value) {
        const auto [entry, is_new] = places_.try_emplace(value, texts_.size());
        if (is_new) texts_.push_back(value);
        number(entry->second);
    }

    Timestamp at_;
    std::string out_;
    std::vector<std::string_view> texts_;
    std::unordered_map<std::string_view, std::size_t> places_;
};

/// Once something is wrong all that follows is zero or empty.
class Parser {
  public:
    Parser(std::string_view blob, Timestamp at) : rest_(blob), at_(at) {
        const auto texts = count(static_cast<std::int64_t>(blob.size()));
        for (std::int64_t i = 0; i < texts; ++i) {
            const auto size = static_cast<std::size_t>(count(std::ssize(rest_)));
            if (size > rest_.size()) is_sound_ = false;
            if (!is_sound_) return;
            texts_.push_back(rest_.substr(0, size));
            rest_.remove_prefix(size);
        }
    }

    bool is_sound() const { return is_sound_; }
    bool is_at_end() const { return rest_.empty() || !is_sound_; }

    News entry() {
        const auto tag = static_cast<Tag>(limited(static_cast<std::uint8_t>(Tag::Resource)));
        if (tag == Tag::Resource) return resource();
        return job();
    }

  private:
    JobNews job() {
        constexpr std::int64_t kMost = 1'000'000'000;
        JobNews news;
        model::JobState& read = news.state;
        const std::uint8_t bits = byte();
        for (std::uint8_t& part : news.id.uuid.bytes) part = byte();
        news.id.part = static_cast<std::int32_t>(unzigzag(number()));
        news.count = static_cast<std::int32_t>(count(kMost));
        if (news.count < 1) is_sound_ = false;
        news.queue = text();
        read.status = static_cast<JobStatus>(limited(model::kJobStatusCount - 1));
        read.status_reason = text();
        read.attempt = static_cast<std::int32_t>(count(kMost));
        if ((bits & kStarted) != 0) read.started_at = time();
        if ((bits & kStopped) != 0) read.stopped_at = time();
        read.is_cancelled = (bits & kCancelled) != 0;
        read.is_terminated = (bits & kTerminated) != 0;
        if ((bits & kChildren) == 0) return news;
        for (std::int64_t& children : news.children.emplace()) children = count(kMost);
        return news;
    }

    ResourceNews resource() {
        ResourceNews news;
        news.kind = static_cast<ResourceNews::Kind>(
            limited(static_cast<std::uint8_t>(ResourceNews::Kind::Host)));
        news.name = text();
        news.state = text();
        news.status = text();
        news.status_reason = text();
        return news;
    }

    std::uint8_t byte() {
        if (rest_.empty()) is_sound_ = false;
        if (!is_sound_) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    /// A byte of at most that value.
    std::uint8_t limited(std::size_t most) {
        const std::uint8_t value = byte();
        if (value > most) is_sound_ = false;
        return is_sound_ ? value : 0;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t part = byte();
            value |= static_cast<std::uint64_t>(part & 0x7fU) << shift;
            if ((part & 0x80U) == 0) return value;
        }
        is_sound_ = false;
        return 0;
    }
    std::int64_t count(std::int64_t most) {
        const std::uint64_t value = number();
        if (value > static_cast<std::uint64_t>(most)) is_sound_ = false;
        return is_sound_ ? static_cast<std::int64_t>(value) : 0;
    }
    Timestamp time() { return at_ + Milliseconds{unzigzag(number())}; }
    std::string text() {
        const std::uint64_t place = number();
        if (place >= texts_.size()) is_sound_ = false;
        return is_sound_ ? std::string(texts_[place]) : std::string();
    }

    std::string_view rest_;
    Timestamp at_;
    bool is_sound_ = true;
    std::vector<std::string_view> texts_;
};

}  // namespace

std::string encode(const model::NewsBatch& batch) {
    Writer writer(batch.at);
    for (const News& entry : batch.entries) {
        std::visit([&](const auto& news) { writer.add(news); }, entry);
    }
    return writer.finish();
}

Result<> decode(std::string_view blob, model::NewsBatch& batch) {
    Parser parser(blob, batch.at);
    while (!parser.is_at_end()) batch.entries.push_back(parser.entry());
    if (parser.is_sound()) return {};
    return fail(ErrorKind::Internal, "body is no list of events");
}

}  // namespace batchd::store
