// What the event feed is told: each change of a status, in order, under numbers without gaps.
#include "unit/core/builders.hpp"

namespace batchd::core::test {
namespace {

using model::JobNews;
using model::ResourceNews;

/// "<job>:STATUS", of children in a row with their number, of other things with their name.
std::string text_of(const model::News& entry) {
    if (const auto* resource = std::get_if<ResourceNews>(&entry)) {
        return resource->name + ":" + resource->status;
    }
    const auto& job = std::get<JobNews>(entry);
    std::string text = std::to_string(job.id.uuid.bytes.back());
    if (job.id.is_child()) text += "[" + std::to_string(job.id.index()) + "]";
    if (job.id.is_node()) text += "#" + std::to_string(job.id.index());
    if (job.count > 1) text += "x" + std::to_string(job.count);
    return text + ":" + std::string(to_string(job.state.status));
}

/// What all steps since the one numbered `first` told.
std::vector<std::string> told(const World& world, std::size_t first = 0) {
    std::vector<std::string> list;
    for (std::size_t i = first; i < world.history.size(); ++i) {
        for (const auto& entry : world.history[i].news.entries) list.push_back(text_of(entry));
    }
    return list;
}

using Texts = std::vector<std::string>;

TEST(News, EveryStatusOfAJobInOrder) {
    World world;
    const auto first = world.history.size();
    const auto job = world.submit(world.a_job().attempts(2));
    world.ran(job, 1);
    world.ran(job, 0);
    EXPECT_EQ(told(world, first), (Texts{"1:RUNNABLE", "1:STARTING", "1:RUNNING", "1:RUNNABLE",
                                         "1:STARTING", "1:RUNNING", "1:SUCCEEDED"}));
}

TEST(News, AnEntryHasWhatBelongsToItsStatus) {
    World world;
    world.now = from_epoch_ms(5000);
    const auto job = world.submit(world.a_job().attempts(2));
    const auto first = world.history.size();
    world.ran(job, 1);
    const auto& entries = world.history.back().news.entries;
    ASSERT_EQ(told(world, first + 1), (Texts{"1:RUNNABLE", "1:STARTING"}));
    const auto& retried = std::get<JobNews>(entries[0]).state;
    EXPECT_EQ(retried.attempt, 1);
    EXPECT_EQ(retried.status_reason, "Essential container in task exited");
    const auto& placed = std::get<JobNews>(entries[1]).state;
    EXPECT_EQ(placed.attempt, 2);
    EXPECT_EQ(placed.status_reason, "");
    EXPECT_EQ(std::get<JobNews>(entries[1]).queue, "default");
    EXPECT_EQ(world.history.back().news.at, world.now);
}

TEST(News, NumbersHaveNoGapsAndCountChildrenOneByOne) {
    World world;
    world.submit(world.a_job().array(6));
    world.submit();
    std::int64_t next = 1;
    for (const auto& changes : world.history) {
        if (changes.news.entries.empty()) continue;
        EXPECT_EQ(changes.news.first_seq, next);
        next = changes.news.end_seq();
    }
    EXPECT_EQ(world.state.next_event, next);
    EXPECT_GT(next, 12);
}

TEST(News, ChildrenInARowAreOneEntry) {
    World world;
    const auto first = world.history.size();
    const auto array = world.submit(world.a_job().array(6));
    EXPECT_EQ(told(world, first), (Texts{"1:PENDING", "1[0]x6:RUNNABLE", "1[0]:STARTING",
                                         "1[1]:STARTING", "1[2]:STARTING", "1[3]:STARTING"}));
    const auto& parent = std::get<JobNews>(world.history[first].news.entries[0]);
    ASSERT_TRUE(parent.children);
    EXPECT_EQ((*parent.children)[static_cast<std::size_t>(model::JobStatus::Starting)], 4);
    const auto before_end = world.history.size();
    (void)world.tell(TerminateJob{.id = array, .reason = "enough"});
    ASSERT_EQ(told(world, before_end), (Texts{"1[4]x2:FAILED"}));
    EXPECT_EQ(std::get<JobNews>(world.history.back().news.entries[0]).state.status_reason,
              "enough");
}

TEST(News, AChildThatEndsWithoutAnAttemptIsNotCountedToTheOthers) {
    World world;
    const auto gate = world.submit();
    const auto first = world.submit(world.a_job().array(3).after(gate));
    const auto second = world.submit(world.a_job().array(3).pairwise(first));
    const auto before = world.history.size();
    (void)world.tell(CancelJob{.id = first.child(0), .reason = "not this one"});
    (void)world.tell(CancelJob{.id = second, .reason = "nor these"});
    EXPECT_EQ(told(world, before),
              (Texts{"2[0]:FAILED", "3[0]:FAILED", "3[1]x2:FAILED", "3:FAILED"}));
}

TEST(News, QueuesAndEnvironmentsTellTheirStateOnce) {
    World world;
    EXPECT_EQ(told(world), (Texts{"local:VALID", "default:VALID", "h0:UP"}));
    const auto first = world.history.size();
    model::JobQueueUpdate update;
    update.priority = 7;
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = update}));
    EXPECT_EQ(told(world, first), Texts{}) << "neither state nor status changed";
    update.state = "DISABLED";
    ASSERT_TRUE(world.tell(UpdateQueue{.name = "default", .update = update}));
    EXPECT_EQ(told(world, first), Texts{"default:VALID"});
    ASSERT_TRUE(world.tell(DeleteQueue{.name = "default"}));
    EXPECT_EQ(told(world, first + 2), (Texts{"default:DELETING", "default:DELETED"}));
}

TEST(News, HostsTellWhenTheyComeAndGo) {
    World world;
    const auto first = world.history.size();
    world.host_up("h0", resources(4));
    EXPECT_EQ(told(world, first), Texts{}) << "it was up";
    (void)world.tell(HostDown{.host = "h0", .reason = "connection refused"});
    EXPECT_EQ(told(world, first), Texts{"h0:UNAVAILABLE"});
    EXPECT_EQ(std::get<ResourceNews>(world.history.back().news.entries[0]).status_reason,
              "connection refused");
}

TEST(News, ARestartGoesOnCounting) {
    World world;
    const auto job = world.submit();
    model::Snapshot snapshot = world.stored();
    snapshot.next_event = world.state.next_event;
    State restored;
    add_host(restored, "h0");
    ASSERT_TRUE(restore(restored, snapshot, world.now));
    (void)apply(restored, HostUp{.host = "h0", .capacity = resources(4), .gpus = {}}, world.now);
    const auto decision = finish_step(restored, world.now);
    EXPECT_EQ(decision.changes.news.first_seq, world.state.next_event);
    ASSERT_EQ(decision.changes.news.entries.size(), 1U) << "queue and job are as they were";
    EXPECT_EQ(text_of(decision.changes.news.entries[0]), "h0:UP");
    EXPECT_EQ(restored.find_job(job).has_value(), true);
}

}  // namespace
}  // namespace batchd::core::test
