#include "batchd/model/instance_catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace batchd::model {
namespace {

class Catalogue : public ::testing::Test {
  protected:
    std::set<std::string> names(const std::vector<std::string>& entries) const {
        std::set<std::string> names;
        const auto expanded = catalogue.expand(entries);
        EXPECT_TRUE(expanded) << expanded.error().message;
        if (!expanded) return names;
        for (const auto& [type, priority] : *expanded) names.insert(type->name);
        return names;
    }
    std::string refusal(const std::vector<std::string>& entries) const {
        const auto expanded = catalogue.expand(entries);
        return expanded ? "" : expanded.error().message;
    }

    InstanceCatalogue catalogue = InstanceCatalogue::embedded();
};

struct Known {
    const char* name;
    std::int32_t vcpus;
    std::int64_t memory;
    std::int32_t gpus;
    Architecture architecture;
    std::int64_t price;
};

class KnownTypes : public ::testing::TestWithParam<Known> {};

TEST_P(KnownTypes, AreAsAwsListsThem) {
    const auto catalogue = InstanceCatalogue::embedded();
    const auto* type = catalogue.find(GetParam().name);
    ASSERT_TRUE(type);
    EXPECT_EQ(type->name, GetParam().name);
    EXPECT_EQ(type->vcpus, GetParam().vcpus);
    EXPECT_EQ(type->memory.value, GetParam().memory);
    EXPECT_EQ(type->gpus, GetParam().gpus);
    EXPECT_EQ(type->architecture, GetParam().architecture);
    EXPECT_EQ(type->price.value, GetParam().price);
}

constexpr auto kX86 = Architecture::X86_64;
constexpr auto kArm = Architecture::Arm64;
INSTANTIATE_TEST_SUITE_P(All, KnownTypes,
                         ::testing::Values(Known{"m5.large", 2, 8192, 0, kX86, 96'000},
                                           Known{"c5.9xlarge", 36, 73728, 0, kX86, 1'530'000},
                                           Known{"c6g.medium", 1, 2048, 0, kArm, 34'000},
                                           Known{"r7i.48xlarge", 192, 1572864, 0, kX86, 12'700'800},
                                           Known{"i3.16xlarge", 64, 499712, 0, kX86, 4'992'000},
                                           Known{"t3.nano", 2, 512, 0, kX86, 5'200},
                                           Known{"t4g.2xlarge", 8, 32768, 0, kArm, 268'800},
                                           Known{"x2gd.xlarge", 4, 65536, 0, kArm, 334'000},
                                           Known{"g4dn.xlarge", 4, 16384, 1, kX86, 526'000},
                                           Known{"p3.8xlarge", 32, 249856, 4, kX86, 12'240'000},
                                           Known{"c4.8xlarge", 36, 61440, 0, kX86, 1'591'000}),
                         [](const auto& info) {
                             std::string name = info.param.name;
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

TEST_F(Catalogue, HoldsMoreThanThreeHundredTypesThatMakeSense) {
    EXPECT_GT(catalogue.types().size(), 300U);
    for (const auto& [name, type] : catalogue.types()) {
        EXPECT_EQ(name, type.name);
        EXPECT_GE(type.vcpus, 1) << name;
        EXPECT_GE(type.memory.value, 512) << name;
        EXPECT_EQ(type.gpus > 0, !type.gpu_name.empty()) << name;
        EXPECT_EQ(type.gpus > 0, type.gpu_memory.value > 0) << name;
        EXPECT_GT(type.price.value, 1'000 * type.vcpus) << name;
        if (type.gpus == 0) {
            EXPECT_LT(type.price.value, 300'000 * type.vcpus) << name;
        }
    }
}

TEST_F(Catalogue, ASizeIsThatType) {
    EXPECT_EQ(names({"c5.9xlarge"}), std::set<std::string>{"c5.9xlarge"});
    EXPECT_TRUE(names({}).empty());
}

TEST_F(Catalogue, AFamilyIsAllItsSizesAndNoOtherFamily) {
    EXPECT_EQ(names({"m4"}), (std::set<std::string>{"m4.large", "m4.xlarge", "m4.2xlarge",
                                                    "m4.4xlarge", "m4.10xlarge", "m4.16xlarge"}));
    EXPECT_FALSE(names({"c7i"}).contains("c7i-flex.large"));
    EXPECT_TRUE(names({"c7i-flex"}).contains("c7i-flex.large"));
}

TEST_F(Catalogue, BundlesAreTheFamiliesThatAwsDocuments) {
    const auto x86 = names({"m6i", "c6i", "r6i", "c7i"});
    EXPECT_EQ(names({"optimal"}), x86);
    EXPECT_EQ(names({"default_x86_64"}), x86);
    EXPECT_EQ(names({"default_arm64"}), names({"m6g", "c6g", "r6g", "c7g"}));
}

TEST_F(Catalogue, TheFirstMentionOfATypeCounts) {
    const auto expanded = catalogue.expand({"m5.xlarge", "m5"});
    ASSERT_TRUE(expanded);
    EXPECT_EQ(expanded->size(), names({"m5"}).size());
    for (const auto& [type, priority] : *expanded) {
        EXPECT_EQ(priority, type->name == "m5.xlarge" ? 0 : 1) << type->name;
    }
}

TEST_F(Catalogue, UnknownEntriesAreNamed) {
    EXPECT_EQ(refusal({"m5", "m5.huge"}),
              "instanceTypes: 'm5.huge' is neither an instance type that is known nor a family, "
              "nor optimal, "
              "default_x86_64 or default_arm64");
    for (const auto* entry : {"", "m", "m5.", ".large", "optimal.large", "M5"}) {
        EXPECT_NE(refusal({entry}), "") << entry;
    }
}

TEST_F(Catalogue, ArchitecturesDoNotMix) {
    EXPECT_EQ(refusal({"m5.large", "m6g.large"}),
              "instanceTypes must share one architecture, but m5.large is x86_64 and m6g.large is "
              "arm64");
}

TEST_F(Catalogue, TypesCanBeAddedAndReplaced) {
    catalogue.add({.name = "m5.large", .vcpus = 2, .memory = MiB{8000}, .price = MicroUsd{1}});
    EXPECT_EQ(catalogue.find("m5.large")->memory, MiB{8000});
    EXPECT_EQ(catalogue.find("m5.large")->price, MicroUsd{1});
    catalogue.add({.name = "m5.large", .vcpus = 2, .memory = MiB{8192}});
    EXPECT_EQ(catalogue.find("m5.large")->price, MicroUsd{1}) << "the known price stays";
    catalogue.add({.name = "q9.large", .vcpus = 2, .memory = MiB{8192}});
    EXPECT_EQ(catalogue.find("q9.large")->price, MicroUsd{98'000}) << "a guess, not free";
    EXPECT_EQ(names({"q9"}), std::set<std::string>{"q9.large"});
}

TEST_F(Catalogue, BareMetalComesOnlyByItsSize) {
    catalogue.add({.name = "m4.metal", .vcpus = 96, .memory = MiB{1024}});
    catalogue.add({.name = "m4.metal-24xl", .vcpus = 96, .memory = MiB{1024}});
    EXPECT_EQ(names({"m4"}).size(), 6U);
    EXPECT_EQ(names({"m4.metal-24xl"}).size(), 1U);
}

TEST_F(Catalogue, UsableMemoryIsLessThanNominalUnlessMeasured) {
    InstanceType type = *catalogue.find("m4.large");
    EXPECT_EQ(usable_resources(type).memory, MiB{7750});
    EXPECT_EQ(usable_resources(type).vcpu, vcpus(2));
    type.measured_memory = MiB{7985};
    catalogue.add(type);
    EXPECT_EQ(usable_resources(*catalogue.find("m4.large")).memory, MiB{7985});
    type.measured_memory.reset();
    catalogue.add(type);
    EXPECT_EQ(usable_resources(*catalogue.find("m4.large")).memory, MiB{7985}) << "stays known";
}

}  // namespace
}  // namespace batchd::model
