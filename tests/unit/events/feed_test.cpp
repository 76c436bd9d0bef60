// The live end of the feed: rendered once, no event lost or told twice, nobody holds up anybody.
#include "batchd/events/feed.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace batchd::events {
namespace {

using model::JobStatus;

model::JobId job_id(std::uint8_t number) {
    model::JobId id;
    id.uuid.bytes[15] = number;
    return id;
}

model::JobNews news_of(const model::JobId& id, JobStatus status, std::int32_t count = 1,
                       const std::string& queue = "default") {
    model::JobNews news{.id = id, .count = count, .queue = queue, .state = {}, .children = {}};
    news.state.status = status;
    return news;
}

/// Keeps what was told, as the database would.
class FakeSource final : public Source {
  public:
    Result<Page> page(std::int64_t after, const Filter& filter, std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        ++pages;
        Page page{.events = {}, .position = after};
        for (const auto& batch : batches_) {
            page.newest = batch->end_seq() - 1;
            for_each_event(*batch, after, [&](Event&& event, const model::News&) {
                if (page.events.size() == limit) return false;
                page.position = event.seq;
                if (filter.matches(event)) page.events.push_back(with_text(std::move(event)));
                return true;
            });
        }
        return page;
    }
    Result<EventPtr> render(Event event, const model::News&, Timestamp) override {
        if (fails) return fail(ErrorKind::Unavailable, "the disk");
        ++rendered;
        return with_text(std::move(event));
    }
    void store(std::shared_ptr<const model::NewsBatch> batch) {
        const std::lock_guard lock(mutex_);
        batches_.push_back(std::move(batch));
    }

    std::atomic<int> rendered = 0;
    std::atomic<int> pages = 0;
    std::atomic<bool> fails = false;

  private:
    static EventPtr with_text(Event event) {
        event.text = "{\"sequence\":" + std::to_string(event.seq) + "}";
        return std::make_shared<const Event>(std::move(event));
    }

    std::mutex mutex_;
    std::vector<std::shared_ptr<const model::NewsBatch>> batches_;
};

class FeedTest : public testing::Test {
  protected:
    explicit FeedTest(Feed::Limits limits = {}) : feed_(limits) { feed_.run(source_, 0); }

    void tell(std::vector<model::News> entries) {
        model::NewsBatch batch{.first_seq = next_, .at = {}, .entries = std::move(entries)};
        next_ = batch.end_seq();
        const auto shared = std::make_shared<const model::NewsBatch>(std::move(batch));
        source_.store(shared);
        feed_.told(shared);
    }

    Feed feed_;
    FakeSource source_;
    std::int64_t next_ = 1;
};

/// Reads as a client does: from memory, else from the source.
class Client {
  public:
    Client(Feed& feed, FakeSource& source, Filter filter = {}, std::int64_t after = 0)
        : source_(source), filter_(filter), subscription_(feed.subscribe(filter, after, [this] {
              ++wakes_;
              wakes_.notify_all();
          })) {}

    /// The numbers of the next events, at least as many.
    std::vector<std::int64_t> read(std::size_t count) {
        std::vector<std::int64_t> seqs;
        while (seqs.size() < count) {
            const int before = wakes_;
            auto taken = subscription_->take(1000);
            if (taken.is_behind) {
                auto page = source_.page(subscription_->position(), filter_, 5);
                subscription_->move_to(page->position);
                taken.events = std::move(page->events);
            } else if (taken.events.empty()) {
                wakes_.wait(before);
            }
            for (const auto& event : taken.events) seqs.push_back(event->seq);
        }
        return seqs;
    }
    std::int64_t position() const { return subscription_->position(); }

  private:
    FakeSource& source_;
    Filter filter_;
    std::atomic<int> wakes_ = 0;
    std::unique_ptr<Feed::Subscription> subscription_;
};

using Seqs = std::vector<std::int64_t>;

TEST_F(FeedTest, WithoutSubscribersNothingIsRendered) {
    tell({news_of(job_id(1), JobStatus::Runnable)});
    EXPECT_EQ(feed_.newest(), 1);
    Client client(feed_, source_, {}, 1);
    tell({news_of(job_id(1), JobStatus::Starting)});
    EXPECT_EQ(client.read(1), Seqs{2});
    EXPECT_EQ(source_.rendered, 1);
    EXPECT_EQ(source_.pages, 0) << "a live event comes from memory";
}

TEST_F(FeedTest, AnEventIsRenderedOnceForAll) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<Client>(feed_, source_));
    tell({news_of(job_id(1), JobStatus::Runnable), news_of(job_id(1), JobStatus::Starting)});
    for (auto& client : clients) EXPECT_EQ(client->read(2), (Seqs{1, 2}));
    EXPECT_EQ(source_.rendered, 2);
}

TEST_F(FeedTest, AFilterLetsThroughWhatItAsksFor) {
    Client of_queue(feed_, source_, {.queues = {"gpu"}, .job = {}});
    Client of_job(feed_, source_, {.queues = {}, .job = job_id(2)});
    Client failures(feed_, source_,
                    {.queues = {}, .job = {}, .statuses = Filter::bit(JobStatus::Failed)});
    Client all(feed_, source_);
    tell({news_of(job_id(1), JobStatus::Failed),
          news_of(job_id(2).child(0), JobStatus::Runnable, 3, "gpu"),
          model::ResourceNews{.kind = model::ResourceNews::Kind::JobQueue,
                              .name = "gpu",
                              .state = "ENABLED",
                              .status = "VALID",
                              .status_reason = ""},
          model::ResourceNews{.kind = model::ResourceNews::Kind::Host,
                              .name = "gpu",
                              .state = "",
                              .status = "UP",
                              .status_reason = ""}});
    EXPECT_EQ(all.read(6), (Seqs{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(of_queue.read(4), (Seqs{2, 3, 4, 5}));
    EXPECT_EQ(of_job.read(3), (Seqs{2, 3, 4}));
    EXPECT_EQ(failures.read(1), Seqs{1});
}

TEST_F(FeedTest, WhomNothingConcernsStaysAtTheTip) {
    Client other(feed_, source_, {.queues = {"other"}, .job = {}});
    Client all(feed_, source_);
    for (int i = 0; i < 10; ++i) tell({news_of(job_id(1), JobStatus::Runnable)});
    EXPECT_EQ(all.read(10).size(), 10U);
    EXPECT_EQ(other.position(), 10);
}

TEST_F(FeedTest, WhatCannotBeRenderedIsReadFromTheSource) {
    source_.fails = true;
    Client client(feed_, source_);
    tell({news_of(job_id(1), JobStatus::Runnable)});
    EXPECT_EQ(client.read(1), Seqs{1});
    EXPECT_GT(source_.pages, 0);
}

class SmallFeedTest : public FeedTest {
  protected:
    SmallFeedTest()
        : FeedTest({.window_events = 10, .window_bytes = 1000, .pending_events = 100}) {}
};

TEST_F(SmallFeedTest, WhoIsSlowReadsOnFromTheSourceWithoutAGap) {
    Client slow(feed_, source_);
    Client fast(feed_, source_);
    Seqs expected;
    for (std::int64_t i = 1; i <= 50; ++i) {
        tell({news_of(job_id(1), JobStatus::Runnable)});
        EXPECT_EQ(fast.read(1), Seqs{i});
        expected.push_back(i);
    }
    EXPECT_EQ(slow.read(50), expected);
    tell({news_of(job_id(1), JobStatus::Starting)});
    EXPECT_EQ(slow.read(1), Seqs{51});
}

TEST_F(SmallFeedTest, MoreThanCanBeRenderedIsLeftToTheReaders) {
    Client client(feed_, source_);
    tell({news_of(job_id(1).child(0), JobStatus::Runnable, 1000)});
    tell({news_of(job_id(1), JobStatus::Failed)});
    const auto seqs = client.read(1001);
    ASSERT_EQ(seqs.size(), 1001U);
    for (std::size_t i = 0; i < seqs.size(); ++i)
        EXPECT_EQ(seqs[i], static_cast<std::int64_t>(i + 1));
    EXPECT_LE(source_.rendered, 1);
}

TEST_F(FeedTest, ClosingWakesEverybody) {
    std::promise<void> woken;
    const auto subscription = feed_.subscribe({}, 0, [&] { woken.set_value(); });
    feed_.close();
    woken.get_future().get();
    EXPECT_TRUE(feed_.is_closed());
}

}  // namespace
}  // namespace batchd::events
