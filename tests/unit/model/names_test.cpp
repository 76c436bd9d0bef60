#include "batchd/model/names.hpp"

#include <gtest/gtest.h>

namespace batchd::model {
namespace {

const Scope kScope{.region = "us-east-1", .account = "123456789012"};
const std::string kArn = "arn:aws:batch:us-east-1:123456789012:";

TEST(Arns, AreWrittenAsAwsWritesThem) {
    const auto id = parse_job_id("0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
    ASSERT_TRUE(id);
    EXPECT_EQ(batch_arn(kScope, "job-queue", "default"), kArn + "job-queue/default");
    EXPECT_EQ(job_arn(kScope, *id), kArn + "job/0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
    EXPECT_EQ(ecs_cluster("local", "0192"), "AWSBatch-local-0192");
    EXPECT_EQ(task_arn(kScope, "c", "0123"), "arn:aws:ecs:us-east-1:123456789012:task/c/0123");
}

TEST(Arns, HashTheHostToAContainerInstance) {
    const std::string prefix = "arn:aws:ecs:us-east-1:123456789012:container-instance/c/";
    const auto arn = container_instance_arn(kScope, "c", "localhost");
    EXPECT_TRUE(arn.starts_with(prefix)) << arn;
    const auto id = arn.substr(prefix.size());
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_EQ(arn, container_instance_arn(kScope, "c", "localhost"));
    EXPECT_NE(arn, container_instance_arn(kScope, "c", "localhosu"));
}

TEST(ParseArn, SplitsAtTheFirstSlash) {
    const auto arn = parse_arn(kScope, kArn + "job-queue/a/b");
    ASSERT_TRUE(arn);
    EXPECT_EQ(arn->type, "job-queue");
    EXPECT_EQ(arn->name, "a/b");
}

TEST(ParseArn, RefusesEverythingForeign) {
    for (const std::string& text :
         {std::string("default"), std::string("arn:aws:batch:eu-west-1:123456789012:job-queue/a"),
          std::string("arn:aws:batch:us-east-1:999999999999:job-queue/a"),
          std::string("arn:aws:ecs:us-east-1:123456789012:cluster/a"),
          std::string("arn:aws-cn:batch:us-east-1:123456789012:job-queue/a"), kArn,
          kArn + "job-queue", kArn + "job-queue/", kArn + "/a"}) {
        EXPECT_FALSE(parse_arn(kScope, text)) << text;
    }
}

TEST(NameOf, TakesTheNameFromBothForms) {
    EXPECT_EQ(name_of(kScope, "job-queue", "a"), "a");
    EXPECT_EQ(name_of(kScope, "job-queue", kArn + "job-queue/a"), "a");
}

TEST(NameOf, LeavesForeignArnsWhole) {
    const std::string foreign = "arn:aws:batch:eu-west-1:123456789012:job-queue/a";
    EXPECT_EQ(name_of(kScope, "job-queue", foreign), foreign);
    const std::string other = kArn + "compute-environment/a";
    EXPECT_EQ(name_of(kScope, "job-queue", other), other) << "of another type";
}

TEST(DefinitionReference, HasAllFormsOfAws) {
    const struct {
        std::string text;
        std::string name;
        std::optional<std::int32_t> revision;
    } cases[] = {
        {"a", "a", std::nullopt},
        {"a:3", "a", 3},
        {"a:2147483647", "a", 2147483647},
        {kArn + "job-definition/a", "a", std::nullopt},
        {kArn + "job-definition/a:12", "a", 12},
    };
    for (const auto& c : cases) {
        const auto reference = parse_definition_reference(kScope, c.text);
        ASSERT_TRUE(reference) << c.text;
        EXPECT_EQ(reference->name, c.name);
        EXPECT_EQ(reference->revision, c.revision);
    }
}

TEST(DefinitionReference, RefusesOtherFormsWithAwsText) {
    for (const std::string text : {"name:01", "", ":1", "a:", "a:latest", "a:0", "a:-1", "a:+1",
                                   "a:1:2", "a:2147483648", "a b", "a/b:1"}) {
        const auto reference = parse_definition_reference(kScope, text);
        ASSERT_FALSE(reference) << text;
        EXPECT_EQ(reference.error().kind, ErrorKind::InvalidArgument);
        EXPECT_EQ(reference.error().message,
                  "Provided name " + text + " is not supported pattern[a-zA-Z_0-9-]{1,128}");
    }
}

TEST(DefinitionReference, DoesNotFindForeignArns) {
    for (const std::string& text :
         {std::string("arn:aws:batch:eu-west-1:123456789012:job-definition/a:1"),
          kArn + "job-queue/a"}) {
        const auto reference = parse_definition_reference(kScope, text);
        ASSERT_FALSE(reference) << text;
        EXPECT_EQ(reference.error().kind, ErrorKind::NotFound);
        EXPECT_EQ(reference.error().message, "JobDefinition " + text + " not found.");
    }
}

TEST(ResourceName, HasUpTo128LettersDigitsHyphensAndUnderscores) {
    EXPECT_TRUE(is_resource_name("azAZ09_-"));
    EXPECT_TRUE(is_resource_name("-"));
    EXPECT_TRUE(is_resource_name(std::string(128, 'a')));
    EXPECT_FALSE(is_resource_name(std::string(129, 'a')));
    for (const auto* name : {"", "a b", "a.b", "a:b", "a/b", "\xc3\xa4", "a\n"}) {
        EXPECT_FALSE(is_resource_name(name)) << name;
    }
}

TEST(JobName, BeginsWithALetterOrDigit) {
    EXPECT_TRUE(is_job_name("a"));
    EXPECT_TRUE(is_job_name("9_-"));
    EXPECT_TRUE(is_job_name(std::string(128, 'a')));
    EXPECT_FALSE(is_job_name(std::string(129, 'a')));
    for (const auto* name : {"", "-a", "_a", "a.b"}) EXPECT_FALSE(is_job_name(name)) << name;
}

TEST(JobId, ReadsTheCanonicalFormOnly) {
    const std::string uuid = "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";
    for (const std::string end : {":", ":-1", ":01", ":x", ":1:2", "#", ":2147483647", " "}) {
        const auto id = parse_job_id(uuid + end);
        ASSERT_FALSE(id) << end;
        EXPECT_EQ(id.error().message,
                  "jobId '" + uuid + end +
                      "' is not a job id: expected 36 characters such as "
                      "01234567-89ab-7cde-8f01-23456789abcd, with :<index> for a child of an "
                      "array");
    }
}

TEST(JobId, NamesChildrenAndNodes) {
    const std::string uuid = "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";
    const auto whole = *parse_job_id(uuid);
    EXPECT_EQ(*parse_job_id(uuid + ":0"), whole.child(0));
    EXPECT_EQ(*parse_job_id(uuid + "#12"), whole.node(12));
    EXPECT_EQ(whole.child(7).index(), 7);
    EXPECT_EQ(whole.child(7).whole(), whole);
    for (const auto& id : {whole, whole.child(0), whole.child(9999), whole.node(0)}) {
        EXPECT_EQ(*parse_job_id(to_string(id)), id);
    }
    EXPECT_NE(task_id({.job = whole.child(0), .number = 1}), task_id({.job = whole, .number = 1}));
    EXPECT_NE(task_id({.job = whole.child(0), .number = 1}),
              task_id({.job = whole.child(1), .number = 1}));
}

TEST(TaskId, DiffersBetweenAttemptsAndStaysTheSame) {
    const JobId job = *parse_job_id("0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
    const auto first = task_id({.job = job, .number = 1});
    EXPECT_EQ(first.size(), 32U);
    EXPECT_EQ(first, task_id({.job = job, .number = 1}));
    EXPECT_NE(first, task_id({.job = job, .number = 2}));
    EXPECT_EQ(to_string(AttemptId{.job = job, .number = 2}),
              "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506/2");
}

}  // namespace
}  // namespace batchd::model
