// Webhooks against a receiver in memory: order, repetition, giving up, and where it stands.
#include "batchd/events/webhooks.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

namespace batchd::events {
namespace {

using model::JobStatus;

TEST(Signature, IsAnHmacOfTimeAndBody) {
    // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(sign_body("key", from_epoch_ms(1'700'000'000'999), R"({"a":1})"),
              "t=1700000000,v1="
              "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03");
}

TEST(WebhookDelay, DoublesUpToFiveMinutesWithJitter) {
    EXPECT_EQ(webhook_delay(1, 1.0), Milliseconds{1000});
    EXPECT_EQ(webhook_delay(1, 0.0), Milliseconds{500});
    EXPECT_EQ(webhook_delay(2, 1.0), Milliseconds{2000});
    EXPECT_EQ(webhook_delay(4, 1.0), Milliseconds{8000});
    EXPECT_EQ(webhook_delay(9, 1.0), Milliseconds{256'000});
    EXPECT_EQ(webhook_delay(10, 1.0), Milliseconds{300'000});
    EXPECT_EQ(webhook_delay(1'000'000, 1.0), Milliseconds{300'000});
}

/// Events 1 to `newest`, of which those before `oldest` are kept no more.
class Numbers final : public Source {
  public:
    Result<Page> page(std::int64_t after, const Filter&, std::size_t limit) override {
        Page page{.events = {}, .position = after, .oldest = oldest, .newest = newest};
        for (auto seq = std::max<std::int64_t>(after + 1, oldest);
             seq <= newest && page.events.size() < limit; ++seq) {
            Event event{
                .seq = seq, .type = "job", .job = {}, .queue = {}, .text = std::to_string(seq)};
            page.events.push_back(std::make_shared<const Event>(std::move(event)));
            page.position = seq;
        }
        return page;
    }
    Result<EventPtr> render(Event event, const model::News&, Timestamp) override {
        event.text = std::to_string(event.seq);
        return std::make_shared<const Event>(std::move(event));
    }

    std::atomic<std::int64_t> oldest = 1;
    std::atomic<std::int64_t> newest = 0;
};

class FakeTransport final : public aws::Transport {
  public:
    Result<aws::HttpResponse> send(const aws::HttpRequest& request) override {
        const std::lock_guard lock(mutex_);
        bodies_.push_back(request.body);
        changed_.notify_all();
        int status = 200;
        if (!answers_.empty()) {
            status = answers_.front();
            answers_.erase(answers_.begin());
        }
        if (status == 0) return fail(ErrorKind::Unavailable, "connection refused");
        return aws::HttpResponse{.status = status};
    }
    void answer(std::vector<int> statuses) {
        const std::lock_guard lock(mutex_);
        answers_ = std::move(statuses);
    }
    /// The bodies of the first requests.
    std::vector<std::string> wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return bodies_.size() >= count; });
        return bodies_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<int> answers_;
    std::vector<std::string> bodies_;
};

/// Goes ahead by a minute whenever it is looked at: pauses between tries take no time.
class FastClock final : public Clock {
  public:
    Timestamp now() const override { return from_epoch_ms(now_ += step_); }
    std::atomic<std::int64_t> step_ = 60'000;

  private:
    mutable std::atomic<std::int64_t> now_ = 1'700'000'000'000;
};

class WebhookTest : public testing::Test {
  protected:
    ~WebhookTest() override {
        webhooks_.stop();
        feed_.stop();
    }

    void run(std::int64_t done = 0) {
        model::WebhookRow row{.document = {.name = "w",
                                           .url = "http://h/",
                                           .queues = {},
                                           .statuses = {},
                                           .secret = {}},
                              .created_at = {},
                              .progress = {.done = done}};
        webhooks_.run(
            {.transport = transport_,
             .cut_off = [] {},
             .feed = feed_,
             .source = source_,
             .clock = clock_,
             .note =
                 [this](const std::string&, std::optional<model::WebhookProgress> progress,
                        std::vector<model::UndeliveredRow> rows) {
                     const std::lock_guard lock(mutex_);
                     if (progress) progress_ = *progress;
                     for (auto& each : rows) rows_.push_back(std::move(each));
                     changed_.notify_all();
                 },
             .count = [](std::string_view) {}},
            {row});
    }
    void wait_until(const std::function<bool()>& holds) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, holds);
    }

    FakeTransport transport_;
    Feed feed_;
    Numbers source_;
    FastClock clock_;
    Webhooks webhooks_{{.give_up = std::chrono::hours{1000}}};
    std::mutex mutex_;
    std::condition_variable changed_;
    model::WebhookProgress progress_;  ///< stored last
    std::vector<model::UndeliveredRow> rows_;
};

using Texts = std::vector<std::string>;

TEST_F(WebhookTest, SendsInOrderAndStoresWhereItStands) {
    source_.newest = 200;
    run(100);
    const auto bodies = transport_.wait(100);
    EXPECT_EQ(bodies.front(), "101");
    EXPECT_EQ(bodies.back(), "200");
    wait_until([&] { return progress_.done == 200; });
}

TEST_F(WebhookTest, AFailedTryIsRepeatedBeforeTheNextEvent) {
    source_.newest = 2;
    transport_.answer({500, 0, 404, 200, 302});
    run();
    EXPECT_EQ(transport_.wait(6), (Texts{"1", "1", "1", "1", "2", "2"}));
    wait_until([&] { return progress_.done == 2; });
    EXPECT_EQ(progress_.tries, 0);
    EXPECT_TRUE(rows_.empty());
}

TEST_F(WebhookTest, WhatIsRefusedIsGivenUpSoon) {
    source_.newest = 2;
    transport_.answer({400, 413, 422});
    run();
    EXPECT_EQ(transport_.wait(4), (Texts{"1", "1", "1", "2"}));
    wait_until([&] { return progress_.done == 2; });
    ASSERT_EQ(rows_.size(), 1U);
    EXPECT_EQ(rows_[0].first_seq, 1);
    EXPECT_EQ(rows_[0].tries, 3);
    EXPECT_EQ(rows_[0].error, "HTTP 422");
}

TEST_F(WebhookTest, WhatIsKeptNoMoreIsListed) {
    source_.newest = 12;
    source_.oldest = 11;
    run(5);
    EXPECT_EQ(transport_.wait(2), (Texts{"11", "12"}));
    wait_until([&] { return progress_.done == 12; });
    ASSERT_EQ(rows_.size(), 1U);
    EXPECT_EQ(rows_[0].first_seq, 6);
    EXPECT_EQ(rows_[0].last_seq, 10);
}

TEST_F(WebhookTest, WhatWasGivenUpIsSentAgain) {
    source_.newest = 9;
    run(9);
    ASSERT_TRUE(webhooks_.redeliver(
        "w", {{.webhook = "w", .first_seq = 4, .last_seq = 4, .at = {}, .tries = 3, .error = ""}}));
    EXPECT_EQ(transport_.wait(1), Texts{"4"});
    wait_until([&] { return !rows_.empty(); });
    EXPECT_TRUE(rows_[0].is_gone);
    EXPECT_FALSE(webhooks_.redeliver("other", {}));
}

TEST_F(WebhookTest, ANewUrlIsTriedAtOnce) {
    clock_.step_ = 0;  // no pause ever ends
    source_.newest = 1;
    transport_.answer({500});
    run();
    transport_.wait(1);
    wait_until([&] { return progress_.tries == 1; });
    webhooks_.webhooks_changed(
        {{.document =
              {.name = "w", .url = "http://other/", .queues = {}, .statuses = {}, .secret = {}},
          .created_at = {},
          .progress = {}}});
    EXPECT_EQ(transport_.wait(2), (Texts{"1", "1"}));
    wait_until([&] { return progress_.done == 1; });
}

}  // namespace
}  // namespace batchd::events
