#include "api/router.hpp"

#include <gtest/gtest.h>

namespace batchd::api {
namespace {

http::Request request(std::string method, std::string path) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return request;
}

TEST(Router, EveryOperationOfBatchHasItsLowerCasePath) {
    for (const auto& operation : batch::operations()) {
        std::string path = "/v1/";
        for (const char c : operation.name) path += static_cast<char>(std::tolower(c));
        const auto target = route(request("POST", path));
        const auto* found = std::get_if<const batch::Operation*>(&target);
        ASSERT_TRUE(found) << path;
        EXPECT_EQ((*found)->name, operation.name);
    }
    // The 2026 model has 45 operations; the three about tags have a path of their own.
    EXPECT_EQ(batch::operations().size(), 48U);
}

TEST(Router, TagsTakeTheArnEncodedAndRaw) {
    const std::string arn = "arn:aws:batch:us-east-1:123456789012:job-queue/default";
    for (const auto* path :
         {"/v1/tags/arn%3Aaws%3Abatch%3Aus-east-1%3A123456789012%3Ajob-queue%2Fdefault",
          "/v1/tags/arn:aws:batch:us-east-1:123456789012:job-queue/default"}) {
        const auto target = route(request("GET", path));
        ASSERT_TRUE(std::holds_alternative<TagsRoute>(target)) << path;
        EXPECT_EQ(std::get<TagsRoute>(target).arn, arn);
    }
}

TEST(Router, NativePathsCarryTheirId) {
    const auto target = route(request("GET", "/api/v1/jobs/a%20b/logs"));
    ASSERT_TRUE(std::holds_alternative<NativeRoute>(target));
    EXPECT_EQ(std::get<NativeRoute>(target).route->name, "GetLogs");
    EXPECT_EQ(std::get<NativeRoute>(target).id, "a b");
}

TEST(Router, LogsAreRoutedByTarget) {
    auto logs = request("POST", "/");
    logs.headers.add("X-Amz-Target", "Logs_20140328.GetLogEvents");
    EXPECT_TRUE(std::holds_alternative<const cloudwatch::Operation*>(route(logs)));
}

TEST(Router, SaysWhatIsWrongWithAPath) {
    const struct {
        const char* method;
        const char* path;
        int status;
    } cases[] = {
        {"POST", "/v1/nosuchoperation", 404},
        {"GET", "/v1/submitjob", 405},
        {"POST", "/api/v1/overview", 405},
        {"GET", "/api/v1/jobs//logs", 404},
        {"GET", "/nowhere", 404},
        {"POST", "/", 400},
        {"GET", "/v1/tags/%zz", 400},
    };
    for (const auto& c : cases) {
        const auto target = route(request(c.method, c.path));
        ASSERT_TRUE(std::holds_alternative<NoRoute>(target)) << c.path;
        EXPECT_EQ(std::get<NoRoute>(target).status, c.status) << c.path;
    }
}

}  // namespace
}  // namespace batchd::api
