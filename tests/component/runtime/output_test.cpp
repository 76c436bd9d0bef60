// What containers write, to the last byte.
#include "component/runtime/runtime_fixture.hpp"

namespace batchd::testing {
namespace {

using OutputTest = RuntimeTest;

// An Engine may end the stream of a container that stops before its last words.
TEST_F(OutputTest, LastWordsAreNotLost) {
    boot();
    std::vector<ports::StartAttempt> starts;
    for (int i = 0; i < 24; ++i) starts.push_back(shell("echo first; printf last"));
    for (const auto& start : starts) (*runtime_)->start(start);
    for (const auto& start : starts) {
        ASSERT_TRUE(events_.wait_ended(start.id));
        EXPECT_EQ(logs_.texts(start.id), (std::vector<std::string>{"first", "last"}));
    }
}

}  // namespace
}  // namespace batchd::testing
