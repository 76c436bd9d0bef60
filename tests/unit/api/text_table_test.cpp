// Answers for people.
#include "api/text_table.hpp"

#include "api/errors.hpp"

#include <gtest/gtest.h>

namespace batchd::api {
namespace {

TEST(TextTableTest, ColumnsAreAsWideAsTheirCells) {
    TextTable table({"name", "n", "reason"});
    table.add({"a", "10", "it is\nlate"});
    table.add({"läuft", "", "x"});
    EXPECT_EQ(table.text(),
              "NAME   N   REASON\n"
              "a      10  it is late\n"
              "läuft  -   x\n");
}

bool text_wanted(const std::string& accept) {
    http::Request request;
    if (!accept.empty()) request.headers.add("Accept", accept);
    return wants_text(request);
}

TEST(TextTableTest, TextIsForThoseWhoAskForItFirst) {
    EXPECT_TRUE(text_wanted("text/plain"));
    EXPECT_TRUE(text_wanted("text/plain, */*"));
    EXPECT_TRUE(text_wanted("text/plain;q=0.9, application/json;q=0.1"));
    EXPECT_FALSE(text_wanted("application/json, text/plain"));
    EXPECT_FALSE(text_wanted("*/*"));
    EXPECT_FALSE(text_wanted(""));
}

TEST(HintTest, ANativeErrorSaysWhatToDo) {
    const auto known = native_error(
        {.kind = ErrorKind::NotFound, .message = "job 'x' does not exist", .context{}});
    EXPECT_EQ(known.status, 404);
    EXPECT_NE(known.body.find(R"("hint":"GET /api/v1/jobs finds)"), std::string::npos)
        << known.body;
    const auto other = native_error({.kind = ErrorKind::Internal, .message = "what?", .context{}});
    EXPECT_EQ(other.body, "{\"code\":\"ServerException\",\"message\":\"what?\"}\n");
}

}  // namespace
}  // namespace batchd::api
