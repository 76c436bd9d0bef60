// What a request asks for in vain is told; what has its effect is not.
#include "batchd/model/job.hpp"
#include "unit/model/definitions.hpp"

#include <gtest/gtest.h>

namespace batchd::model {
namespace {

using testing::a_definition;
using testing::a_fargate_definition;
using Texts = std::vector<std::string>;

SubmitJobRequest a_request() {
    SubmitJobRequest request;
    request.job_name = "j";
    request.job_queue = "q";
    request.job_definition = "d";
    return request;
}

Texts warnings_of(const SubmitJobRequest& request, const JobDefinition& definition) {
    const auto job =
        resolve(request, definition, "arn:aws:batch:r:1:job-definition/d:1", kAwsLimits);
    EXPECT_TRUE(job) << job.error().message;
    return job && job->spec.warnings ? *job->spec.warnings : Texts{};
}

NodePropertyOverride& override_nodes(SubmitJobRequest& request) {
    auto& given = request.node_overrides.emplace().node_property_overrides.emplace_back();
    given.target_nodes = "0:";
    return given;
}

JobDefinition a_multinode_definition() {
    JobDefinition definition = a_definition();
    definition.type = "multinode";
    auto& nodes = definition.node_properties.emplace();
    nodes.num_nodes = 2;
    nodes.main_node = 0;
    auto& range = nodes.node_range_properties.emplace_back();
    range.target_nodes = "0:";
    range.container = std::exchange(definition.container_properties, std::nullopt);
    return definition;
}

TEST(Warnings, ThereAreNoneForWhatCounts) {
    JobDefinition definition = a_definition();
    definition.parameters = {{"who", "me"}, {"unused", "by the definition itself"}};
    definition.container_properties->command = {"echo", "Ref::who, and Ref::whom"};
    SubmitJobRequest request = a_request();
    request.parameters = {{"who", "you"}, {"whom", "them"}};
    auto& container = request.container_overrides.emplace();
    container.environment = {{.name = "A", .value = "1"}};
    container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "512"}};
    EXPECT_EQ(warnings_of(request, definition), Texts{});
}

TEST(Warnings, ParametersThatNoCommandRefersTo) {
    JobDefinition definition = a_definition();
    definition.parameters = {{"who", "me"}};
    definition.container_properties->command = {"echo", "Ref::who"};
    definition.container_properties->environment = {{.name = "A", .value = "Ref::how"}};
    SubmitJobRequest request = a_request();
    request.parameters = {{"who", "you"}, {"how", "x"}};
    const std::string why =
        " has no effect: no command of the job refers to it by Ref::, and parameters are put into "
        "commands alone";
    EXPECT_EQ(warnings_of(request, definition), (Texts{"parameter 'how'" + why}));
    request.container_overrides.emplace().command = {{"true"}};
    EXPECT_EQ(warnings_of(request, definition),
              (Texts{"parameter 'how'" + why, "parameter 'who'" + why}))
        << "the command that refers to it is not run";
    request.parameters["who"] = "me";
    EXPECT_EQ(warnings_of(request, definition), (Texts{"parameter 'how'" + why}))
        << "the definition says no other";
}

TEST(Warnings, MembersThatAreNotKnown) {
    SubmitJobRequest request = a_request();
    request.unknown_members = {"colour", "containerOverrides.shape"};
    EXPECT_EQ(warnings_of(request, a_definition()),
              (Texts{"'colour' is not known and has no effect",
                     "'containerOverrides.shape' is not known and has no effect"}));
}

TEST(Warnings, InstanceTypesOtherThanTheDefinitions) {
    const std::string why =
        " has no effect: jobs run on the instances that their compute environment has";
    JobDefinition definition = a_definition();
    SubmitJobRequest request = a_request();
    request.container_overrides.emplace().instance_type = "m5.large";
    EXPECT_EQ(warnings_of(request, definition), (Texts{"containerOverrides.instanceType" + why}));
    definition.container_properties->instance_type = "m5.large";
    EXPECT_EQ(warnings_of(request, definition), Texts{});

    definition = a_multinode_definition();
    request = a_request();
    override_nodes(request).instance_types = {{"m5.large"}};
    const std::string field = "nodeOverrides.nodePropertyOverrides[0]";
    EXPECT_EQ(warnings_of(request, definition), (Texts{field + ".instanceTypes" + why}));
    definition.node_properties->node_range_properties[0].instance_types = {{"m5.large"}};
    EXPECT_EQ(warnings_of(request, definition), Texts{});
    request = a_request();
    override_nodes(request).container_overrides.emplace().instance_type = "m5.large";
    EXPECT_EQ(warnings_of(request, definition),
              (Texts{field + ".containerOverrides.instanceType" + why}));
}

TEST(Warnings, MemoryThatDoesNotGrow) {
    SubmitJobRequest request = a_request();
    request.options.out_of_memory_factor = 2;
    EXPECT_EQ(warnings_of(request, a_definition()), Texts{});
    EXPECT_EQ(warnings_of(request, a_fargate_definition()),
              (Texts{"outOfMemoryFactor has no effect on Fargate"}));
    EXPECT_EQ(warnings_of(request, a_multinode_definition()),
              (Texts{"outOfMemoryFactor has no effect on multi-node jobs"}));
    JobDefinition definition = a_fargate_definition();
    definition.options.emplace().out_of_memory_factor = 3;
    EXPECT_EQ(warnings_of(request, definition),
              (Texts{"outOfMemoryFactor has no effect on Fargate"}));
    definition.options->out_of_memory_factor = 2;
    EXPECT_EQ(warnings_of(request, definition), Texts{});
}

TEST(Warnings, AreNotTooMany) {
    SubmitJobRequest request = a_request();
    for (int i = 0; i < 100; ++i) request.parameters["p" + std::to_string(i)] = "x";
    const auto warnings = warnings_of(request, a_definition());
    ASSERT_EQ(warnings.size(), 20U);
    EXPECT_EQ(warnings.back(), "and more");
}

}  // namespace
}  // namespace batchd::model
