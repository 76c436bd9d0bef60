#include "api/native/run_request.hpp"

#include <gtest/gtest.h>

namespace batchd::api::native {
namespace {

http::Request json(std::string body) {
    http::Request request;
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

http::Request form(std::string body) {
    http::Request request;
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(body);
    return request;
}

using Texts = std::vector<std::string>;

std::string needs_of(const RunRequest& run) {
    std::string text;
    for (const auto& need : run.definition.container_properties->resource_requirements) {
        text += need.type + " " + need.value + ", ";
    }
    return text;
}

void expect_all_members(const http::Request& request) {
    const auto run = parse_run(request);
    ASSERT_TRUE(run) << run.error().error.message;
    const auto& container = *run->definition.container_properties;
    EXPECT_EQ(container.image, "docker.io/library/alpine:3");
    EXPECT_EQ(container.command, (Texts{"/bin/sh", "-c", "echo a b"}));
    EXPECT_EQ(needs_of(*run), "VCPU 2, MEMORY 64, GPU 1, ");
    ASSERT_EQ(container.environment.size(), 2U);
    EXPECT_EQ(container.environment[0].name, "A");
    EXPECT_EQ(container.environment[0].value, "1=2");
    const auto& submit = run->submit;
    EXPECT_EQ(submit.job_name, "n");
    EXPECT_EQ(submit.job_queue, "q");
    EXPECT_EQ(submit.tags, (model::StringMap{{"team", "x"}}));
    EXPECT_EQ(submit.timeout->attempt_duration_seconds, 90);
    EXPECT_EQ(submit.retry_strategy->attempts, 3);
    EXPECT_EQ(submit.array_properties->size, 4);
    EXPECT_EQ(submit.share_identifier, "s");
    ASSERT_EQ(submit.depends_on.size(), 2U);
    EXPECT_EQ(submit.depends_on[1].job_id, "two");
}

TEST(RunRequest, IsReadFromJson) {
    expect_all_members(json(R"({"image": "docker.io/library/alpine:3", "cmd": "echo a b",
        "vcpus": 2, "memory": 64, "gpus": 1, "queue": "q", "name": "n",
        "environment": {"A": "1=2", "B": "3"}, "tags": {"team": "x"}, "timeoutSeconds": 90,
        "attempts": 3, "arraySize": 4, "dependsOn": ["one", {"jobId": "two"}],
        "shareIdentifier": "s"})"));
}

TEST(RunRequest, IsReadFromAForm) {
    expect_all_members(form(
        "image=docker.io%2Flibrary%2Falpine:3&cmd=echo+a+b&vcpus=2&memory=64&gpus=1&queue=q&name=n"
        "&environment=A=1=2&environment=B=3&tags=team=x&timeoutSeconds=90&attempts=3&arraySize=4"
        "&dependsOn=one&dependsOn=two&shareIdentifier=s"));
}

TEST(RunRequest, IsJsonIfItLooksSoWhateverItsTypeSays) {
    const auto run = parse_run(form(R"({"image": "a", "command": ["echo", "hi"]})"));
    ASSERT_TRUE(run);
    EXPECT_EQ(run->definition.container_properties->command, (Texts{"echo", "hi"}));
}

TEST(RunRequest, NeedsAnImageOnly) {
    const auto run = parse_run(json(R"({"image": "registry:5000/team/my.tool@sha256:0123"})"));
    ASSERT_TRUE(run);
    EXPECT_EQ(needs_of(*run), "VCPU 1, MEMORY 512, ");
    EXPECT_EQ(run->submit.job_name, "my-tool");
    EXPECT_EQ(run->submit.job_queue, "default");
    EXPECT_TRUE(run->definition.container_properties->command.empty());
}

TEST(RunRequest, NamesWhatIsWrong) {
    const std::pair<http::Request, std::string> cases[] = {
        {json("{}"), "image is required"},
        {json("[]"), "must be an object"},
        {json("{"), "not valid JSON"},
        {form("image=%zz"), "%-escape"},
        {json(R"({"image": ""})"), "image must be a text that is not empty"},
        {json(R"({"image": 3})"), "image must be a text that is not empty, got 3"},
        {form("image=a&image=b"), "image 'b' is given twice"},
        {form("image=a&vcpus=0"), "vcpus \"0\" must be a whole number from 1"},
        {form("image=a&vcpus=1.5"), "vcpus \"1.5\" must be a whole number"},
        {json(R"({"image": "a", "memory": 3})"), "memory 3 must be a whole number from 4"},
        {json(R"({"image": "a", "gpus": -1})"), "gpus -1 must be a whole number from 0"},
        {json(R"({"image": "a", "attempts": "x"})"), "attempts \"x\" must be a whole number"},
        {json(R"({"image": "a", "command": 3})"),
         "command must be a text or a list of texts, got 3"},
        {json(R"({"image": "a", "cmd": "x", "command": "y"})"), "cmd and command are the same"},
        {json(R"({"image": "a", "environment": "A=1"})"), "environment must be"},
        {form("image=a&environment=A"), "environment 'A' must be NAME=VALUE"},
        {json(R"({"image": "a", "queue": 3})"), "jobQueue must be a string, got 3"},
        {json(R"({"image": "a", "imag": "b"})"), "imag \"b\" is not known here"},
        {json(R"({"image": "a", "jobDefinition": "b"})"), "jobDefinition \"b\" is not known here"},
    };
    for (const auto& [request, text] : cases) {
        const auto run = parse_run(request);
        ASSERT_FALSE(run) << request.body;
        EXPECT_NE(run.error().error.message.find(text), std::string::npos)
            << request.body << ": " << run.error().error.message;
        EXPECT_EQ(run.error().error.kind, ErrorKind::InvalidArgument);
    }
}

TEST(RunRequest, HintsAtANextStep) {
    EXPECT_NE(parse_run(json("{}")).error().hint.find("curl -d image=alpine"), std::string::npos);
    EXPECT_NE(parse_run(form("image=a&imag=b")).error().hint.find("timeoutSeconds"),
              std::string::npos);
}

}  // namespace
}  // namespace batchd::api::native
